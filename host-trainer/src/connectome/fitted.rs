//! The parameters of a connectome model.

use super::impostor::ImpostorTable;

/// The parameters of a connectome model, fitted to background persons or imported.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// Regions.
    pub regions: usize,
    /// The whitening W, regions x regions, symmetric to the bit.
    pub whitening: Vec<f32>,
    /// The background's mean features, regions (regions - 1) / 2.
    pub mean: Vec<f32>,
    /// What different persons score; empty when it is not known.
    pub impostor: ImpostorTable,
}
