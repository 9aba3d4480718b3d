//! The reference's triplet loss over the whole encoder: its settings, and windows of recordings to draw from.

use neural_vault_core::encoder::{Dims, Fill};
use rand::rngs::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::TrainingError;
use super::batch::Batch;
use super::check::{in_range, positive};
use super::sampler::{Listed, ObjectiveSettings, Prepared, Sampler};
use super::triplets::Windows;
use crate::dataset::{Dataset, DatasetError, Window, check_window};
use crate::graph::loss;
use crate::graph::step::{self, StepOptions};
use crate::model::{ModelError, StateDict, initial_weights};

/// Settings of the triplet loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Triplet {
    /// Triplets per step, for random mining.
    pub batch: usize,
    /// Most distinct windows per step.
    pub rows: usize,
    /// Frames per window.
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

impl Mining {
    /// Every way of mining, with its name and a description.
    pub const ALL: [(&'static str, &'static str, Self); 2] = [
        (Self::Random.name(), "At random, as the reference does", Self::Random),
        (Self::BatchHard.name(), "Every window with its farthest positive and nearest negative", Self::BatchHard),
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::BatchHard => "batch-hard",
        }
    }
}

impl Default for Triplet {
    /// The reference's settings.
    fn default() -> Self {
        Self { batch: 128, rows: 160, window: 1, mining: Mining::Random, margin: 0.5 }
    }
}

impl ObjectiveSettings for Triplet {
    fn recipe(&self) -> &'static str {
        "reference"
    }

    fn listed(&self) -> Listed {
        let Self { batch, rows, window, mining, margin } = self;
        vec![
            ("batch", batch.to_string()),
            ("rows", rows.to_string()),
            ("window", window.to_string()),
            ("mining", mining.name().to_owned()),
            ("margin", margin.to_string()),
        ]
    }

    fn fill(&self) -> Fill {
        Fill::Reference
    }

    fn check(&self) -> Result<(), TrainingError> {
        in_range("batch", self.batch > 0, || "must be at least 1".to_owned())?;
        let rows = self.rows;
        in_range("rows", rows >= 4, || format!("{rows} is too few: two windows of two classes need 4"))?;
        let margin = self.margin;
        let sound = positive(margin.into()) && margin <= 4.0;
        in_range("margin", sound, || format!("{margin} is not in (0, 4], the range of squared distances"))
    }

    fn windows(&self) -> Vec<usize> {
        vec![self.window]
    }

    fn prepare(&self, dataset: Dataset) -> Result<Prepared, TrainingError> {
        let sampler = TripletSampler { windows: cut(dataset, self.window)?, settings: self.clone() };
        Ok(Prepared { sampler: Box::new(sampler), notes: Vec::new(), window: self.window })
    }
}

struct TripletSampler {
    windows: Windows,
    settings: Triplet,
}

impl Sampler for TripletSampler {
    fn features(&self) -> usize {
        self.windows.features
    }

    fn draw(&self, rng: &mut ChaCha8Rng) -> Batch<'_> {
        let Triplet { rows, batch, mining, .. } = self.settings;
        match mining {
            Mining::Random => self.windows.draw_triplets(rows, batch, rng),
            Mining::BatchHard => self.windows.draw_pairs(rows, rng),
        }
    }

    fn frames(&self) -> &[f32] {
        &self.windows.frames
    }

    fn division(&self) -> Vec<usize> {
        let Windows { window, features, labels, .. } = &self.windows;
        [*window, *features, labels.len()].into_iter().chain(labels.iter().map(|&label| label as usize)).collect()
    }

    fn initial_weights(&self, dims: Dims, seed: u64) -> Result<StateDict, ModelError> {
        initial_weights(dims, seed)
    }

    fn graphs(&self, dropout: bool) -> Vec<StepOptions> {
        let mining = match self.settings.mining {
            Mining::Random => loss::Mining::Random { count: self.settings.batch },
            Mining::BatchHard => loss::Mining::BatchHard,
        };
        let objective = step::Objective::Triplet { mining, margin: self.settings.margin };
        let (rows, window) = (self.windows.rows(self.settings.rows), self.windows.window);
        vec![StepOptions { rows, window, objective, dropout }]
    }

    /// The reference decays all tensors, which is PyTorch's default.
    fn decays(&self, _: &[usize]) -> bool {
        true
    }
}

/// Cuts standardised scans into windows.
fn cut(dataset: Dataset, window: usize) -> Result<Windows, DatasetError> {
    check_window(window)?;
    let features = dataset.features;
    let mut labels = Vec::new();
    let mut frames = Vec::new();
    for scan in dataset.scans() {
        let windows = dataset.windows(&scan, window);
        labels.extend(std::iter::repeat_n(scan.label, windows.len()));
        if window > 1 {
            windows.iter().flat_map(Window::frames).for_each(|row| frames.extend_from_slice(dataset.row(row)));
        }
    }
    // Windows of one frame are the rows themselves, in order.
    let frames = if window > 1 { frames } else { dataset.values };
    for (class, name) in dataset.labels.iter().enumerate() {
        let count = labels.iter().filter(|&&label| label as usize == class).count();
        if count == 1 {
            return Err(DatasetError::OneWindow { file: dataset.origin, label: name.clone(), window });
        }
    }
    Ok(Windows { frames, window, features, labels })
}
