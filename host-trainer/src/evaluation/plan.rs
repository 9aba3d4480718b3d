//! What to evaluate, and how.

use super::methods::Method;
use super::protocols::SessionChoice;
use crate::engine::Engine;
use crate::metrics::bootstrap::Resampling;
use crate::training::Recipe;

/// What to evaluate, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Methods, in the order of tables.
    pub methods: Vec<&'static dyn Method>,
    /// Sessions named by hand.
    pub sessions: SessionChoice,
    /// How each fold's encoder is made.
    pub recipe: Recipe,
    /// Seed of splits, noise, resampling and the first training.
    pub seed: u64,
    /// Number of trainings, with consecutive seeds; only the first one gets all figures.
    pub seeds: u64,
    /// Window lengths, each of which is scored separately.
    pub windows: Vec<usize>,
    /// The engine that trains.
    pub engine: Engine,
    /// Bootstrap replicates of a figure; sweeps take a fifth.
    pub replicates: usize,
    /// Whether to compute sweeps.
    pub sweeps: bool,
}

impl Plan {
    /// How the intervals of a figure are resampled.
    pub(super) fn resampling(&self) -> Resampling {
        Resampling { seed: self.seed, replicates: self.replicates }
    }
}
