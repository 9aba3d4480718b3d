//! A trained encoder, and the inputs of its training.

use std::ops::ControlFlow;

use neural_vault_core::bundle::Bundle;

use super::error::EvaluationError;
use super::progress::Stage;
use super::protocols::Fold;
use crate::dataset::Dataset;
use crate::engine::Engine;
use crate::model::{Model, ModelError};
use crate::training::{Recipe, StepReport};

/// A trained encoder.
#[derive(Debug)]
pub struct Trained {
    model: Model,
    /// Window lengths that it was trained on.
    pub(super) windows: Vec<usize>,
}

/// The inputs of training the encoder of one fold.
#[derive(Clone, Copy, Debug)]
pub struct TrainingTask<'t> {
    /// All recordings.
    pub dataset: &'t Dataset,
    /// The rows for training, enrolment and probes.
    pub fold: &'t Fold,
    /// How the encoder under test is made, with the seed of this training.
    pub recipe: &'t Recipe,
    /// The seed of this training.
    pub seed: u64,
    /// The engine that trains.
    pub engine: Engine,
    /// Counts the steps.
    pub(super) stage: &'t Stage<'t>,
}

impl TrainingTask<'_> {
    /// Trains a model on `rows` by `recipe`.
    ///
    /// # Errors
    /// When the rows cannot be trained on.
    pub fn train(&self, rows: &[usize], recipe: &Recipe) -> Result<Model, EvaluationError> {
        let on_step = &mut |_: &StepReport| match self.stage.advance() {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        };
        let model = recipe.train(self.dataset.select(rows), self.engine, 1, on_step)?;
        if recipe.steps() == 0 {
            self.stage.advance()?;
        }
        Ok(model)
    }
}

impl Trained {
    /// The encoder of `model`, which was trained on windows of these lengths.
    #[must_use]
    pub fn new(model: Model, windows: Vec<usize>) -> Self {
        Self { model, windows }
    }

    pub(super) fn open(&self) -> Result<Bundle<'_>, ModelError> {
        self.model.bundle()
    }
}
