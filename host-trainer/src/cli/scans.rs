//! Notes on the scans that a command uses.

use super::console::Console;
use crate::dataset::{Dataset, Scan, window_notes};

/// Notes which frames of these scans are outside windows of `window` frames, and which scans are shorter than one.
pub fn note_windows(dataset: &Dataset, scans: &[Scan], window: usize, console: &Console) {
    window_notes(dataset, scans, window).iter().for_each(|note| console.note(format!("note: {note}")));
}
