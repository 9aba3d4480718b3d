//! Protocol `held-back`: the sessions that did not train a given model probe.

use std::collections::BTreeSet;

use super::protocol::{Fold, Lack, Protocol, SessionChoice, Split, TrainedOn};
use super::sessions::rows_of;
use crate::dataset::Dataset;

/// The sessions that did not train a given model probe, and those that did are enrolled.
pub(super) struct HeldBack;

impl Protocol for HeldBack {
    fn name(&self) -> &'static str {
        "held-back"
    }

    fn heading(&self) -> &'static str {
        "Held-back sessions"
    }

    fn question(&self) -> &'static str {
        "Does this model recognise its labels in sessions that did not train it?"
    }

    fn help(&self) -> &'static str {
        "Sessions that did not train a given model probe"
    }

    fn trains(&self) -> bool {
        false
    }

    fn split(&self, dataset: &Dataset, choice: &SessionChoice, _: u64) -> Result<Split, Lack> {
        let Some(trained) = &choice.trained else { return Err(Lack::Other("a given model".to_owned())) };
        let Parts { enrolment, probes } = parts(dataset, choice, trained)?;
        let training: Vec<usize> = (0..dataset.rows.len()).filter(|&row| trained.may_hold(dataset, row)).collect();
        let fold = Fold { training, enrolment: rows_of(dataset, &enrolment), probes: rows_of(dataset, &probes) };
        let known = match (trained.labels.as_slice(), trained.sessions.as_slice()) {
            ([], _) => "the model does not name what trained it".to_owned(),
            (_, []) => "recordings without named sessions trained the model".to_owned(),
            (_, sessions) => format!("sessions {} trained the model", sessions.join(" ")),
        };
        let used = match enrolment == probes {
            true => "every frame is enrolled and probes".to_owned(),
            false => format!("{} are enrolled, {} probe", enrolment.join(" "), probes.join(" ")),
        };
        let new = trained.unknown_labels(dataset);
        let new = if new.is_empty() { String::new() } else { format!("; labels {} did not train it", new.join(", ")) };
        Ok(Split {
            description: format!("{known}, {used}{new}"),
            leaks: leak(dataset, &fold, trained),
            folds: vec![fold],
        })
    }
}

/// Sessions that are enrolled, and that probe.
struct Parts {
    enrolment: Vec<String>,
    probes: Vec<String>,
}

/// Those named; else the sessions without a row that trained the model probe, and the others are enrolled.
fn parts(dataset: &Dataset, choice: &SessionChoice, trained: &TrainedOn) -> Result<Parts, Lack> {
    if !choice.training.is_empty() {
        return Err(Lack::Other("no sessions named for training: the model is trained".to_owned()));
    }
    if let Some(name) = choice.enrolment.iter().find(|name| choice.probes.contains(name)) {
        return Err(Lack::Other(format!("different sessions for enrolment and probes; {name} is in both")));
    }
    let used: BTreeSet<u32> = (0..dataset.rows.len())
        .filter(|&row| trained.may_hold(dataset, row))
        .map(|row| dataset.rows[row].session)
        .collect();
    let sessions = || (0..).zip(&dataset.sessions);
    let except = |left_out: &[String]| -> Vec<String> {
        dataset.sessions.iter().filter(|name| !left_out.contains(name)).cloned().collect()
    };
    let held_back: Vec<String> =
        sessions().filter(|(number, _)| !used.contains(number)).map(|(_, name)| name.clone()).collect();
    match (choice.enrolment.as_slice(), choice.probes.as_slice()) {
        ([], []) if !held_back.is_empty() && !used.is_empty() => {
            Ok(Parts { enrolment: except(&held_back), probes: held_back })
        }
        // Everything trained the model.
        ([], []) if held_back.is_empty() && names_sessions(dataset, trained) => {
            Ok(Parts { enrolment: dataset.sessions.clone(), probes: dataset.sessions.clone() })
        }
        // None of it did, or nobody knows: then the last third probes.
        ([], []) => match dataset.sessions.len() {
            0 | 1 => Err(Lack::Other(
                "two sessions, one to enrol and one to probe, or those that trained the model".to_owned(),
            )),
            count => {
                let (enrolment, probes) = dataset.sessions.split_at(count - (count / 3).max(1));
                Ok(Parts { enrolment: enrolment.to_vec(), probes: probes.to_vec() })
            }
        },
        (enrolment, []) => {
            let probes: Vec<String> = held_back.into_iter().filter(|name| !enrolment.contains(name)).collect();
            let probes = if probes.is_empty() { except(enrolment) } else { probes };
            Ok(Parts { enrolment: enrolment.to_vec(), probes })
        }
        ([], probes) => Ok(Parts { enrolment: except(probes), probes: probes.to_vec() }),
        (enrolment, probes) => Ok(Parts { enrolment: enrolment.to_vec(), probes: probes.to_vec() }),
    }
}

