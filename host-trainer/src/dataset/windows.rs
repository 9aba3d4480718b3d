//! How scans are cut into windows, the encoder's inputs.
//!
//! The windows of a scan follow each other without overlap, from its first frame; frames after the last whole window are
//! dropped. A scan shorter than one window is repeated cyclically until it fills one. The core, which takes a scan frame by
//! frame, cuts it in the same way.

use std::ops::Range;

use super::error::DatasetError;

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
    /// The window of `length` frames that begins at frame `start` of `scan`, a range of rows.
    ///
    /// In a scan shorter than the window, `start` is 0.
    pub fn at(scan: &Range<usize>, start: usize, length: usize) -> Self {
        let end = scan.len().min(start.saturating_add(length));
        Self { rows: scan.start + start..scan.start + end, length }
    }

    /// The row of each of its frames, repeated where the scan is shorter than the window.
    pub fn frames(&self) -> impl Iterator<Item = usize> + use<> {
        self.rows.clone().cycle().take(self.length)
    }
}

/// The windows of `length` frames of a scan, which is a range of rows; none of an empty scan.
///
/// # Panics
/// When `length` is zero.
pub fn windows(scan: Range<usize>, length: usize) -> impl Iterator<Item = Window> {
    let count = if scan.len() < length { usize::from(!scan.is_empty()) } else { scan.len() / length };
    (0..count).map(move |window| Window::at(&scan, window * length, length))
}

/// The values of the windows of one scan (frames x `features`): windows x `length` x `features`, row-major.
///
/// # Errors
/// [`DatasetError::Window`] unless `length` is 1 to [`MAX_FRAMES`].
///
/// # Panics
/// When `features` is zero.
pub fn window_values(scan: &[f32], features: usize, length: usize) -> Result<Vec<f32>, DatasetError> {
    if !(1..=MAX_FRAMES).contains(&length) {
        return Err(DatasetError::Window { frames: length, longest: MAX_FRAMES });
    }
    let mut values = Vec::with_capacity(scan.len().max(length * features));
    for frame in windows(0..scan.len() / features, length).flat_map(|window| window.frames()) {
        values.extend_from_slice(&scan[frame * features..][..features]);
    }
    Ok(values)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use neural_vault_core::encoder::{Dims, Encoder};
    use neural_vault_core::scan::ScanEncoder;

    use super::*;
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
        let rows: Vec<Range<usize>> = windows(10..17, 3).map(|window| window.rows).collect();
        assert_eq!(rows, [10..13, 13..16]);
    }

    #[test]
    fn a_short_scan_is_repeated_cyclically() {
        let found = window_values(&scan(2), 2, 5).unwrap();
        assert_eq!(found, [0.0, 0.5, 1.0, 1.5, 0.0, 0.5, 1.0, 1.5, 0.0, 0.5]);
        let window = windows(10..12, 5).next().unwrap();
        assert_eq!(window.rows, 10..12);
        assert_eq!(window.frames().collect::<Vec<_>>(), [10, 11, 10, 11, 10]);
    }

    #[test]
    fn an_empty_scan_has_no_windows() {
        assert!(window_values(&[], 2, 3).unwrap().is_empty());
        assert_eq!(windows(4..4, 3).count(), 0);
    }

    #[test]
    fn the_longest_window_holds_the_scan() {
        let mut windows = windows(4..9, usize::MAX);
        assert_eq!(windows.next().unwrap().rows, 4..9);
        assert!(windows.next().is_none());
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
