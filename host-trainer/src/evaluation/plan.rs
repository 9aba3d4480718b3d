//! What to evaluate, and how.

use super::methods::Method;
use super::protocols::SessionChoice;
use crate::connectome::Parcels;
use crate::dataset::Dataset;
use crate::engine::Engine;
use crate::metrics::bootstrap::{Resampling, Units};
use crate::model::Model;
use crate::training::Recipe;

/// What to evaluate, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Methods, in the order of tables.
    pub methods: Vec<&'static dyn Method>,
    /// Sessions named by hand.
    pub sessions: SessionChoice,
    /// A model that was trained before, which is scored as it is; if there is none, each fold trains its own.
    pub model: Option<Model>,
    /// How each fold's encoder is made.
    pub recipe: Recipe,
    /// Seed of splits, noise, resampling and the first training.
    pub seed: u64,
    /// Number of trainings, with consecutive seeds; only the first one gets all figures.
    pub seeds: u64,
    /// Window lengths, each of which is scored separately.
    pub windows: Vec<usize>,
    /// Frames a probe, where scans are scored and not windows; each length is scored separately. If there are none, 10, 25
    /// and 50 as far as the sessions are long enough.
    pub lengths: Vec<usize>,
    /// Persons of other recordings, who are the background of every split of protocol `unseen-persons`.
    pub background: Option<Dataset>,
    /// The regions that features are averaged to where scans are scored.
    pub parcels: Option<Parcels>,
    /// The engine that trains.
    pub engine: Engine,
    /// Bootstrap replicates of a figure; sweeps take a fifth.
    pub replicates: usize,
    /// Whether to compute sweeps.
    pub sweeps: bool,
}

impl Plan {
    /// How the intervals of a figure are resampled.
    pub(super) fn resampling(&self, units: Units) -> Resampling {
        Resampling { seed: self.seed, replicates: self.replicates, units }
    }
}
