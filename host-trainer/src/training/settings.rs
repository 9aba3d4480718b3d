//! Everything that, with the data and the seed, decides the weights that a run ends with.

use serde::{Deserialize, Serialize};

use super::{Schedule, TrainingError};

/// The settings of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Steps in all.
    pub steps: u64,
    /// Triplets a step, for random mining.
    pub batch: usize,
    /// Distinct windows a step, at most.
    pub rows: usize,
    /// Frames a window.
    pub window: usize,
    /// How triplets are chosen.
    pub mining: Mining,
    /// The triplet loss's margin.
    pub margin: f32,
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

/// How triplets are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mining {
    /// Anchor, positive and negative at random, as the reference does.
    Random,
    /// Every window with its farthest positive and nearest negative.
    BatchHard,
}

impl Default for Settings {
    /// The reference's: 100 steps of 128 random triplets at a constant 1e-4.
    fn default() -> Self {
        Self {
            steps: 100,
            batch: 128,
            rows: 160,
            window: 1,
            mining: Mining::Random,
            margin: 0.5,
            learning_rate: 1e-4,
            schedule: Schedule::Constant,
            weight_decay: 1e-4,
            clip: 1.0,
            dropout: 0.1,
            seed: 0,
        }
    }
}

impl Settings {
    /// Checks the values against what the loss and the sampler need.
    ///
    /// # Errors
    /// [`TrainingError::Settings`], naming the value and its range.
    pub fn check(&self) -> Result<(), TrainingError> {
        let refuse = |text: String| Err(TrainingError::Settings(text));
        let positive = |value: f64| value.is_finite() && value > 0.0;
        if self.steps == 0 || self.batch == 0 {
            return refuse("--steps and --batch must be at least 1".to_owned());
        }
        if self.rows < 4 {
            return refuse(format!("--rows {} is too few: two windows of two classes need 4", self.rows));
        }
        if !positive(self.learning_rate) || !positive(self.clip) {
            return refuse("--learning-rate and --clip must be positive".to_owned());
        }
        if !(self.margin.is_finite() && self.margin > 0.0 && self.margin <= 4.0) {
            return refuse(format!("--margin {} is not in (0, 4], the range of squared distances", self.margin));
        }
        if !(self.weight_decay.is_finite() && self.weight_decay >= 0.0) {
            return refuse(format!("--weight-decay {} must be 0 or more", self.weight_decay));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return refuse(format!("--dropout {} is not in [0, 1)", self.dropout));
        }
        Ok(())
    }
}
