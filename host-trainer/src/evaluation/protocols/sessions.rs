//! Protocol `sessions`: training, enrolment and probes come from different sessions.

use super::protocol::{Fold, Lack, Protocol, SessionChoice, Split};
use crate::dataset::Dataset;

/// Training, enrolment and probes come from different sessions.
pub(super) struct Sessions;

impl Protocol for Sessions {
    fn name(&self) -> &'static str {
        "sessions"
    }

    fn heading(&self) -> &'static str {
        "Disjoint sessions"
    }

    fn question(&self) -> &'static str {
        "Is a label recognised in new sessions?"
    }

    fn help(&self) -> &'static str {
        "Different sessions train, are enrolled and probe"
    }

    fn split(&self, dataset: &Dataset, choice: &SessionChoice, _: u64) -> Result<Split, Lack> {
        sessions(dataset, choice, false)
    }

    fn sweeps_training_sessions(&self) -> bool {
        true
    }
}

/// The split by the named sessions, or by default: half for training, the rest in equal parts for
/// enrolment and probes.
///
/// With `other_labels` (enrolled labels that differ from the training labels), training and enrolment may share
/// sessions. By default they share the first two thirds, and the last third is for probes.
pub(super) fn sessions(dataset: &Dataset, choice: &SessionChoice, other_labels: bool) -> Result<Split, Lack> {
    let SessionChoice { training, enrolment, probes, .. } = parts(dataset, choice, other_labels)?;
    Ok(Split {
        description: format!(
            "sessions {} train, {} are enrolled, {} probe",
            training.join(" "),
            enrolment.join(" "),
            probes.join(" ")
        ),
        leaks: None,
        folds: vec![Fold {
            training: rows_of(dataset, &training),
            enrolment: rows_of(dataset, &enrolment),
            probes: rows_of(dataset, &probes),
        }],
    })
}

/// The sessions that train, are enrolled and probe.
fn parts(dataset: &Dataset, choice: &SessionChoice, other_labels: bool) -> Result<SessionChoice, Lack> {
    let all = &dataset.sessions;
    let named = choice.parts();
    if !choice.names_any() {
        return chosen_parts(all, other_labels);
    }
    if named.iter().any(|list| list.is_empty()) {
        return Err(Lack::SessionNames);
    }
    if let Some(unknown) = named.into_iter().flatten().find(|name| !all.contains(name)) {
        let text = format!("sessions that are there; {unknown} is not among {}", all.join(", "));
        return Err(Lack::Other(text));
    }
    let twice = |n: &&String| (choice.enrolment.contains(n) && !other_labels) || choice.probes.contains(n);
    let twice = choice.training.iter().find(twice);
    if let Some(name) = twice.or_else(|| choice.enrolment.iter().find(|n| choice.probes.contains(n))) {
        return Err(Lack::Other(format!("different sessions for each part; {name} is in two")));
    }
    Ok(choice.clone())
}

/// The default parts, when no session is named.
fn chosen_parts(all: &[String], other_labels: bool) -> Result<SessionChoice, Lack> {
    if all.len() < 3 {
        return Err(Lack::Sessions { found: all.len() });
    }
    let choice = |training: &[String], enrolment: &[String], probes: &[String]| SessionChoice {
        training: training.to_vec(),
        enrolment: enrolment.to_vec(),
        probes: probes.to_vec(),
        ..SessionChoice::default()
    };
    if other_labels {
        let (known, probes) = all.split_at(all.len() - all.len() / 3);
        return Ok(choice(known, known, probes));
    }
    let (training, rest) = all.split_at(all.len().div_ceil(2).min(all.len() - 2));
    let (enrolment, probes) = rest.split_at(rest.len() / 2);
    Ok(choice(training, enrolment, probes))
}

/// The rows of these sessions.
pub(super) fn rows_of(dataset: &Dataset, sessions: &[String]) -> Vec<usize> {
    let wanted = |row: &usize| sessions.contains(&dataset.sessions[dataset.rows[*row].session as usize]);
    (0..dataset.rows.len()).filter(wanted).collect()
}
