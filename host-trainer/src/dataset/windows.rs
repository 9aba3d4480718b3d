//! How scans are cut into windows, the encoder's inputs.
//!
//! Windows follow each other without overlap from the first frame of each run of a scan, and none joins frames across a gap
//! in time; frames after the last whole window of a run are left out. A scan without a run as long as a window gives one
//! window: its longest run, the first of equal ones, repeated cyclically. The core, which takes a scan frame by frame, cuts
//! it in the same way, so it is given the frames of whole windows and no others.

use std::borrow::Cow;
use std::ops::Range;

use super::error::DatasetError;
use super::rows::{Dataset, Scan};

/// The longest window that the encoder's position table covers, in frames.
pub const MAX_FRAMES: usize = 512;

/// One window of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The scan's rows in the window, each once: fewer than the window's length when the scan is shorter.
    pub rows: Range<usize>,
    length: usize,
}

impl Window {
    /// The window of `length` frames that begins at frame `start` of `run`, a range of rows.
    ///
    /// In a run shorter than the window, `start` is 0.
    pub fn at(run: &Range<usize>, start: usize, length: usize) -> Self {
        let end = run.len().min(start.saturating_add(length));
        Self { rows: run.start + start..run.start + end, length }
    }

    /// The row of each of its frames, repeated where the run is shorter than the window.
    pub fn frames(&self) -> impl Iterator<Item = usize> + use<> {
        self.rows.clone().cycle().take(self.length)
    }
}

/// The windows of `length` frames of a scan, whose runs are ranges of rows; none of an empty scan or of length zero.
#[must_use]
pub fn windows(runs: &[Range<usize>], length: usize) -> Vec<Window> {
    if length == 0 {
        return Vec::new();
    }
    let whole = runs.iter().flat_map(|run| (0..run.len() / length).map(move |at| Window::at(run, at * length, length)));
    let whole: Vec<Window> = whole.collect();
    if !whole.is_empty() {
        return whole;
    }
    // The last of equal lengths is the largest to `max_by_key`, so the runs are searched from the end.
    let longest = runs.iter().rev().max_by_key(|run| run.len()).filter(|run| !run.is_empty());
    longest.map(|run| Window::at(run, 0, length)).into_iter().collect()
}

impl Dataset {
    /// The windows of `length` frames of a recording, or of a part of one.
    ///
    /// # Panics
    /// When the scan's rows are not in this dataset.
    #[must_use]
    pub fn windows(&self, scan: &Scan, length: usize) -> Vec<Window> {
        windows(&self.runs(scan), length)
    }

    /// The values of the rows in windows of `length` frames, frames x features, which the core cuts into those windows.
    ///
    /// # Panics
    /// As [`Dataset::windows`].
    #[must_use]
    pub fn windowed_values(&self, scan: &Scan, length: usize) -> Cow<'_, [f32]> {
        let windows = self.windows(scan, length);
        let parts = windows.chunk_by(|a, b| a.rows.end == b.rows.start);
        let values = |part: &[Window]| {
            &self.values[part[0].rows.start * self.features..part[part.len() - 1].rows.end * self.features]
        };
        let parts: Vec<&[f32]> = parts.map(values).collect();
        match parts.as_slice() {
            [part] => Cow::Borrowed(part),
            parts => Cow::Owned(parts.concat()),
        }
    }
}

/// The values of the windows of one run (frames x `features`): windows x `length` x `features`, row-major.
///
/// # Errors
/// [`DatasetError::Window`] unless `length` is 1 to [`MAX_FRAMES`].
///
/// # Panics
/// When `features` is zero.
pub fn window_values(run: &[f32], features: usize, length: usize) -> Result<Vec<f32>, DatasetError> {
    check_window(length)?;
    let mut values = Vec::with_capacity(run.len().max(length * features));
    let frames = 0..run.len() / features;
    for frame in windows(&[frames], length).iter().flat_map(Window::frames) {
        values.extend_from_slice(&run[frame * features..][..features]);
    }
    Ok(values)
}

/// Refuses a window that the encoder's position table does not cover.
///
/// # Errors
/// [`DatasetError::Window`] unless `length` is 1 to [`MAX_FRAMES`].
pub fn check_window(length: usize) -> Result<(), DatasetError> {
    if (1..=MAX_FRAMES).contains(&length) {
        return Ok(());
    }
    Err(DatasetError::Window { frames: length, longest: MAX_FRAMES })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::single_range_in_vec_init)]
mod tests {
    use neural_vault_core::encoder::{Dims, Encoder};
    use neural_vault_core::scan::ScanEncoder;

    use super::*;
    use crate::dataset::Synthetic;
    use crate::model::{Provenance, initialise};

    /// Frames of two features: `[0, 0.5], [1, 1.5], ...`.
    fn scan(frames: usize) -> Vec<f32> {
        (0..2 * frames).map(|k| k as f32 / 2.0).collect()
    }

