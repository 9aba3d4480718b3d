//! The interface of an objective: settings to check, recordings to prepare, batches to draw.

use neural_vault_core::encoder::Dims;
use rand_chacha::ChaCha8Rng;

use super::TrainingError;
use super::batch::Batch;
use super::note::Note;
use crate::dataset::Dataset;
use crate::graph::step::StepOptions;
use crate::model::{ModelError, StateDict};

/// The settings of an objective.
pub(super) trait ObjectiveSettings {
    /// The recipe that minimises it.
    fn recipe(&self) -> &'static str;

    /// Checks the values against what loss and sampler need.
    fn check(&self) -> Result<(), TrainingError>;

    /// Window lengths that the model is trained on.
    fn windows(&self) -> Vec<usize>;

    /// Fits to standardised recordings whatever the objective needs before its first step.
    fn prepare(&self, dataset: Dataset) -> Result<Prepared, TrainingError>;
}

/// Recordings ready for the steps of an objective.
pub(super) struct Prepared {
    pub sampler: Box<dyn Sampler>,
    /// What a person should know about the data.
    pub notes: Vec<Note>,
    /// The default window to embed scans by, in frames.
    pub window: usize,
}

/// What batches are drawn from, and what their objective asks of the model and the graph.
pub(super) trait Sampler: Send + Sync {
    /// Features of a frame as the steps see it.
    fn features(&self) -> usize;

    /// The windows of one step.
    fn draw(&self, rng: &mut ChaCha8Rng) -> Batch<'_>;

    /// All frames that steps see.
    fn frames(&self) -> &[f32];

    /// How the frames are divided into what is drawn, as numbers that differ where divisions do.
    fn division(&self) -> Vec<usize>;

    /// The weights before the first step.
    fn initial_weights(&self, dims: Dims, seed: u64) -> Result<StateDict, ModelError>;

    /// The graphs of a run, one for each window length.
    fn graphs(&self, dropout: bool) -> Vec<StepOptions>;

    /// Whether a tensor of this shape decays.
    fn decays(&self, shape: &[usize]) -> bool;

    /// Makes trained weights those for standardised frames.
    fn finish(&self, _weights: &mut StateDict) {}
}
