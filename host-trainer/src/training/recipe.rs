//! Recipes: how a model is made from recordings.

use serde::{Deserialize, Serialize};

use super::{Objective, Settings, StepReport, Trainer, TrainingError, linear};
use crate::dataset::{Dataset, MAX_FRAMES};
use crate::engine::Engine;
use crate::model::Model;

/// A recipe with its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recipe {
    /// The whitened front end alone, in closed form.
    Linear {
        /// For identities that are not trained with: all axes weigh alike, the classes' own no more than others.
        open_set: bool,
    },
    /// An encoder trained step by step: `whitened` or `reference`, by its objective.
    Steps(Settings),
}

impl Recipe {
    /// The recipe's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Recipe::Linear { .. } => "linear",
            Recipe::Steps(settings) => settings.name(),
        }
    }

    /// Steps of the recipe; a linear model takes none.
    #[must_use]
    pub fn steps(&self) -> u64 {
        match self {
            Recipe::Linear { .. } => 0,
            Recipe::Steps(settings) => settings.steps,
        }
    }

    /// The recipe with another seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        match self {
            Recipe::Linear { .. } => self,
            Recipe::Steps(settings) => Recipe::Steps(Settings { seed, ..settings }),
        }
    }

    /// Window lengths that the model is trained on; a linear model takes all alike.
    #[must_use]
    pub fn windows(&self) -> Vec<usize> {
        match self {
            Recipe::Linear { .. } => (1..=MAX_FRAMES).collect(),
            Recipe::Steps(settings) => match &settings.objective {
                Objective::Triplet(triplet) => vec![triplet.window],
                Objective::ProxyAnchor(proxies) => proxies.windows.clone(),
            },
        }
    }

    /// Makes a model of `dataset` in one go, and hands each step's report to `on_step`.
    ///
    /// # Errors
    /// When the recordings cannot be trained on, the settings are out of range, the engine fails, or the loss diverges.
    pub fn train(
        &self,
        dataset: Dataset,
        engine: Engine,
        threads: usize,
        on_step: &mut dyn FnMut(&StepReport),
    ) -> Result<Model, TrainingError> {
        match self {
            Recipe::Linear { open_set } => linear(dataset, *open_set).map(|(model, _)| model),
            Recipe::Steps(settings) => {
                let mut trainer = Trainer::begin(dataset, settings.clone(), engine, threads)?;
                while trainer.steps_done() < settings.steps {
                    on_step(&trainer.step()?);
                }
                Ok(trainer.model()?)
            }
        }
    }
}
