//! A model that a token opens and runs in no time, and scans for it.

use std::error::Error;

use neural_vault_core::encoder::{Dims, WeightFormat};
use neural_vault_core::testing::{Aligned, Random, bundle_in};

use crate::machine::Setup;

/// Its sizes.
pub const DIMS: Dims =
    Dims { features: 64, d_model: 16, heads: 2, layers: 1, feed_forward: 16, latent: 16, positions: 1 };

/// A threshold that rejects every other person's scan.
pub const THRESHOLD: f32 = 0.9;

/// Writes the model to the setup's folder; returns it, and the setup of a token that has it.
pub fn with_model(setup: &Setup) -> Result<(Setup, Aligned), Box<dyn Error>> {
    let bundle = bundle_in(WeightFormat::I8I16, &DIMS, 5, None)?;
    let setup = Setup { model: setup.folder.join("small.nvb"), ..setup.clone() };
    std::fs::write(&setup.model, bundle.bytes())?;
    Ok((setup, bundle))
}

/// A frame of a person.
pub fn scan(person: u32) -> Vec<f32> {
    Random(person).floats(DIMS.features, 3.0)
}
