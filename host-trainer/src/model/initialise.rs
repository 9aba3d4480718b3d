//! Weights before training, as PyTorch initialises these modules.

use faer::Mat;
use neural_vault_core::bundle;
use neural_vault_core::encoder::Dims;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::{Model, ModelError, Provenance};

/// Streams of the generator, so that what one draws does not depend on what another drew.
const ROTATION_STREAM: u64 = 1;
const PROXY_STREAM: u64 = 2;

/// A fresh encoder that leaves its input as it is until a standardiser is set.
///
/// Linear layers are uniform in `1 / sqrt(inputs)` (He et al. 2015 with PyTorch's gain), attention's input projection is
/// uniform in `sqrt(6 / (inputs + outputs))` (Glorot and Bengio 2010), attention biases are 0, norms are 1 and 0.
///
/// # Errors
/// When the core does not support these sizes.
pub fn initialise(dims: Dims, provenance: Provenance, seed: u64) -> Result<Model, ModelError> {
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
    Ok(Model { dims, tensors: tensors.collect(), provenance, quantised: None })
}

/// A fresh encoder of frames that the whitened front end has projected, of which `rank` components carry something.
///
/// The projection is a random rotation that keeps a frame's size, without bias. Attention and feed-forward blocks add
/// nothing at first: the front end is where training begins.
///
/// # Errors
/// As [`initialise`].
pub fn initialise_behind_front_end(
    dims: Dims,
    provenance: Provenance,
    rank: usize,
    seed: u64,
) -> Result<Model, ModelError> {
    let mut model = initialise(dims, provenance, seed)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(ROTATION_STREAM);
    let normal: Mat<f64> = Mat::from_fn(dims.d_model, dims.features, |_, _| StandardNormal.sample(&mut rng));
    let rotation = normal.qr().compute_thin_Q();
    let scale = (dims.features as f64 / rank as f64).sqrt();
    let rows = (0..dims.d_model).flat_map(|i| (0..dims.features).map(move |j| (i, j)));
    let weight = rows.map(|place| (rotation[place] * scale) as f32).collect();
    model.tensors.insert("proj.weight".to_owned(), weight);
    for (name, data) in &mut model.tensors {
        if name == "proj.bias" || name.ends_with("out_proj.weight") || name.ends_with("linear2.weight") {
            data.fill(0.0);
        }
    }
    Ok(model)
}

/// Random unit vectors `[classes, latent]`, the proxies before training.
#[must_use]
pub fn proxies(shape: &[usize], seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(PROXY_STREAM);
    let mut values: Vec<f32> = (0..shape.iter().product()).map(|_| StandardNormal.sample(&mut rng)).collect();
    for proxy in values.chunks_mut(shape.last().copied().unwrap_or(1).max(1)) {
        let norm = proxy.iter().map(|value| value * value).sum::<f32>().sqrt();
        proxy.iter_mut().for_each(|value| *value /= norm);
    }
    values
}

/// The sinusoidal position table, row-major `[positions, d_model]` (Vaswani et al. 2017, section 3.5).
pub(super) fn positions(positions: usize, d_model: usize) -> Vec<f32> {
    let mut table = vec![0.0; positions * d_model];
    for (position, row) in table.chunks_exact_mut(d_model).enumerate() {
        for (column, value) in row.iter_mut().enumerate() {
            // The frequency in float32, as PyTorch computes it: its rounding is part of published models.
            let exponent = (column / 2 * 2) as f32 * (-(10_000f32.ln()) / d_model as f32);
            let angle = position as f32 * exponent.exp();
            *value = if column % 2 == 0 { angle.sin() } else { angle.cos() };
        }
    }
    table
}
