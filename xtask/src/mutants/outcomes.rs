//! What became of each mutant of a file, over all runs.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use crate::steps::Failure;

/// The lists of a run of cargo-mutants.
const LISTS: [(&str, Outcome); 4] = [
    ("missed.txt", Outcome::Missed),
    ("caught.txt", Outcome::Caught),
    ("timeout.txt", Outcome::TimedOut),
    ("unviable.txt", Outcome::Unviable),
];

/// What became of a mutant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// No test failed.
    Missed,
    Caught,
    /// A test did not end, which counts as caught.
    TimedOut,
    /// It does not compile, so that nobody could write it; it counts for nothing.
    Unviable,
}

/// What became of each mutant of a file; a later run overrides an earlier one.
#[derive(Default)]
pub struct Outcomes(BTreeMap<String, Outcome>);

/// How many mutants met which end.
#[derive(Default)]
pub struct Score {
    unviable: usize,
    caught: usize,
    timed_out: usize,
    missed: usize,
    harmless: usize,
}

impl Outcomes {
    /// Reads what the runs of a file have left in its folder.
    pub fn read(folder: &Path) -> Result<Self, Failure> {
        let mut outcomes = Self::default();
        for run in ["earlier", "mutants.out"] {
            for (list, outcome) in LISTS {
                let path = folder.join(run).join(list);
                match fs::read_to_string(&path) {
                    Ok(names) => outcomes.0.extend(names.lines().map(|name| (name.to_owned(), outcome))),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(Failure::at(&path)(error)),
                }
            }
        }
        Ok(outcomes)
    }

    /// Keeps the outcomes of the latest run beside those of earlier ones, as the next run replaces its lists.
    pub fn take_in(folder: &Path) -> Result<(), Failure> {
        let outcomes = Self::read(folder)?;
        let earlier = folder.join("earlier");
        fs::create_dir_all(&earlier).map_err(Failure::at(&earlier))?;
        for (list, outcome) in LISTS {
            let path = earlier.join(list);
            let names = outcomes.0.iter().filter(|(_, found)| **found == outcome);
            let text: String = names.map(|(name, _)| format!("{name}\n")).collect();
            fs::write(&path, text).map_err(Failure::at(&path))?;
        }
        Ok(())
    }

    /// The mutants that were not tried.
    pub fn lack<'m>(&self, mutants: &'m [String]) -> Vec<&'m String> {
        mutants.iter().filter(|name| !self.0.contains_key(*name)).collect()
    }

    /// The mutants that no test noticed.
    pub fn survivors<'m>(&self, mutants: &'m [String]) -> Vec<&'m str> {
        let names = mutants.iter().filter(|name| self.0.get(*name) == Some(&Outcome::Missed));
        names.map(String::as_str).collect()
    }

    /// The score of those mutants that were tried.
    pub fn score(&self, mutants: &[String], harmless: usize) -> Score {
        let count = |outcome| mutants.iter().filter(|name| self.0.get(*name) == Some(&outcome)).count();
        Score {
            unviable: count(Outcome::Unviable),
            caught: count(Outcome::Caught),
            timed_out: count(Outcome::TimedOut),
            missed: count(Outcome::Missed),
            harmless,
        }
    }
}

impl Score {
    pub fn add(&mut self, other: &Self) {
        self.unviable += other.unviable;
        self.caught += other.caught;
        self.timed_out += other.timed_out;
        self.missed += other.missed;
        self.harmless += other.harmless;
    }
}

impl fmt::Display for Score {
    /// The rest of a row of the table: the share of viable mutants that were caught, and of those that are not harmless.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { unviable, caught, timed_out, missed, harmless } = self;
        let noticed = caught + timed_out;
        let share =
            |of: usize| if of == 0 { "-".to_owned() } else { format!("{:.1} %", 100.0 * noticed as f64 / of as f64) };
        let (viable, all) = (noticed + missed, noticed + missed + unviable);
        let harmful = viable - harmless.min(missed);
        write!(
            f,
            "| {all} | {unviable} | {caught} | {timed_out} | {missed} | {harmless} | {} | {} |",
            share(viable),
            share(harmful)
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_later_run_overrides_an_earlier_one_and_the_rest_is_kept() {
        let folder = std::env::temp_dir().join(format!("mutants-{}", std::process::id()));
        let write = |run: &str, list: &str, names: &str| {
            fs::create_dir_all(folder.join(run)).unwrap();
            fs::write(folder.join(run).join(list), names).unwrap();
        };
        write("mutants.out", "missed.txt", "a\nb\n");
        write("mutants.out", "unviable.txt", "c\n");
        Outcomes::take_in(&folder).ok().unwrap();
        fs::remove_dir_all(folder.join("mutants.out")).unwrap();
        write("mutants.out", "caught.txt", "a\n");
        write("mutants.out", "missed.txt", "b\n");
        let outcomes = Outcomes::read(&folder).ok().unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(outcomes.lack(&names("a b c d")), ["d"]);
        assert_eq!(outcomes.survivors(&names("a b c d")), ["b"]);
        assert_eq!(outcomes.score(&names("a b c d"), 0).to_string(), "| 3 | 1 | 1 | 0 | 1 | 0 | 50.0 % | 50.0 % |");
    }

    #[test]
    fn mutants_that_time_out_count_as_caught_and_those_that_do_not_compile_for_nothing() {
        let score = Score { unviable: 5, caught: 18, timed_out: 1, missed: 1, harmless: 1 };
        assert_eq!(score.to_string(), "| 25 | 5 | 18 | 1 | 1 | 1 | 95.0 % | 100.0 % |");
        assert_eq!(Score::default().to_string(), "| 0 | 0 | 0 | 0 | 0 | 0 | - | - |");
    }
}
