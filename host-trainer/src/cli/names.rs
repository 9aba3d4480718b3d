//! Labels and sessions as options name them.

use std::convert::Infallible;

use super::console::list;
use super::failure::Failure;
use crate::dataset::{Dataset, DatasetError, tidy};

/// Parses a name as recordings hold it, for clap: without white space around it, in Unicode's composed form.
pub fn name(text: &str) -> Result<String, Infallible> {
    Ok(tidy(text).into_owned())
}

/// The sessions that the values of a repeatable option name, each once, in the order given; none without a value.
///
/// A value that is a session's name is that session. Any other is a list as in a line of CSV: separated by commas, with
/// names that hold a comma in double quotes.
pub fn sessions(values: &[String], dataset: &Dataset) -> Result<Vec<String>, Failure> {
    chosen("session", values, &dataset.sessions, dataset)
}

/// The labels that the values of a repeatable option name, as [`sessions`].
pub fn labels(values: &[String], dataset: &Dataset) -> Result<Vec<String>, Failure> {
    chosen("label", values, &dataset.labels, dataset)
}

fn chosen(kind: &'static str, values: &[String], found: &[String], dataset: &Dataset) -> Result<Vec<String>, Failure> {
    let mut chosen = Vec::new();
    for value in values {
        let whole = tidy(value).into_owned();
        let names = if found.contains(&whole) { vec![whole] } else { split(value) };
        for name in names {
            let name = tidy(&name).into_owned();
            known(kind, &name, found, dataset)?;
            if !chosen.contains(&name) {
                chosen.push(name);
            }
        }
    }
    Ok(chosen)
}

/// Refuses a label that the recordings do not have, and lists theirs.
pub fn check_label(label: &str, dataset: &Dataset) -> Result<(), Failure> {
    known("label", label, &dataset.labels, dataset)
}

/// Refuses a session that the recordings do not have, and lists theirs.
pub fn check_session(session: &str, dataset: &Dataset) -> Result<(), Failure> {
    known("session", session, &dataset.sessions, dataset)
}

/// The sessions in which a label was recorded, for a message.
pub fn sessions_of(dataset: &Dataset, label: &str) -> String {
    let mut scans = dataset.scans();
    scans.retain(|scan| dataset.labels[scan.label as usize] == label);
    list(&scans.iter().map(|scan| &dataset.sessions[scan.session as usize]).collect::<Vec<_>>())
}

fn known(kind: &'static str, name: &str, found: &[String], dataset: &Dataset) -> Result<(), Failure> {
    if found.iter().any(|known| known == name) {
        return Ok(());
    }
    let (file, name, found) = (dataset.origin.clone(), name.to_owned(), found.to_vec());
    Err(DatasetError::UnknownName { file, kind, name, found }.into())
}

/// The names of a list, without white space around them; a quote in a quoted name is written twice.
fn split(list: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = list;
    loop {
        let mut name = String::new();
        if let Some(mut quoted) = rest.trim_start().strip_prefix('"') {
            while let Some((part, after)) = quoted.split_once('"') {
                name.push_str(part);
                quoted = after;
                match after.strip_prefix('"') {
                    Some(after) => {
                        name.push('"');
                        quoted = after;
                    }
                    None => break,
                }
            }
            rest = quoted;
        }
        let (end, after) = rest.split_once(',').map_or((rest, None), |(end, after)| (end, Some(after)));
        name.push_str(end.trim());
        names.push(name);
        match after {
            Some(after) => rest = after,
            None => return names,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dataset::Synthetic;

    fn with_sessions(names: [&str; 4]) -> Dataset {
        let mut dataset =
            Synthetic { classes: 2, timesteps: 1, features: 2, sessions: 4, noise: 1.0, seed: 1 }.recordings();
        dataset.sessions = names.map(str::to_owned).to_vec();
        dataset
    }

    fn chosen_sessions(names: [&str; 4], values: &[&str]) -> Result<Vec<String>, String> {
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        sessions(&values, &with_sessions(names)).map_err(|failure| failure.to_string())
    }

    #[test]
    fn names_with_commas_are_chosen_whole_quoted_or_one_by_one() {
        let names = ["run 1, visit A", "run 2, visit A", "say \"so\", b", "run 3"];
        for values in [
            &["run 1, visit A", "run 3"][..],
            &["\"run 1, visit A\",run 3"],
            &["\"run 1, visit A\" , run 3"],
            &["run 1, visit A,run 3"; 0],
        ] {
            let expected: &[&str] = if values.is_empty() { &[] } else { &["run 1, visit A", "run 3"] };
            assert_eq!(chosen_sessions(names, values).unwrap(), expected, "{values:?}");
        }
        assert_eq!(chosen_sessions(names, &["run 3, \"say \"\"so\"\", b\""]).unwrap(), ["run 3", "say \"so\", b"]);
    }

    #[test]
    fn a_name_wins_over_the_list_that_it_could_be() {
        let names = ["a", "b", "a,b", "\"a\""];
        assert_eq!(chosen_sessions(names, &["a,b"]).unwrap(), ["a,b"]);
        assert_eq!(chosen_sessions(names, &["b,a", "a"]).unwrap(), ["b", "a"]);
        assert_eq!(chosen_sessions(names, &["\"a\""]).unwrap(), ["\"a\""]);
    }

    #[test]
    fn a_name_that_is_not_there_is_refused_with_those_that_are() {
        let refused = chosen_sessions(["a", "b", "c", "d"], &["a,e"]).unwrap_err();
        assert!(refused.ends_with("no session `e`; there are `a`, `b`, `c`, `d`"), "{refused}");
        assert!(chosen_sessions(["a", "b", "c", "d"], &["a,,b"]).is_err());
    }
}
