//! The provenance of a model: labels, sessions, window and recipe of its training.

use serde::{Deserialize, Serialize};

use super::LATENT;

/// The provenance of a model: what an operator needs to use it and to judge its scores.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Names of the classes it was trained on, in the order of their numbers.
    pub labels: Vec<String>,
    /// Sessions it was trained on; empty when the recordings named none.
    pub training_sessions: Vec<String>,
    /// Frames per training window, the default window to enrol and verify with.
    pub window: usize,
    /// How it was trained, in words and numbers.
    pub recipe: String,
    /// Effective dimension of the embeddings of its training windows, see
    /// [`participation_ratio`](crate::metrics::information::participation_ratio).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_dimension: Option<f32>,
}

/// Effective dimensions below this call for a warning.
const FEW_DIMENSIONS: f32 = 8.0;

impl Provenance {
    /// A warning if the embeddings use few dimensions.
    #[must_use]
    pub fn spread_note(&self) -> Option<String> {
        let dimension = self.effective_dimension.filter(|&dimension| dimension < FEW_DIMENSIONS)?;
        Some(format!(
            "the embeddings use {dimension:.1} of {LATENT} dimensions: prototypes are easy to guess at, and a key is \
             worth no more than the device secret it is derived with"
        ))
    }
}
