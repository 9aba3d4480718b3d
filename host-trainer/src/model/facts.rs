//! What a model reads from its bundle once.

use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::{Dims, Fill, WeightFormat};

/// The facts of a bundle.
#[derive(Clone, Copy)]
pub(super) struct Facts {
    pub dims: Dims,
    pub format: WeightFormat,
    pub fill: Fill,
    pub digest: [u8; 32],
    /// Digest of the labels; none in version 1.
    pub labels: Option<[u8; 32]>,
}

impl Facts {
    pub fn read(bundle: &Bundle<'_>) -> Self {
        let description = bundle.description();
        Self {
            dims: bundle.dims(),
            format: bundle.format(),
            fill: bundle.encoder().fill(),
            digest: *bundle.digest(),
            labels: description.map(|description| description.labels),
        }
    }
}
