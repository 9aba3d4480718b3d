//! Weights before training, as PyTorch initialises these modules.

use neural_vault_core::bundle;
use neural_vault_core::encoder::{Dims, Fill};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::{Model, ModelError, Provenance, StateDict};

/// A fresh encoder; its standardiser does nothing until one is set but for [`Fill::Mean`].
///
/// Linear layers are uniform in `1 / sqrt(inputs)` (He et al. 2015 with PyTorch's gain), attention's input projection is
/// uniform in `sqrt(6 / (inputs + outputs))` (Glorot and Bengio 2010), attention biases are 0, norms are 1 and 0.
///
/// # Errors
/// When the core does not support these sizes.
pub fn initialise(dims: Dims, provenance: Provenance, seed: u64) -> Result<Model, ModelError> {
    Model::new(&initial_weights(dims, seed)?, provenance)
}

/// The weights of [`initialise`].
///
/// # Errors
/// When the core does not support these sizes.
pub fn initial_weights(dims: Dims, seed: u64) -> Result<StateDict, ModelError> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let shapes = bundle::tensor_names_and_shapes(&dims)?;
    let width_of = |weight: &str| {
        let found = shapes.iter().find(|(name, _)| name == weight);
        found.and_then(|(_, shape)| shape.last()).map_or(1, |&inputs| inputs)
    };
    let tensors = shapes.iter().map(|(name, shape)| {
        let count: usize = shape.iter().product();
        let is_norm = shape.len() == 1 && (name.contains("norm") || name.starts_with("head.0."));
        let data = match name.as_str() {
            "pos.pe" => positions(dims.positions, dims.d_model),
            "standardiser.mean" => vec![0.0; count],
            "standardiser.inv_std" => vec![1.0; count],
            _ if is_norm && name.ends_with("weight") => vec![1.0; count],
            _ if is_norm || name.ends_with("in_proj_bias") || name.ends_with("out_proj.bias") => vec![0.0; count],
            _ => {
                let bound = match name.strip_suffix("bias") {
                    Some(stem) => (width_of(&format!("{stem}weight")) as f32).sqrt().recip(),
                    None if name.ends_with("in_proj_weight") => (6.0 / (shape[0] + shape[1]) as f32).sqrt(),
                    None => (shape[1] as f32).sqrt().recip(),
                };
                (0..count).map(|_| rng.random_range(-bound..bound)).collect()
            }
        };
        (name.clone(), data)
    });
    Ok(StateDict { dims, fill: Fill::Mean, tensors: tensors.collect() })
}

/// The sinusoidal position table, row-major `[positions, d_model]` (Vaswani et al. 2017, section 3.5).
pub(super) fn positions(positions: usize, d_model: usize) -> Vec<f32> {
    let mut table = vec![0.0; positions * d_model];
    for (position, row) in table.chunks_exact_mut(d_model).enumerate() {
        for (column, value) in row.iter_mut().enumerate() {
            // The frequency is a float32, as in PyTorch, because published models contain its rounding.
            let exponent = (column / 2 * 2) as f32 * (-(10_000f32.ln()) / d_model as f32);
            let angle = position as f32 * exponent.exp();
            *value = if column % 2 == 0 { angle.sin() } else { angle.cos() };
        }
    }
    table
}
