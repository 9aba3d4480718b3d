//! The scored items: windows of frames, one row per window.

use std::ops::Range;

use super::protocols::Fold;
use crate::dataset::{Dataset, Row, windows};

/// Windows of one length over the rows of a protocol's folds.
pub(super) struct Items {
    /// One row per window: that of its first frame, without values.
    pub dataset: Dataset,
    /// The folds; enrolment and probes hold indices of windows, training holds rows of the recordings.
    pub folds: Vec<Fold>,
    /// For each frame of each window, its row in the recordings.
    pub windows: Vec<Vec<usize>>,
}

impl Items {
    /// Cuts enrolment and probes of `folds` into windows of `length` rows of one scan, as [`windows()`] does.
    pub(super) fn cut(dataset: &Dataset, folds: &[Fold], length: usize) -> Self {
        let mut all = Vec::new();
        let mut part = |rows: &[usize]| -> Vec<usize> {
            let first = all.len();
            let windows = scans(dataset, rows).flat_map(|scan| windows(scan, length));
            all.extend(windows.map(|window| window.frames().map(|at| rows[at]).collect()));
            (first..all.len()).collect()
        };
        let folds = folds.iter().map(|fold| {
            let enrolment = part(&fold.enrolment);
            let probes = if fold.probes == fold.enrolment { enrolment.clone() } else { part(&fold.probes) };
            Fold { training: fold.training.clone(), enrolment, probes }
        });
        let folds = folds.collect();
        let rows: Vec<Row> = all.iter().map(|window: &Vec<usize>| dataset.rows[window[0]]).collect();
        let dataset = Dataset {
            origin: dataset.origin.clone(),
            labels: dataset.labels.clone(),
            sessions: dataset.sessions.clone(),
            features: dataset.features,
            rows,
            values: Vec::new(),
            notes: Vec::new(),
        };
        Self { dataset, folds, windows: all }
    }
}

/// Runs of `size` consecutive positions in `rows` of one scan; a scan shorter than `size` is one run, not repeated.
pub(super) fn runs(dataset: &Dataset, rows: &[usize], size: usize) -> Vec<Vec<usize>> {
    let windows = scans(dataset, rows).flat_map(|scan| windows(scan, size));
    windows.map(|window| window.rows.collect()).collect()
}

/// Positions in `rows` of each scan.
fn scans(dataset: &Dataset, rows: &[usize]) -> impl Iterator<Item = Range<usize>> {
    let scan = |row: usize| (dataset.rows[row].label, dataset.rows[row].session);
    let mut start = 0;
    rows.chunk_by(move |&a, &b| scan(a) == scan(b)).map(move |rows| {
        start += rows.len();
        start - rows.len()..start
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Synthetic;

    #[test]
    fn windows_stay_within_a_scan_and_leave_the_rest_out() {
        // Two scans of seven rows each.
        let dataset =
            Synthetic { classes: 2, timesteps: 7, features: 1, sessions: 1, noise: 1.0, seed: 1 }.recordings();
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

    #[test]
    fn a_scan_shorter_than_a_window_is_repeated_but_a_run_of_it_is_not() {
        let dataset =
            Synthetic { classes: 2, timesteps: 2, features: 1, sessions: 1, noise: 1.0, seed: 1 }.recordings();
        let all = vec![0, 1, 3];
        let folds = [Fold { training: all.clone(), enrolment: all.clone(), probes: all.clone() }];
        assert_eq!(Items::cut(&dataset, &folds, 3).windows, [[0, 1, 0], [3, 3, 3]]);
        assert_eq!(runs(&dataset, &all, 3), [vec![0, 1], vec![2]]);
    }
}
