//! What a person should know about the recordings that a model is trained on.

use std::fmt;
use std::path::PathBuf;

use crate::dataset::Dataset;

/// What a person should know about the recordings; training goes on all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// What [`check_training`](crate::dataset::check_training) found.
    Recordings(String),
    /// How the recordings of these labels differ cannot be learned, since each has one.
    SingleRecordings {
        /// The recordings.
        origin: PathBuf,
        /// The labels.
        labels: Vec<String>,
    },
    /// No recording fills the longest window.
    LongWindow {
        /// The recordings.
        origin: PathBuf,
        /// Frames of the longest window.
        window: usize,
        /// Frames of the longest recording.
        longest: usize,
    },
}

impl Note {
    /// The note on labels of one recording, if there are any.
    pub(super) fn single_recordings(dataset: &Dataset) -> Option<Self> {
        let mut recordings = vec![0; dataset.labels.len()];
        dataset.scans().iter().for_each(|scan| recordings[scan.label as usize] += 1);
        let single = dataset.labels.iter().zip(recordings).filter(|(_, count)| *count == 1);
        let labels: Vec<String> = single.map(|(label, _)| label.clone()).collect();
        (!labels.is_empty()).then(|| Self::SingleRecordings { origin: dataset.origin.clone(), labels })
    }

    /// The note on windows that no recording fills, if there are any.
    pub(super) fn long_window(dataset: &Dataset, windows: &[usize]) -> Option<Self> {
        let longest = dataset.scans().iter().map(|scan| scan.rows.len()).max().unwrap_or(0);
        let window = windows.iter().copied().max().filter(|&window| window > longest)?;
        Some(Self::LongWindow { origin: dataset.origin.clone(), window, longest })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recordings(text) => f.write_str(text),
            Self::SingleRecordings { origin, labels } => write!(
                f,
                "{}: one recording of {}: what differs between recordings can only be learned from two",
                origin.display(),
                labels.join(", ")
            ),
            Self::LongWindow { origin, window, longest } => write!(
                f,
                "{}: no recording has the {window} frames of the longest window, the longest has {longest}: recordings \
                 are repeated to fill it",
                origin.display()
            ),
        }
    }
}
