//! Recordings prepared for a run's objective.

use std::fmt;

use sha2::{Digest, Sha256};

use super::note::Note;
use super::sampler::{Prepared, Sampler};
use super::{Settings, TrainingError};
use crate::dataset::{Dataset, Standardiser, check_training};

/// Standardised recordings from which an objective draws its batches.
pub struct TrainingData {
    /// Statistics of the recordings, which become the model's standardiser.
    pub standardiser: Standardiser,
    /// Notes on the recordings for the user.
    pub notes: Vec<Note>,
    /// The default window to embed scans with, in frames.
    pub window: usize,
    /// The settings of the run.
    pub settings: Settings,
    pub(super) sampler: Box<dyn Sampler>,
}

impl fmt::Debug for TrainingData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { notes, window, settings, .. } = self;
        let mut shown = f.debug_struct("TrainingData");
        shown.field("notes", notes).field("window", window).field("settings", settings).finish_non_exhaustive()
    }
}

impl TrainingData {
    /// Fits the standardiser to `dataset`, and whatever the objective of `settings` needs before its first step.
    ///
    /// # Errors
    /// When there are fewer than two classes, a class has fewer than two windows or frames, the window length is out of
    /// range, there is no front end for these frames, or the settings are out of range.
    pub fn prepare(mut dataset: Dataset, settings: Settings) -> Result<Self, TrainingError> {
        settings.check()?;
        let mut notes: Vec<Note> = check_training(&dataset)?.into_iter().map(Note::Other).collect();
        let (standardiser, _) =
            Standardiser::fit(&dataset.values, dataset.features, settings.objective.settings().fill());
        standardiser.apply(&mut dataset.values);
        let Prepared { sampler, notes: own, window } = settings.objective.settings().prepare(dataset)?;
        notes.extend(own);
        Ok(Self { standardiser, notes, window, settings, sampler })
    }

    /// Features of the frames that steps see.
    #[must_use]
    pub fn features(&self) -> usize {
        self.sampler.features()
    }

    /// SHA-256 over the frames that steps see, by which a checkpoint is matched to its data.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        self.sampler.division().iter().for_each(|size| hash.update((*size as u64).to_le_bytes()));
        for block in self.sampler.frames().chunks(1024) {
            let bytes: Vec<u8> = block.iter().flat_map(|v| v.to_le_bytes()).collect();
            hash.update(bytes);
        }
        hash.finalize().into()
    }
}
