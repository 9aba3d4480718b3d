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
    /// Frames of enrolment and probes.
    frames: usize,
    /// Those outside whole windows.
    left_out: usize,
    /// Windows of scans without a run as long.
    repeated: usize,
}

impl Items {
    /// Cuts enrolment and probes of `folds` into windows of `length` rows, within the runs of a scan as [`windows()`] does.
    pub(super) fn cut(dataset: &Dataset, folds: &[Fold], length: usize) -> Self {
        let mut all = Vec::new();
        let (mut frames, mut left_out, mut repeated) = (0, 0, 0);
        let mut part = |rows: &[usize]| -> Vec<usize> {
            let first = all.len();
            for scan in scans(dataset, rows) {
                let windows = windows(&runs(dataset, rows, scan.clone()), length);
                frames += scan.len();
                repeated += windows.iter().filter(|window| window.rows.len() < length).count();
                left_out += scan.len() - windows.iter().map(|window| window.rows.len()).sum::<usize>();
                all.extend(windows.iter().map(|window| window.frames().map(|at| rows[at]).collect()));
            }
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
        Self { dataset, folds, windows: all, frames, left_out, repeated }
    }

    /// Notes on the frames that windows of `length` leave out, and on windows that repeat frames.
    pub(super) fn notes(&self, protocol: &str, length: usize) -> Vec<String> {
        let Self { frames, left_out, repeated, windows, .. } = self;
        let mut notes = Vec::new();
        if *left_out > 0 {
            let of = format!("{left_out} of {frames} frames");
            notes.push(format!("{protocol}: {of} are outside whole windows of {length} and left out"));
        }
        if *repeated > 0 {
            let of = format!("{repeated} of {} windows", windows.len());
            notes.push(format!("{protocol}: {of} repeat the frames of a scan without {length} consecutive ones"));
        }
        notes
    }
}

/// Groups of `size` consecutive positions in `rows` of one scan; a scan shorter than `size` is one group, not repeated.
///
/// What is scored of a group is a mean over its rows, as a scan's embedding is over its windows, so it may have gaps.
pub(super) fn groups(dataset: &Dataset, rows: &[usize], size: usize) -> Vec<Vec<usize>> {
    let windows = scans(dataset, rows).flat_map(|scan| windows(&[scan], size));
    windows.map(|window| window.rows.collect()).collect()
}

/// Positions in `rows` of each run of a scan, which is a range of positions.
fn runs(dataset: &Dataset, rows: &[usize], scan: Range<usize>) -> Vec<Range<usize>> {
    let mut start = scan.start;
    let runs = rows[scan].chunk_by(|&a, &b| dataset.rows[a].run == dataset.rows[b].run);
    runs.map(|run| {
        start += run.len();
        start - run.len()..start
    })
    .collect()
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
        let repeated = Items::cut(&dataset, &folds, 9);
        assert_eq!(repeated.windows.len(), 4);
        assert_eq!(
            repeated.notes("blocks", 9),
            ["blocks: 4 of 4 windows repeat the frames of a scan without 9 consecutive ones"]
        );
        assert_eq!(items.notes("blocks", 3), ["blocks: 5 of 26 frames are outside whole windows of 3 and left out"]);
        assert!(Items::cut(&dataset, &folds, 1).notes("blocks", 1).is_empty());
    }

    #[test]
    fn windows_stay_within_the_runs_of_the_whole_recording() {
        let mut dataset =
            Synthetic { classes: 1, timesteps: 9, features: 1, sessions: 1, noise: 1.0, seed: 1 }.recordings();
        dataset.rows[4..].iter_mut().for_each(|row| row.run = 1);
        // A protocol may leave rows out: what it leaves out is no gap.
        let rows = vec![0, 2, 3, 4, 6, 7, 8];
        let folds = [Fold { training: rows.clone(), enrolment: rows.clone(), probes: rows.clone() }];
        assert_eq!(Items::cut(&dataset, &folds, 2).windows, [[0, 2], [4, 6], [7, 8]]);
        assert_eq!(groups(&dataset, &rows, 4), [[0, 1, 2, 3]]);
    }

    #[test]
    fn a_scan_shorter_than_a_window_is_repeated_but_a_group_of_it_is_not() {
        let dataset =
            Synthetic { classes: 2, timesteps: 2, features: 1, sessions: 1, noise: 1.0, seed: 1 }.recordings();
        let all = vec![0, 1, 3];
        let folds = [Fold { training: all.clone(), enrolment: all.clone(), probes: all.clone() }];
        assert_eq!(Items::cut(&dataset, &folds, 3).windows, [[0, 1, 0], [3, 3, 3]]);
        assert_eq!(groups(&dataset, &all, 3), [vec![0, 1], vec![2]]);
    }
}
