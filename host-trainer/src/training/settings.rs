//! Everything that, with the data and the seed, decides the weights that a run ends with.

use serde::{Deserialize, Serialize};

use super::{Schedule, TrainingError};
use crate::dataset::MAX_FRAMES;

/// The settings of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Steps in all.
    pub steps: u64,
    /// What is minimised, over which windows.
    pub objective: Objective,
    /// The highest learning rate.
    pub learning_rate: f64,
    /// Its course.
    pub schedule: Schedule,
    /// Decoupled weight decay.
    pub weight_decay: f32,
    /// Gradients of a larger norm are scaled down to it.
    pub clip: f64,
    /// Dropout's probability.
    pub dropout: f64,
    /// Seeds the weights, the samples and the masks.
    pub seed: u64,
}

/// What a run minimises.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// The reference's triplet loss over the whole encoder.
    Triplet(Triplet),
    /// Proxy-anchor loss behind the whitened front end, which is fitted first and stays as it is.
    ProxyAnchor(ProxyAnchor),
}

/// Settings of the triplet loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Triplet {
    /// Triplets a step, for random mining.
    pub batch: usize,
    /// Distinct windows a step, at most.
    pub rows: usize,
    /// Frames a window.
    pub window: usize,
    /// How triplets are chosen.
    pub mining: Mining,
    /// The margin, in squared distance between unit vectors.
    pub margin: f32,
}

/// How triplets are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mining {
    /// Anchor, positive and negative at random, as the reference does.
    Random,
    /// Every window with its farthest positive and nearest negative.
    BatchHard,
}

/// Settings of the proxy-anchor loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProxyAnchor {
    /// Window lengths, one of which is drawn for a step.
    pub windows: Vec<usize>,
    /// Classes a step, at most.
    pub classes: usize,
    /// Windows a class in a step.
    pub windows_per_class: usize,
    /// Steepness of the loss.
    pub scale: f32,
    /// Its margin, in cosine.
    pub margin: f32,
}

impl Default for Triplet {
    /// The reference's.
    fn default() -> Self {
        Self { batch: 128, rows: 160, window: 1, mining: Mining::Random, margin: 0.5 }
    }
}

impl Default for ProxyAnchor {
    fn default() -> Self {
        Self { windows: vec![1, 3, 9], classes: 8, windows_per_class: 8, scale: 16.0, margin: 0.1 }
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

    /// The recipe that holds on recordings never seen: 1,000 steps behind the whitened front end.
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

    /// Name of the recipe that these are the settings of.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self.objective {
            Objective::Triplet(_) => "reference",
            Objective::ProxyAnchor(_) => "whitened",
        }
    }

    /// Checks the values against what the loss and the sampler need.
    ///
    /// # Errors
    /// [`TrainingError::Setting`] or [`TrainingError::Settings`].
    pub fn check(&self) -> Result<(), TrainingError> {
        if self.steps == 0 {
            return refuse("steps", "must be at least 1".to_owned());
        }
        for (name, value) in [("learning-rate", self.learning_rate), ("clip", self.clip)] {
            if !positive(value) {
                return refuse(name, "must be positive".to_owned());
            }
        }
        if !(self.weight_decay.is_finite() && self.weight_decay >= 0.0) {
            return refuse("weight-decay", format!("{} must be 0 or more", self.weight_decay));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return refuse("dropout", format!("{} is not in [0, 1)", self.dropout));
        }
        match &self.objective {
            Objective::Triplet(triplet) => triplet.check(),
            Objective::ProxyAnchor(proxies) => proxies.check(),
        }
    }
}

impl Triplet {
    fn check(&self) -> Result<(), TrainingError> {
        if self.batch == 0 {
            return refuse("batch", "must be at least 1".to_owned());
        }
        if self.rows < 4 {
            return refuse("rows", format!("{} is too few: two windows of two classes need 4", self.rows));
        }
        if !(positive(self.margin.into()) && self.margin <= 4.0) {
            return refuse("margin", format!("{} is not in (0, 4], the range of squared distances", self.margin));
        }
        Ok(())
    }
}

impl ProxyAnchor {
    fn check(&self) -> Result<(), TrainingError> {
        if self.windows.is_empty() || self.windows.iter().any(|window| !(1..=MAX_FRAMES).contains(window)) {
            return refuse("windows", format!("{:?}: give lengths of 1 to {MAX_FRAMES} frames", self.windows));
        }
        if self.classes < 2 || self.windows_per_class == 0 {
            return Err(TrainingError::Settings("a step needs two classes and a window of each".to_owned()));
        }
        if !positive(self.scale.into()) || !(0.0..1.0).contains(&self.margin) {
            let text = "the proxy-anchor loss needs a positive scale and a margin in [0, 1)";
            return Err(TrainingError::Settings(text.to_owned()));
        }
        Ok(())
    }
}

fn refuse(name: &'static str, reason: String) -> Result<(), TrainingError> {
    Err(TrainingError::Setting { name, reason })
}

fn positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
}
