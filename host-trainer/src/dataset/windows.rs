//! Fixed-length windows of consecutive frames, the encoder's inputs.

use super::DatasetError;

/// The longest window the encoder's positions reach, in frames.
pub const MAX_FRAMES: usize = 512;

/// The windows of one scan (frames x `features`), each `frames` x `features`, row-major, one after the other.
///
/// A scan shorter than one window is repeated cyclically up to it; frames left over after the last whole window are
/// dropped. An empty scan has no windows.
///
/// # Errors
/// [`DatasetError::Window`] unless `frames` is 1 to [`MAX_FRAMES`].
///
/// # Panics
/// When `features` is zero.
pub fn windows(scan: &[f32], features: usize, frames: usize) -> Result<Vec<f32>, DatasetError> {
    if !(1..=MAX_FRAMES).contains(&frames) {
        return Err(DatasetError::Window { frames });
    }
    let window = frames * features;
    let whole = scan.len() / window * window;
    if whole > 0 || scan.is_empty() {
        return Ok(scan[..whole].to_vec());
    }
    Ok(scan.iter().copied().cycle().take(window).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    /// Frames of two features: `[0, 0.5], [1, 1.5], ...`.
    fn scan(frames: usize) -> Vec<f32> {
        (0..2 * frames).map(|k| k as f32 / 2.0).collect()
    }

    #[test]
    fn consecutive_frames_fill_windows_and_the_rest_is_dropped() {
        assert_eq!(windows(&scan(7), 2, 3).unwrap(), scan(6));
        assert_eq!(windows(&scan(7), 2, 1).unwrap(), scan(7));
        assert_eq!(windows(&scan(512), 2, 512).unwrap(), scan(512));
    }

    #[test]
    fn a_short_scan_is_repeated_cyclically() {
        let found = windows(&scan(2), 2, 5).unwrap();
        assert_eq!(found, [0.0, 0.5, 1.0, 1.5, 0.0, 0.5, 1.0, 1.5, 0.0, 0.5]);
    }

    #[test]
    fn an_empty_scan_has_no_windows() {
        assert!(windows(&[], 2, 3).unwrap().is_empty());
    }

    #[test]
    fn a_window_longer_than_the_positions_reach_is_refused() {
        for frames in [0, 513, usize::MAX] {
            let message = windows(&scan(3), 2, frames).unwrap_err().to_string();
            assert!(message.contains("choose 1 to 512"), "{message}");
        }
    }
}