/// Whether the model says which of these sessions trained it.
///
/// Recordings without named sessions have one of no name; those of named sessions may be the same in another form.
fn names_sessions(dataset: &Dataset, trained: &TrainedOn) -> bool {
    let unnamed = dataset.sessions.iter().all(String::is_empty);
    !trained.labels.is_empty() && (unnamed || !trained.sessions.is_empty())
}

/// Why the probes are not independent of what trained the model.
fn leak(dataset: &Dataset, fold: &Fold, trained: &TrainedOn) -> Option<String> {
    // The rows of a part are in ascending order.
    let probing = fold.probes.iter().filter(|row| fold.training.binary_search(row).is_ok());
    let sessions: BTreeSet<u32> = probing.map(|&row| dataset.rows[row].session).collect();
    if sessions.is_empty() {
        return None;
    }
    let names: Vec<&str> = sessions.iter().map(|&session| dataset.sessions[session as usize].as_str()).collect();
    Some(match (names_sessions(dataset, trained), names.as_slice()) {
        (false, _) => "the model does not name the sessions that trained it, and these may be among them".to_owned(),
        (true, [""]) => "it scores what it was trained on".to_owned(),
        (true, names) => format!("sessions {} trained the model, and probe", names.join(" ")),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dataset::Synthetic;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|&name| name.to_owned()).collect()
    }

    /// Three labels in four sessions of two frames.
    fn dataset() -> Dataset {
        Synthetic { classes: 3, timesteps: 2, features: 3, sessions: 4, noise: 0.5, seed: 1 }.recordings()
    }

    fn split(labels: &[&str], sessions: &[&str], named: [&[&str]; 2]) -> Result<Split, Lack> {
        let trained = TrainedOn { labels: names(labels), sessions: names(sessions) };
        let [enrolment, probes] = named.map(names);
        let choice = SessionChoice { trained: Some(trained), enrolment, probes, ..SessionChoice::default() };
        HeldBack.split(&dataset(), &choice, 0)
    }

    fn sessions(rows: &[usize]) -> Vec<String> {
        let dataset = dataset();
        let numbers: BTreeSet<u32> = rows.iter().map(|&row| dataset.rows[row].session).collect();
        numbers.into_iter().map(|number| dataset.sessions[number as usize].clone()).collect()
    }

    const ALL: [&str; 3] = ["class00", "class01", "class02"];

    #[test]
    fn sessions_that_did_not_train_the_model_probe_and_the_others_are_enrolled() {
        let found = split(&ALL, &["run00", "run01"], [&[], &[]]).unwrap();
        let fold = &found.folds[0];
        assert_eq!(
            (sessions(&fold.enrolment), sessions(&fold.probes)),
            (names(&["run00", "run01"]), names(&["run02", "run03"]))
        );
        assert_eq!((fold.training.len(), found.leaks), (12, None));
        let chosen = split(&ALL, &["run00", "run01"], [&["run02"], &[]]).unwrap();
        assert_eq!((sessions(&chosen.folds[0].probes), chosen.leaks), (names(&["run03"]), None));
    }

    #[test]
    fn a_session_that_trained_the_model_and_probes_is_named() {
        let leaks = |found: Split| found.leaks.unwrap();
        assert_eq!(
            leaks(split(&ALL, &["run00", "run01"], [&["run02"], &["run01", "run03"]]).unwrap()),
            "sessions run01 trained the model, and probe"
        );
        let all = split(&ALL, &["run00", "run01", "run02", "run03"], [&[], &[]]).unwrap();
        assert!(all.description.contains("every frame is enrolled and probes"), "{}", all.description);
        assert!(leaks(all).contains("run00 run01 run02 run03 trained the model"));
        assert!(leaks(split(&[], &[], [&[], &[]]).unwrap()).contains("may be among them"));
        // Recordings without named sessions trained it.
        assert!(leaks(split(&ALL, &[], [&[], &[]]).unwrap()).contains("may be among them"));
    }

    #[test]
    fn labels_that_never_trained_the_model_leak_in_no_session_and_are_named() {
        let new = split(&["ada", "bob"], &["run00", "run01"], [&[], &[]]).unwrap();
        assert_eq!((new.leaks, new.folds[0].training.len()), (None, 0));
        assert!(new.description.ends_with("labels class00, class01, class02 did not train it"), "{}", new.description);
        assert_eq!(sessions(&new.folds[0].probes), names(&["run03"]));
        let some = split(&["class00", "class01"], &["run00"], [&[], &[]]).unwrap();
        assert!(some.description.ends_with("labels class02 did not train it"), "{}", some.description);
    }

    #[test]
    fn a_session_has_one_part() {
        assert!(
            split(&ALL, &["run00"], [&["run02"], &["run02"]]).unwrap_err().to_string().contains("run02 is in both")
        );
    }
}
