//! Initial weights of an encoder behind the whitened front end, and initial proxies.

use faer::Mat;
use neural_vault_core::encoder::Dims;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::model::{ModelError, StateDict, initial_weights};

/// Streams of the generator, so that draws do not depend on each other.
const ROTATION_STREAM: u64 = 1;
const PROXY_STREAM: u64 = 2;

/// Fresh weights for frames that the whitened front end has projected, of which the first `rank` components vary.
///
/// The projection is a random rotation that keeps a frame's norm, without bias. Attention and feed-forward blocks add
/// nothing at first: the front end is where training begins.
///
/// # Errors
/// When the core does not support these sizes.
pub(super) fn initial_weights_behind_front_end(dims: Dims, rank: usize, seed: u64) -> Result<StateDict, ModelError> {
    let mut weights = initial_weights(dims, seed)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(ROTATION_STREAM);
    let normal: Mat<f64> = Mat::from_fn(dims.d_model, dims.features, |_, _| StandardNormal.sample(&mut rng));
    let rotation = normal.qr().compute_thin_Q();
    let scale = (dims.features as f64 / rank as f64).sqrt();
    let rows = (0..dims.d_model).flat_map(|i| (0..dims.features).map(move |j| (i, j)));
    let weight = rows.map(|place| (rotation[place] * scale) as f32).collect();
    weights.tensors.insert("proj.weight".to_owned(), weight);
    for (name, data) in &mut weights.tensors {
        if name == "proj.bias" || name.ends_with("out_proj.weight") || name.ends_with("linear2.weight") {
            data.fill(0.0);
        }
    }
    Ok(weights)
}

/// Random unit vectors `[classes, latent]`, the proxies before training.
#[must_use]
pub(super) fn proxies(shape: &[usize], seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(PROXY_STREAM);
    let mut values: Vec<f32> = (0..shape.iter().product()).map(|_| StandardNormal.sample(&mut rng)).collect();
    for proxy in values.chunks_mut(shape.last().copied().unwrap_or(1).max(1)) {
        let norm = proxy.iter().map(|value| value * value).sum::<f32>().sqrt();
        proxy.iter_mut().for_each(|value| *value /= norm);
    }
    values
}
