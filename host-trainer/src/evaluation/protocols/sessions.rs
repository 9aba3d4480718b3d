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

/// The split by sessions as named, or by the first half that trains and a rest that is enrolled and probes in equal parts.
///
/// With `other_labels` enrolled than train, training and enrolment may come from the same sessions, and do unless sessions
/// are named: the last third probes.
pub(super) fn sessions(dataset: &Dataset, choice: &SessionChoice, other_labels: bool) -> Result<Split, Lack> {
    let parts = parts(dataset, choice, other_labels)?;
    let [training, enrolment, probes] = parts.clone().map(|names| rows_of(dataset, &names));
    let [t, e, p] = parts.map(|names| names.join(" "));
    Ok(Split {
        description: format!("sessions {t} train, {e} are enrolled, {p} probe"),
        leaks: None,
        folds: vec![Fold { training, enrolment, probes }],
    })
}

/// The sessions that train, are enrolled and probe.
fn parts(dataset: &Dataset, choice: &SessionChoice, other_labels: bool) -> Result<[Vec<String>; 3], Lack> {
    let all = &dataset.sessions;
    let named = choice.parts();
    if !choice.names_any() {
        if all.len() < 3 {
            return Err(Lack::Sessions { found: all.len() });
        }
        if other_labels {
            let known = all[..all.len() - all.len() / 3].to_vec();
            return Ok([known.clone(), known, all[all.len() - all.len() / 3..].to_vec()]);
        }
        let training = all.len().div_ceil(2).min(all.len() - 2);
        let enrolment = training + (all.len() - training) / 2;
        return Ok([all[..training].to_vec(), all[training..enrolment].to_vec(), all[enrolment..].to_vec()]);
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
    Ok(named.map(Clone::clone))
}

/// The rows of these sessions.
pub(super) fn rows_of(dataset: &Dataset, sessions: &[String]) -> Vec<usize> {
    let wanted = |row: &usize| sessions.contains(&dataset.sessions[dataset.rows[*row].session as usize]);
    (0..dataset.rows.len()).filter(wanted).collect()
}
