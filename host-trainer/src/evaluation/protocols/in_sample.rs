//! Protocol `in-sample`: everything trains, is enrolled and probes, as the reference scores itself.

use super::protocol::{Fold, Lack, Protocol, SessionChoice, Split};
use crate::dataset::Dataset;

/// Everything trains, is enrolled and probes, as the reference scores itself.
pub(super) struct InSample;

impl Protocol for InSample {
    fn name(&self) -> &'static str {
        "in-sample"
    }

    fn heading(&self) -> &'static str {
        "In sample"
    }

    fn question(&self) -> &'static str {
        "Is a label recognised in the frames that trained the model?"
    }

    fn help(&self) -> &'static str {
        "Everything trains and probes, as the reference scores itself (leaks)"
    }

    fn split(&self, dataset: &Dataset, _: &SessionChoice, _: u64) -> Result<Split, Lack> {
        let all: Vec<usize> = (0..dataset.rows.len()).collect();
        Ok(Split {
            description: "every frame trains, is enrolled and probes".to_owned(),
            leaks: Some("it scores what it was trained on".to_owned()),
            folds: vec![Fold { training: all.clone(), enrolment: all.clone(), probes: all }],
        })
    }
}
