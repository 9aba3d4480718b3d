//! Protocol `folds`: a third of the sessions probes in turn, the others train and are enrolled.

use super::protocol::{Fold, Lack, Protocol, SessionChoice, Split};
use super::sessions::rows_of;
use crate::dataset::Dataset;

/// Parts that the sessions are divided into.
const FOLDS: usize = 3;

/// A third of the sessions probes in turn, the others train and are enrolled.
pub(super) struct Folds;

impl Protocol for Folds {
    fn name(&self) -> &'static str {
        "folds"
    }

    fn heading(&self) -> &'static str {
        "Sessions in turn"
    }

    fn question(&self) -> &'static str {
        "Is a label recognised in sessions that were held back?"
    }

    fn help(&self) -> &'static str {
        "A third of the sessions probes in turn, the others train and are enrolled"
    }

    fn split(&self, dataset: &Dataset, _: &SessionChoice, _: u64) -> Result<Split, Lack> {
        let all = &dataset.sessions;
        if all.len() < FOLDS {
            return Err(Lack::Sessions { found: all.len() });
        }
        let mut names = Vec::new();
        let folds = (0..FOLDS).map(|fold| {
            let probes = &all[fold * all.len() / FOLDS..(fold + 1) * all.len() / FOLDS];
            names.push(probes.join(" "));
            let others: Vec<String> = all.iter().filter(|name| !probes.contains(name)).cloned().collect();
            let training = rows_of(dataset, &others);
            Fold { enrolment: training.clone(), training, probes: rows_of(dataset, probes) }
        });
        let folds = folds.collect();
        let description = format!("sessions {} probe in turn, the others train and are enrolled", names.join(" | "));
        Ok(Split { description, leaks: None, folds })
    }
}
