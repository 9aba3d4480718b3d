//! Proxy-anchor loss behind the whitened front end, which is fitted first and not trained.

use neural_vault_core::encoder::Dims;
use rand::rngs::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::TrainingError;
use super::balanced::{Balanced, Draw};
use super::batch::Batch;
use super::check::{in_range, positive};
use super::fold::fold;
use super::initial::initial_weights_behind_front_end;
use super::note::Note;
use super::sampler::{Listed, ObjectiveSettings, Prepared, Sampler};
use crate::dataset::{Dataset, MAX_FRAMES};
use crate::front_end::{CLOSED_SET_REST, FrontEnd, Projection};
use crate::graph::loss;
use crate::graph::step::{self, StepOptions};
use crate::model::{LATENT, ModelError, StateDict};

/// Settings of the proxy-anchor loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProxyAnchor {
    /// Window lengths, one of which is drawn per step.
    pub windows: Vec<usize>,
    /// Most classes per step.
    pub classes: usize,
    /// Windows per class in a step.
    pub windows_per_class: usize,
    /// Steepness of the loss.
    pub scale: f32,
    /// Margin of the loss, in cosine.
    pub margin: f32,
}

impl Default for ProxyAnchor {
    fn default() -> Self {
        Self { windows: vec![1, 3, 9], classes: 8, windows_per_class: 8, scale: 16.0, margin: 0.1 }
    }
}

impl ObjectiveSettings for ProxyAnchor {
    fn recipe(&self) -> &'static str {
        "whitened"
    }

    fn listed(&self) -> Listed {
        let Self { windows, classes, windows_per_class, scale, margin } = self;
        let windows: Vec<String> = windows.iter().map(usize::to_string).collect();
        vec![
            ("windows", windows.join(",")),
            ("classes", classes.to_string()),
            ("windows-per-class", windows_per_class.to_string()),
            ("scale", scale.to_string()),
            ("margin", margin.to_string()),
        ]
    }

    fn check(&self) -> Result<(), TrainingError> {
        let windows = &self.windows;
        let sound = !windows.is_empty() && windows.iter().all(|window| (1..=MAX_FRAMES).contains(window));
        in_range("windows", sound, || format!("{windows:?}: give lengths of 1 to {MAX_FRAMES} frames"))?;
        if self.classes < 2 || self.windows_per_class == 0 {
            return Err(TrainingError::Settings("a step needs two classes and a window of each".to_owned()));
        }
        if !positive(self.scale.into()) {
            return Err(TrainingError::Settings("the proxy-anchor loss needs a positive scale".to_owned()));
        }
        let margin = self.margin;
        in_range("margin", (0.0..1.0).contains(&margin), || format!("{margin} is not in [0, 1), a range of cosines"))
    }

    fn windows(&self) -> Vec<usize> {
        self.windows.clone()
    }

    fn prepare(&self, dataset: Dataset) -> Result<Prepared, TrainingError> {
        let notes = Note::single_recordings(&dataset).into_iter().chain(too_long(&dataset, &self.windows)).collect();
        let window = common_window(&dataset, &self.windows);
        Ok(Prepared { sampler: Box::new(WhitenedSampler::fit(&dataset, self.clone())?), notes, window })
    }
}

/// Recordings behind the whitened front end.
struct WhitenedSampler {
    balanced: Balanced,
    settings: ProxyAnchor,
    /// The front end's projection, `[LATENT, features]`.
    weight: Vec<f32>,
    /// Number of its outputs that vary.
    rank: usize,
}

impl WhitenedSampler {
    /// Fits the front end to standardised scans and projects them.
    fn fit(dataset: &Dataset, settings: ProxyAnchor) -> Result<Self, TrainingError> {
        let labels: Vec<u32> = dataset.rows.iter().map(|row| row.label).collect();
        let front_end = FrontEnd::fit(&dataset.values, dataset.features, &labels)?;
        let Projection { weight, frames, rank } = front_end.projection(LATENT, CLOSED_SET_REST);
        let mut classes = vec![Vec::new(); dataset.labels.len()];
        for scan in dataset.scans() {
            classes[scan.label as usize].push(dataset.runs(&scan));
        }
        classes.retain(|recordings| !recordings.is_empty());
        Ok(Self { balanced: Balanced { frames, width: LATENT, classes }, settings, weight, rank })
    }

    fn size(&self) -> Draw<'_> {
        let ProxyAnchor { windows, classes, windows_per_class, .. } = &self.settings;
        Draw { windows, classes: *classes, windows_per_class: *windows_per_class }
    }
}

impl Sampler for WhitenedSampler {
    fn features(&self) -> usize {
        self.balanced.width
    }

    fn draw(&self, rng: &mut ChaCha8Rng) -> Batch<'_> {
        self.balanced.draw(self.size(), rng)
    }

    fn frames(&self) -> &[f32] {
        &self.balanced.frames
    }

    fn division(&self) -> Vec<usize> {
        let Balanced { width, classes, .. } = &self.balanced;
        let runs = classes.iter().flatten().flatten().flat_map(|run| [run.start, run.end]);
        [*width, classes.len()].into_iter().chain(runs).collect()
    }

    fn initial_weights(&self, dims: Dims, seed: u64) -> Result<StateDict, ModelError> {
        initial_weights_behind_front_end(dims, self.rank, seed)
    }

    fn graphs(&self, dropout: bool) -> Vec<StepOptions> {
        let objective = step::Objective::ProxyAnchor(loss::ProxyAnchor {
            classes: self.balanced.classes.len(),
            present: self.balanced.present(self.size()),
            scale: self.settings.scale,
            margin: self.settings.margin,
        });
        let rows = self.balanced.rows(self.size());
        self.settings.windows.iter().map(|&window| StepOptions { rows, window, objective, dropout }).collect()
    }

    /// Biases and norms do not decay.
    fn decays(&self, shape: &[usize]) -> bool {
        shape.len() > 1
    }

    fn finish(&self, weights: &mut StateDict) {
        fold(weights, &self.weight);
    }
}

/// A note on windows that are longer than every recording.
fn too_long(dataset: &Dataset, windows: &[usize]) -> Option<Note> {
    let longest = dataset.scans().iter().map(|scan| dataset.longest_run(scan)).max().unwrap_or(0);
    let wanted = windows.iter().copied().max().filter(|&window| window > longest)?;
    Some(Note::Other(format!(
        "{}: no recording has the {wanted} frames of the longest window, the longest has {longest}: recordings are repeated \
         to fill it",
        dataset.origin.display()
    )))
}

/// The longest of `windows` that fits into every recording, or else the shortest.
fn common_window(dataset: &Dataset, windows: &[usize]) -> usize {
    let shortest = dataset.scans().iter().map(|scan| dataset.longest_run(scan)).min().unwrap_or(1);
    let held = windows.iter().copied().filter(|&window| window <= shortest).max();
    held.or(windows.iter().copied().min()).unwrap_or(1)
}
