//! The committed list of mutants that survive and do no harm.
//!
//! A line is `file | mutant | number | reason`; lines that begin with `#` are comments. A mutant is described without its
//! place, so that code may move; the number says how many of this description survive in the file.

use std::collections::BTreeMap;
use std::path::Path;

use crate::steps::Failure;

/// The list.
pub const LIST: &str = "docs/harmless-mutants.txt";

/// How many mutants of a file and a description survive.
#[derive(Default)]
pub struct Harmless(BTreeMap<(String, String), usize>);

impl Harmless {
    pub fn read(path: &Path) -> Result<Self, Failure> {
        Self::parse(&std::fs::read_to_string(path).map_err(Failure::at(path))?)
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        let mut list = Self::default();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let failed = |what| Failure::new(format!("{LIST}, line {}: {what}: {line}", index + 1));
            let form = || failed("give: file | mutant | number | why it does no harm");
            // A mutant's description may hold the same sign.
            let (file, rest) = line.split_once(" | ").ok_or_else(form)?;
            let (rest, reason) = rest.rsplit_once(" | ").ok_or_else(form)?;
            let (mutant, number) = rest.rsplit_once(" | ").ok_or_else(form)?;
            let number = number.parse().ok().filter(|number| *number > 0 && !reason.is_empty()).ok_or_else(form)?;
            if list.0.insert((file.to_owned(), mutant.to_owned()), number).is_some() {
                return Err(failed("listed twice"));
            }
        }
        Ok(list)
    }

    /// How many mutants of a file are listed.
    pub fn count(&self, file: &str) -> usize {
        self.0.iter().filter(|((of, _), _)| of == file).map(|(_, number)| number).sum()
    }

    /// Survivors of a file that are not listed, and listed mutants that do not survive.
    pub fn compare(&self, file: &str, survivors: &[&str]) -> Vec<String> {
        let mut found = BTreeMap::<&str, usize>::new();
        for survivor in survivors {
            *found.entry(description(survivor)).or_default() += 1;
        }
        let mut differences = Vec::new();
        for (mutant, number) in &found {
            let listed = self.0.get(&(file.to_owned(), (*mutant).to_owned())).copied().unwrap_or(0);
            if *number > listed {
                let places: Vec<_> = survivors.iter().filter(|survivor| description(survivor) == *mutant).collect();
                differences.extend(places.iter().map(|place| format!("survives ({listed} listed): {place}")));
            }
        }
        for ((of, mutant), listed) in &self.0 {
            let number = found.get(mutant.as_str()).copied().unwrap_or(0);
            if of == file && number < *listed {
                differences.push(format!("listed {listed} times, survives {number} times: {file} | {mutant}"));
            }
        }
        differences
    }
}

/// A mutant without its file, line and column.
fn description(name: &str) -> &str {
    name.splitn(4, ':').nth(3).unwrap_or(name).trim_start()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const OR: &str = "replace | with ^ in f";
    const LIST: &str =
        "# why\n\na.rs | replace | with ^ in f | 2 | no bit is set in both\nb.rs | delete ! in g | 1 | as above\n";

    #[test]
    fn survivors_are_compared_by_their_description_and_number() {
        let list = Harmless::parse(LIST).ok().unwrap();
        assert_eq!((list.count("a.rs"), list.count("b.rs"), list.count("c.rs")), (2, 1, 0));
        let (first, second, third) = (format!("a.rs:1:2: {OR}"), format!("a.rs:30:4: {OR}"), format!("a.rs:5:6: {OR}"));
        assert!(list.compare("a.rs", &[&first, &second]).is_empty());
        assert_eq!(list.compare("a.rs", &[&first]), ["listed 2 times, survives 1 times: a.rs | replace | with ^ in f"]);
        assert_eq!(list.compare("a.rs", &[&first, &second, &third]).len(), 3);
        assert_eq!(
            list.compare("c.rs", &["c.rs:1:1: delete ! in g"]),
            ["survives (0 listed): c.rs:1:1: delete ! in g"]
        );
    }

    #[test]
    fn a_line_without_a_reason_or_twice_is_refused() {
        for line in ["a.rs | delete ! in f | 1 | ", "a.rs | delete ! in f | 0 | x", "a.rs | delete ! in f", "a"] {
            assert!(Harmless::parse(line).is_err(), "{line}");
        }
        assert!(Harmless::parse(&LIST.repeat(2)).is_err());
    }

    #[test]
    fn the_committed_list_is_read() {
        assert!(Harmless::read(&crate::workspace::root().join(super::LIST)).is_ok());
    }
}