    #[test]
    fn consecutive_frames_fill_windows_and_the_rest_is_dropped() {
        assert_eq!(window_values(&scan(7), 2, 3).unwrap(), scan(6));
        assert_eq!(window_values(&scan(7), 2, 1).unwrap(), scan(7));
        assert_eq!(window_values(&scan(512), 2, 512).unwrap(), scan(512));
        let rows: Vec<Range<usize>> = windows(&[10..17], 3).into_iter().map(|window| window.rows).collect();
        assert_eq!(rows, [10..13, 13..16]);
    }

    #[test]
    fn a_short_scan_is_repeated_cyclically() {
        let found = window_values(&scan(2), 2, 5).unwrap();
        assert_eq!(found, [0.0, 0.5, 1.0, 1.5, 0.0, 0.5, 1.0, 1.5, 0.0, 0.5]);
        let window = windows(&[10..12], 5).remove(0);
        assert_eq!(window.rows, 10..12);
        assert_eq!(window.frames().collect::<Vec<_>>(), [10, 11, 10, 11, 10]);
    }

    #[test]
    fn an_empty_scan_has_no_windows() {
        assert!(window_values(&[], 2, 3).unwrap().is_empty());
        assert!(windows(&[4..4], 3).is_empty() && windows(&[], 3).is_empty());
    }

    #[test]
    fn windows_are_cut_within_runs() {
        let rows = |runs: &[Range<usize>], length| -> Vec<Range<usize>> {
            windows(runs, length).into_iter().map(|window| window.rows).collect()
        };
        assert_eq!(rows(&[0..7, 7..9, 9..13], 3), [0..3, 3..6, 9..12]);
        assert_eq!(rows(&[0..2, 2..5, 5..8], 3), [2..5, 5..8]);
        assert_eq!(rows(&[0..2, 2..5, 5..8], 4), [2..5], "the first of the longest runs, to be repeated");
        assert_eq!(windows(&[0..2, 2..5], 4)[0].frames().collect::<Vec<_>>(), [2, 3, 4, 2]);
    }

    #[test]
    fn the_values_of_whole_windows_are_copied_only_where_a_run_ends_inside() {
        let mut dataset =
            Synthetic { classes: 1, timesteps: 8, features: 2, sessions: 1, noise: 1.0, seed: 1 }.recordings();
        let whole = dataset.scans().remove(0);
        assert!(matches!(dataset.windowed_values(&whole, 3), Cow::Borrowed(values) if values == &dataset.values[..12]));
        dataset.rows[5..].iter_mut().for_each(|row| row.run = 1);
        assert_eq!(*dataset.windowed_values(&whole, 3), [&dataset.values[..6], &dataset.values[10..]].concat());
        assert_eq!(*dataset.windowed_values(&whole, 6), dataset.values[..10]);
        assert_eq!(*dataset.windowed_values(&whole, 1), *dataset.values);
    }

    #[test]
    fn the_longest_window_holds_the_scan() {
        let windows = windows(&[4..9], usize::MAX);
        assert_eq!(windows.len(), 1);
        assert_eq!(windows[0].rows, 4..9);
    }

    #[test]
    fn a_window_longer_than_the_position_table_is_refused() {
        for frames in [0, 513, usize::MAX] {
            let message = window_values(&scan(3), 2, frames).unwrap_err().to_string();
            assert!(message.contains("choose 1 to 512"), "{message}");
        }
    }

    #[test]
    fn the_core_embeds_the_same_windows_for_every_length_of_scan_and_window() {
        const FEATURES: usize = 3;
        let dims =
            Dims { features: FEATURES, d_model: 16, heads: 2, layers: 1, feed_forward: 16, latent: 16, positions: 8 };
        let model = initialise(dims, Provenance::default(), 1).unwrap();
        let bundle = model.bundle().unwrap();
        let encoder = bundle.encoder();
        for frames in 1..=20 {
            let scan: Vec<f32> = (0..frames * FEATURES).map(|k| ((k * k % 31) as f32 - 15.0) / 7.0).collect();
            for length in 1..=8 {
                let mut scratch = vec![0.0; Encoder::scratch_len(&dims, length)];
                let mut by_core = vec![0.0; dims.latent];
                ScanEncoder::new(&encoder, length, &mut scratch).unwrap().embed(&scan, &mut by_core).unwrap();
                let (mut total, mut one) = (vec![0.0; dims.latent], vec![0.0; dims.latent]);
                let values = window_values(&scan, FEATURES, length).unwrap();
                for window in values.chunks_exact(length * FEATURES) {
                    encoder.embed_window(window, &mut scratch, &mut one).unwrap();
                    total.iter_mut().zip(&one).for_each(|(sum, component)| *sum += component);
                }
                let count = (values.len() / (length * FEATURES)) as f32;
                let by_host: Vec<f32> = total.iter().map(|sum| sum / count).collect();
                assert_eq!(by_host, by_core, "{frames} frames in windows of {length}");
            }
        }
    }
}
