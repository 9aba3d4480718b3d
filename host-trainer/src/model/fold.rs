//! The front end's projection folded into an encoder's own.

use super::{LATENT, Model};

/// Turns an encoder of projected frames into one of standardised frames: `W' = W P`.
///
/// `projection` is `[LATENT, features]` and has no bias, so the encoder's own stays.
pub fn fold(model: &mut Model, projection: &[f32]) {
    let features = projection.len() / LATENT;
    let Some(weight) = model.tensors.get_mut("proj.weight") else { return };
    let mut folded = Vec::with_capacity(model.dims.d_model * features);
    let mut sums = vec![0.0f64; features];
    for row in weight.chunks_exact(LATENT) {
        sums.fill(0.0);
        for (weight, axis) in row.iter().zip(projection.chunks_exact(features)) {
            let weight = f64::from(*weight);
            for (sum, component) in sums.iter_mut().zip(axis) {
                *sum += weight * f64::from(*component);
            }
        }
        folded.extend(sums.iter().map(|&sum| sum as f32));
    }
    *weight = folded;
    model.dims.features = features;
}
