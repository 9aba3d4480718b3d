//! The settings that, with the recordings, determine the weights of a run.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::check::{in_range, positive};
use super::proxy_anchor::ProxyAnchor;
use super::sampler::ObjectiveSettings;
use super::triplet::Triplet;
use super::{Schedule, TrainingError};

/// The settings of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Number of steps.
    pub steps: u64,
    /// The loss, and the windows that it is computed over.
    pub objective: Objective,
    /// The highest learning rate.
    pub learning_rate: f64,
    /// How the learning rate changes over the run.
    pub schedule: Schedule,
    /// Decoupled weight decay.
    pub weight_decay: f32,
    /// Largest gradient norm; larger gradients are scaled down.
    pub clip: f64,
    /// Dropout probability.
    pub dropout: f64,
    /// Seed of the weights, the samples and the masks.
    pub seed: u64,
}

/// The loss that a run minimises.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// The reference's triplet loss over the whole encoder.
    Triplet(Triplet),
    /// Proxy-anchor loss behind the whitened front end, which is fitted first and not trained.
    ProxyAnchor(ProxyAnchor),
}

impl Objective {
    /// The settings of the objective.
    pub(super) fn settings(&self) -> &dyn ObjectiveSettings {
        match self {
            Objective::Triplet(settings) => settings,
            Objective::ProxyAnchor(settings) => settings,
        }
    }
}

impl Settings {
    /// The reference's recipe: 100 steps of 128 random triplets at a constant 1e-4.
    #[must_use]
    pub fn reference() -> Self {
        Self {
            steps: 100,
            objective: Objective::Triplet(Triplet::default()),
            learning_rate: 1e-4,
            schedule: Schedule::Constant,
            weight_decay: 1e-4,
            clip: 1.0,
            dropout: 0.1,
            seed: 0,
        }
    }

    /// The recipe that generalises to unseen recordings: 1,000 steps behind the whitened front end.
    #[must_use]
    pub fn whitened() -> Self {
        Self {
            steps: 1000,
            objective: Objective::ProxyAnchor(ProxyAnchor::default()),
            learning_rate: 1e-3,
            schedule: Schedule::WarmUpCosine,
            weight_decay: 0.05,
            ..Self::reference()
        }
    }

    /// The settings and those of the objective as one flat object, for documents.
    pub(super) fn describe(&self) -> Map<String, Value> {
        let mut object = Map::new();
        // Through text, in which a float32 has no more digits than it needs.
        let settings = serde_json::to_string(self).and_then(|text| serde_json::from_str(&text));
        let Ok(Value::Object(settings)) = settings else { return object };
        for (name, value) in settings {
            match value {
                // The objective is its name, and an object of its settings.
                Value::Object(objective) => {
                    for (kind, value) in objective {
                        object.insert(name.clone(), Value::String(kind));
                        object.extend(value.as_object().cloned().unwrap_or_default());
                    }
                }
                value => {
                    object.insert(name, value);
                }
            }
        }
        for (name, with_unit) in [("windows", "windows_frames"), ("window", "window_frames")] {
            if let Some(value) = object.remove(name) {
                object.insert(with_unit.to_owned(), value);
            }
        }
        object
    }

    /// Name of the recipe that has these settings.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.objective.settings().recipe()
    }

    /// Checks the values against what the loss and the sampler need.
    ///
    /// # Errors
    /// [`TrainingError::Setting`], naming the value and its range.
    pub fn check(&self) -> Result<(), TrainingError> {
        let (decay, dropout) = (self.weight_decay, self.dropout);
        in_range("steps", self.steps > 0, || "must be at least 1".to_owned())?;
        in_range("learning-rate", positive(self.learning_rate), || "must be positive".to_owned())?;
        in_range("clip", positive(self.clip), || "must be positive".to_owned())?;
        let sound = decay.is_finite() && decay >= 0.0;
        in_range("weight-decay", sound, || format!("{decay} must be 0 or more"))?;
        in_range("dropout", (0.0..1.0).contains(&dropout), || format!("{dropout} is not in [0, 1)"))?;
        self.objective.settings().check()
    }
}
