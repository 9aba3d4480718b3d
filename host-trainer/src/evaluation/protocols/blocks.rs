//! Protocol `blocks`: the beginning of each recording trains and is enrolled, its end probes, with a gap between.

use std::ops::Range;

use super::protocol::{Fold, Lack, Protocol, SessionChoice, Split};
use crate::dataset::{Dataset, Scan};

/// Share of a recording's frames left out between what trains and what probes.
const GAP: f64 = 0.1;

/// The beginning of each recording trains and is enrolled, its end probes, with a gap between.
pub(super) struct Blocks;

impl Protocol for Blocks {
    fn name(&self) -> &'static str {
        "blocks"
    }

    fn heading(&self) -> &'static str {
        "Time blocks"
    }

    fn question(&self) -> &'static str {
        "Is a label recognised later in the same recording?"
    }

    fn help(&self) -> &'static str {
        "The end of each recording probes, after a gap"
    }

    fn split(&self, dataset: &Dataset, _: &SessionChoice, _: u64) -> Result<Split, Lack> {
        Ok(blocks(dataset))
    }
}

/// The split, which every recording has.
pub(super) fn blocks(dataset: &Dataset) -> Split {
    let mut fold = Fold::default();
    for scan in dataset.scans() {
        let (before, after) = halves_with_gap(&scan);
        fold.enrolment.extend(before);
        fold.probes.extend(after);
    }
    fold.training.clone_from(&fold.enrolment);
    Split {
        description: format!(
            "the beginning of each recording trains and is enrolled, its end probes, {:.0} % of it between them left out",
            GAP * 100.0
        ),
        leaks: None,
        folds: vec![fold],
    }
}

/// The rows before and after a gap of at least one frame in the middle.
fn halves_with_gap(scan: &Scan) -> (Range<usize>, Range<usize>) {
    let length = scan.rows.len();
    let gap = ((length as f64 * GAP).round() as usize).max(1).min(length);
    let before = (length - gap).div_ceil(2);
    (scan.rows.start..scan.rows.start + before, scan.rows.start + before + gap..scan.rows.end)
}
