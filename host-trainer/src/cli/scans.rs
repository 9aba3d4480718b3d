//! Notes on the scans that a command uses.

use super::console::Console;
use super::failure::{Failure, USAGE};
use crate::dataset::{Dataset, Scan, window_notes};
use crate::embedding;
use crate::escape::Escaped;

/// Notes which frames of these scans are outside windows of `window` frames, and which scans are shorter than one.
pub fn note_windows(dataset: &Dataset, scans: &[Scan], window: usize, console: &Console) {
    window_notes(dataset, scans, window).iter().for_each(|note| console.note(format!("note: {note}")));
}

/// Refuses windows of `option` that no scan is long enough for: its frames would be repeated to fill them.
pub fn refuse_long_windows(option: &str, windows: &[usize], dataset: &Dataset) -> Result<(), Failure> {
    let scans = dataset.scans();
    let Some(longest) = scans.iter().max_by_key(|scan| scan.rows.len()) else { return Ok(()) };
    let frames = longest.rows.len();
    match windows.iter().find(|window| **window > frames) {
        None => Ok(()),
        Some(window) => {
            let scan = embedding::name(dataset, longest);
            let text =
                format!("{option} {window}: the longest scan ({}) has {frames} frames; ask for fewer", Escaped(&scan));
            Err(Failure::new(USAGE, text))
        }
    }
}
