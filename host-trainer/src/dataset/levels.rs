//! How high and how wide the values of a recording lie, and whether that alone separates labels.
//!
//! An offset or a gain of the scanner, the session or the preprocessing shifts all values of a recording. Where such
//! levels differ between labels more than within them, an identification may rest on them instead of on the response.

use rayon::prelude::*;

use super::rows::{Dataset, Scan};

/// Values of one recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Values that are NaN or infinite.
    pub missing: usize,
    /// Mean of the finite values; NaN of none.
    pub mean: f64,
    /// Standard deviation of the finite values, about their mean; NaN of none.
    pub deviation: f64,
}

/// The share of the variance of levels from which on they separate labels.
const TELLING: f64 = 0.8;

impl Dataset {
    /// Missing values, mean and standard deviation of a recording, over all its frames and features.
    ///
    /// # Panics
    /// When the scan's rows are not in this dataset.
    #[must_use]
    pub fn level(&self, scan: &Scan) -> Level {
        let (values, features) = (self.scan_values(scan), self.features);
        let mean = mean(values, features);
        let (count, squares) = over_finite(values, features, |value| (value - mean).powi(2));
        Level { missing: values.len() - count, mean, deviation: (squares / count as f64).sqrt() }
    }

    /// The share of the variance of the recordings' means that lies between labels, where that is 0.8 or more.
    ///
    /// The share is omega squared, which is about 0 for levels that do not depend on the label, however few the recordings
    /// are. Where every label has one recording, the two halves of each are compared in place of recordings. `None` below
    /// 0.8 and where there is nothing to compare.
    #[must_use]
    pub fn telling_level(&self) -> Option<f64> {
        let scans = self.scans();
        let single = scans.windows(2).all(|pair| pair[0].label != pair[1].label);
        let mut levels: Vec<(u32, f64)> = Vec::new();
        for scan in &scans {
            let values = self.scan_values(scan);
            let middle = scan.rows.len() / 2 * self.features;
            let parts = if single { vec![&values[..middle], &values[middle..]] } else { vec![values] };
            levels.extend(parts.into_iter().map(|part| (scan.label, mean(part, self.features))));
        }
        levels.retain(|(_, level)| level.is_finite());
        share_between(&levels).filter(|share| *share >= TELLING)
    }
}

/// The finite values among frames: how many there are, and the sum of `of` over them.
///
/// Frames are summed on several threads and their sums in order, so that the result does not depend on the threads.
fn over_finite(values: &[f32], features: usize, of: impl Fn(f64) -> f64 + Sync) -> (usize, f64) {
    let of_frame = |frame: &[f32]| {
        let finite = frame.iter().filter(|value| value.is_finite());
        finite.fold((0, 0.0), |(count, sum), &value| (count + 1, sum + of(value.into())))
    };
    let frames: Vec<(usize, f64)> = values.par_chunks(features).map(of_frame).collect();
    frames.into_iter().fold((0, 0.0), |(count, sum), (more, further)| (count + more, sum + further))
}

fn mean(values: &[f32], features: usize) -> f64 {
    let (count, sum) = over_finite(values, features, |value| value);
    sum / count as f64
}

/// Omega squared of values in groups, which follow each other; `None` of one group, or of no group with two values.
fn share_between(values: &[(u32, f64)]) -> Option<f64> {
    let mean = |values: &[(u32, f64)]| values.iter().map(|(_, value)| value).sum::<f64>() / values.len() as f64;
    let groups: Vec<&[(u32, f64)]> = values.chunk_by(|a, b| a.0 == b.0).collect();
    if groups.len() < 2 || groups.len() == values.len() {
        return None;
    }
    let all = mean(values);
    let between: f64 = groups.iter().map(|group| group.len() as f64 * (mean(group) - all).powi(2)).sum();
    let within: f64 =
        groups.iter().flat_map(|group| group.iter().map(|(_, value)| (value - mean(group)).powi(2))).sum();
    let mean_square_within = within / (values.len() - groups.len()) as f64;
    let total = between + within + mean_square_within;
    (total > 0.0).then(|| (between - (groups.len() - 1) as f64 * mean_square_within) / total)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dataset::Synthetic;

    fn recordings(sessions: usize) -> Dataset {
        Synthetic { classes: 4, timesteps: 12, features: 200, sessions, noise: 1.0, seed: 3 }.recordings()
    }

    /// Raises the values of a recording.
    fn shifted(mut dataset: Dataset, by: impl Fn(&Scan) -> f32) -> Dataset {
        let features = dataset.features;
        for scan in dataset.scans() {
            let shift = by(&scan);
            dataset.values[scan.rows.start * features..scan.rows.end * features].iter_mut().for_each(|v| *v += shift);
        }
        dataset
    }

    #[test]
    fn labels_whose_recordings_lie_at_levels_of_their_own_are_told_apart() {
        let own = |scan: &Scan| 5.0 * scan.label as f32 + 0.1 * scan.session as f32;
        assert!(shifted(recordings(3), own).telling_level().unwrap() > 0.95);
        assert!(shifted(recordings(1), own).telling_level().unwrap() > 0.95);
    }

    #[test]
    fn levels_that_follow_the_session_or_nothing_tell_no_label() {
        assert_eq!(shifted(recordings(3), |scan| 5.0 * scan.session as f32).telling_level(), None);
        let noise = |scan: &Scan| ((scan.label * 7 + scan.session * 5) % 6) as f32;
        assert_eq!(shifted(recordings(6), noise).telling_level(), None);
        let mut cleaned = shifted(recordings(3), |scan| 5.0 * scan.label as f32);
        cleaned.clean(super::super::Cleaning { detrend: false, zscore: true });
        assert_eq!(cleaned.telling_level(), None);
    }

    #[test]
    fn one_label_tells_nothing() {
        let one = recordings(3).restrict_labels(&["class00"]).unwrap();
        assert_eq!(shifted(one, |scan| scan.session as f32).telling_level(), None);
    }

    #[test]
    fn a_recording_is_described_by_its_finite_values() {
        let mut dataset = recordings(1);
        dataset.values[..2400].copy_from_slice(&[[1.0, 3.0], [f32::NAN, f32::INFINITY]].concat().repeat(600));
        let scan = &dataset.scans()[0];
        assert_eq!(dataset.level(scan), Level { missing: 1200, mean: 2.0, deviation: 1.0 });
    }
}
