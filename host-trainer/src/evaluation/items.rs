//! What is scored: windows of frames, each a row of its own.

use super::protocols::Fold;
use crate::dataset::{Dataset, Row};

/// Windows of one length over the rows of a protocol's folds.
pub(super) struct Items {
    /// One row a window: that of its first frame. It has no values.
    pub dataset: Dataset,
    /// The folds; enrolment and probes are numbers of windows, training stays rows of the recordings.
    pub folds: Vec<Fold>,
    /// The rows of the recordings that each window holds.
    pub windows: Vec<Vec<usize>>,
}

impl Items {
    /// Cuts enrolment and probes of `folds` into windows of `length` consecutive rows of one scan.
    ///
    /// A scan shorter than a window is one; rows left over after the last whole window are dropped.
    pub(super) fn cut(dataset: &Dataset, folds: &[Fold], length: usize) -> Self {
        let mut windows = Vec::new();
        let mut part = |rows: &[usize]| -> Vec<usize> {
            let first = windows.len();
            windows.extend(runs(dataset, rows, length).iter().map(|run| run.iter().map(|&at| rows[at]).collect()));
            (first..windows.len()).collect()
        };
        let folds = folds.iter().map(|fold| {
            let enrolment = part(&fold.enrolment);
            let probes = if fold.probes == fold.enrolment { enrolment.clone() } else { part(&fold.probes) };
            Fold { training: fold.training.clone(), enrolment, probes }
        });
        let folds = folds.collect();
        let rows: Vec<Row> = windows.iter().map(|window: &Vec<usize>| dataset.rows[window[0]]).collect();
        let dataset = Dataset {
            origin: dataset.origin.clone(),
            labels: dataset.labels.clone(),
            sessions: dataset.sessions.clone(),
            features: dataset.features,
            rows,
            values: Vec::new(),
            notes: Vec::new(),
        };
        Self { dataset, folds, windows }
    }
}

/// Runs of `size` consecutive positions in `rows` of one scan; a scan shorter than `size` is one run.
pub(super) fn runs(dataset: &Dataset, rows: &[usize], size: usize) -> Vec<Vec<usize>> {
    let positions: Vec<usize> = (0..rows.len()).collect();
    let scan = |at: usize| (dataset.rows[rows[at]].label, dataset.rows[rows[at]].session);
    let mut list = Vec::new();
    for scan in positions.chunk_by(|&a, &b| scan(a) == scan(b)) {
        if scan.len() < size {
            list.push(scan.to_vec());
        } else {
            list.extend(scan.chunks_exact(size).map(<[usize]>::to_vec));
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::synth;

    #[test]
    fn windows_stay_within_a_scan_and_leave_the_rest_out() {
        // Two scans of seven rows each.
        let dataset = synth(2, 7, 1, 1, 1.0, 1);
        let all: Vec<usize> = (0..14).collect();
        let folds = [Fold { training: all.clone(), enrolment: all.clone(), probes: all[2..].to_vec() }];
        let items = Items::cut(&dataset, &folds, 3);
        let at = |part: &[usize]| part.iter().map(|&item| items.windows[item].clone()).collect::<Vec<_>>();
        assert_eq!(at(&items.folds[0].enrolment), [[0, 1, 2], [3, 4, 5], [7, 8, 9], [10, 11, 12]]);
        assert_eq!(at(&items.folds[0].probes), [[2, 3, 4], [7, 8, 9], [10, 11, 12]]);
        assert_eq!(items.dataset.rows[3], dataset.rows[10]);
        assert_eq!(items.folds[0].training, all);
        assert_eq!(Items::cut(&dataset, &folds, 9).windows.len(), 4);
    }
}
