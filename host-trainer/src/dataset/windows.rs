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
