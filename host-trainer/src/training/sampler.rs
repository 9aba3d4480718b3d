//! The interface of an objective: settings to check, recordings to prepare, batches to draw.

use neural_vault_core::encoder::{Dims, Fill};
use rand::rngs::ChaCha8Rng;

use super::TrainingError;
use super::batch::Batch;
use super::note::Note;
use crate::dataset::Dataset;
use crate::graph::step::StepOptions;
use crate::model::{ModelError, StateDict};

/// Settings by name, each with its value as a user gives it.
pub(super) type Listed = Vec<(&'static str, String)>;

/// The settings of an objective.
pub(super) trait ObjectiveSettings {
    /// Name of the recipe that minimises it.
    fn recipe(&self) -> &'static str;

    /// The settings by name, in an order that never changes.
    fn listed(&self) -> Listed;

    /// Checks the values against what loss and sampler need.
    fn check(&self) -> Result<(), TrainingError>;

    /// What replaces values that are not finite.
    fn fill(&self) -> Fill {
        Fill::Mean
    }

    /// Window lengths that the model is trained on.
    fn windows(&self) -> Vec<usize>;

    /// Fits what the objective needs before its first step to standardised recordings.
    fn prepare(&self, dataset: Dataset) -> Result<Prepared, TrainingError>;
}

/// Recordings ready for the steps of an objective.
pub(super) struct Prepared {
    pub sampler: Box<dyn Sampler>,
    /// Notes on the recordings for the user.
    pub notes: Vec<Note>,
    /// The default window to embed scans with, in frames.
    pub window: usize,
}

/// Draws an objective's batches, and defines its weights and graphs.
pub(super) trait Sampler: Send + Sync {
    /// Features of the frames that steps see.
    fn features(&self) -> usize;

    /// The windows of one step.
    fn draw(&self, rng: &mut ChaCha8Rng) -> Batch<'_>;

    /// All frames that steps see.
    fn frames(&self) -> &[f32];

    /// The division of the frames into recordings or windows, for the digest of the data.
    fn division(&self) -> Vec<usize>;

    /// The weights before the first step.
    fn initial_weights(&self, dims: Dims, seed: u64) -> Result<StateDict, ModelError>;

    /// The graphs of a run, one for each window length.
    fn graphs(&self, dropout: bool) -> Vec<StepOptions>;

    /// Whether weight decay applies to a tensor of this shape.
    fn decays(&self, shape: &[usize]) -> bool;

    /// Converts trained weights to weights for standardised frames.
    fn finish(&self, _weights: &mut StateDict) {}
}
