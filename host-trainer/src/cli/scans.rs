//! Notes on the scans that a command uses.

use super::console::Console;
use super::failure::{Failure, USAGE};
use crate::dataset::{Dataset, Scan, window_notes};
use crate::embedding::{EmbeddingError, check_long_windows};
use crate::escape::Escaped;

/// Notes which frames of these scans are outside windows of `window` frames, and which scans are shorter than one.
pub fn note_windows(dataset: &Dataset, scans: &[Scan], window: usize, console: &Console) {
    window_notes(dataset, scans, window).iter().for_each(|note| console.note(format!("note: {note}")));
}

/// Refuses windows of `option` that no scan is long enough for: its frames would be repeated to fill them.
pub fn refuse_long_windows(option: &str, windows: &[usize], dataset: &Dataset) -> Result<(), Failure> {
    check_long_windows(windows, dataset).map_err(|error| match error {
        EmbeddingError::LongWindow { window, scan, frames } => {
            let scan = Escaped(&scan);
            let text = format!("{option} {window}: the longest scan ({scan}) has {frames} frames; ask for fewer");
            Failure::new(USAGE, text)
        }
        error => error.into(),
    })
}
