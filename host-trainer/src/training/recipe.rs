//! Recipes: how a model is made from recordings.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Connectome, Settings, StepReport, Trainer, TrainingError, linear};
use crate::dataset::{Dataset, MAX_FRAMES};
use crate::engine::Engine;
use crate::model::Model;

/// A recipe with its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recipe {
    /// The whitened front end alone, in closed form.
    Linear {
        /// For identities that the model is not trained on: all axes have the same weight.
        open_set: bool,
    },
    /// How regions covary, fitted in closed form to persons of whom none is enrolled.
    Connectome(Connectome),
    /// An encoder trained step by step: `whitened` or `reference`, by its objective.
    Steps(Settings),
}

/// A recipe that a user can choose by name.
#[derive(Clone, Copy, Debug)]
pub struct RecipeKind {
    /// Its name.
    pub name: &'static str,
    /// A short description.
    pub help: &'static str,
    /// The recipe with its default settings.
    pub recipe: fn() -> Recipe,
    /// Names of the settings that can be changed, besides the seed.
    pub settings: &'static [&'static str],
}

/// Every recipe, the default first.
pub const RECIPES: [&RecipeKind; 4] = [
    &RecipeKind {
        name: "whitened",
        help: "Whitened front end, then an encoder by proxy-anchor loss: for stimuli, and for persons in training",
        recipe: || Recipe::Steps(Settings::whitened()),
        settings: &["windows", "steps", "margin", "learning-rate", "schedule", "weight-decay", "clip", "dropout"],
    },
    &RecipeKind {
        name: "linear",
        help: "The whitened front end alone: small, fitted at once, and the one to enrol new identities with",
        recipe: || Recipe::Linear { open_set: false },
        settings: &["open-set"],
    },
    &RecipeKind {
        name: "connectome",
        help: "How brain regions covary, fitted at once to background persons: for persons enrolled later",
        recipe: || Recipe::Connectome(Connectome::default()),
        settings: &["background", "parcels", "frames"],
    },
    &RecipeKind {
        name: "reference",
        help: "The reference's triplet loss over the whole encoder",
        recipe: || Recipe::Steps(Settings::reference()),
        settings: &[
            "batch",
            "rows",
            "window",
            "mining",
            "steps",
            "margin",
            "learning-rate",
            "schedule",
            "weight-decay",
            "clip",
            "dropout",
        ],
    },
];

impl Recipe {
    /// The recipe's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Recipe::Linear { .. } => "linear",
            Recipe::Connectome(_) => "connectome",
            Recipe::Steps(settings) => settings.name(),
        }
    }

    /// The recipe's `name` and its settings as one flat object, for documents.
    #[must_use]
    pub fn describe(&self) -> Map<String, Value> {
        let mut object = match self {
            Recipe::Linear { open_set } => Map::from_iter([("open_set".to_owned(), json!(open_set))]),
            Recipe::Connectome(settings) => {
                let regions = settings.parcels.as_ref().map(|parcels| ("regions".to_owned(), json!(parcels.regions())));
                [("probe_frames".to_owned(), json!(settings.frames))].into_iter().chain(regions).collect()
            }
            Recipe::Steps(settings) => settings.describe(),
        };
        object.insert("name".to_owned(), json!(self.name()));
        object
    }

    /// Steps of the recipe; 0 of those in closed form.
    #[must_use]
    pub fn steps(&self) -> u64 {
        match self {
            Recipe::Linear { .. } | Recipe::Connectome(_) => 0,
            Recipe::Steps(settings) => settings.steps,
        }
    }

    /// The recipe with another seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        match self {
            Recipe::Linear { .. } | Recipe::Connectome(_) => self,
            Recipe::Steps(settings) => Recipe::Steps(Settings { seed, ..settings }),
        }
    }

    /// Window lengths that the model is trained on; of those in closed form any.
    #[must_use]
    pub fn windows(&self) -> Vec<usize> {
        match self {
            Recipe::Linear { .. } | Recipe::Connectome(_) => (1..=MAX_FRAMES).collect(),
            Recipe::Steps(settings) => settings.objective.settings().windows(),
        }
    }

    /// Trains a model on `dataset`, and passes each step's report to `on_step`, which may stop it.
    ///
    /// # Errors
    /// When the recordings cannot be trained on, the settings are out of range, the engine fails, or the loss diverges; [`TrainingError::Stopped`].
    pub fn train(
        &self,
        dataset: Dataset,
        engine: Engine,
        threads: usize,
        on_step: &mut dyn FnMut(&StepReport) -> ControlFlow<()>,
    ) -> Result<Model, TrainingError> {
        match self {
            Recipe::Linear { open_set } => linear(dataset, *open_set).map(|(model, _)| model),
            Recipe::Connectome(settings) => settings.train(&dataset).map(|(model, _)| model),
            Recipe::Steps(settings) => {
                let mut trainer = Trainer::begin(dataset, settings.clone(), engine, threads)?;
                while trainer.steps_done() < settings.steps {
                    if on_step(&trainer.step()?).is_break() {
                        return Err(TrainingError::Stopped);
                    }
                }
                Ok(trainer.model()?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_is_described_by_flat_settings_with_the_digits_that_they_were_given() {
        let described = Recipe::Steps(Settings::whitened()).describe();
        let expected = [
            ("name", json!("whitened")),
            ("objective", json!("proxy-anchor")),
            ("margin", json!(0.1)),
            ("weight_decay", json!(0.05)),
            ("windows_frames", json!([1, 3, 9])),
        ];
        for (name, value) in expected {
            assert_eq!(described[name], value, "{name}");
        }
        assert!(described.values().all(|value| !value.is_object()), "{described:?}");
    }

    #[test]
    fn every_recipe_is_listed_under_its_own_name() {
        for kind in RECIPES {
            assert_eq!((kind.recipe)().name(), kind.name);
        }
    }
}
