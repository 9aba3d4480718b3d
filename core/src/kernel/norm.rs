//! LayerNorm (Ba et al. 2016) in the canonical order.

use super::lanes::{dot, sum};
use super::rows::rows;

/// Added to the variance, as PyTorch does.
const EPSILON: f32 = 1e-5;

/// Scale and shift of a normalised row, one of each for every component.
#[derive(Clone, Copy, Debug)]
pub struct LayerNorm<'a> {
    /// Factor of each component.
    pub weight: &'a [f32],
    /// Added to each component last.
    pub bias: &'a [f32],
}

/// As [`Kernel::layer_norm`](super::Kernel::layer_norm).
///
/// # Panics
/// When `x` and `y`, or the norm's weight and bias, differ in length.
#[inline(always)]
pub fn layer_norm(norm: LayerNorm<'_>, x: &[f32], y: &mut [f32]) {
    let LayerNorm { weight, bias } = norm;
    assert!(weight.len() == bias.len(), "as many weights as biases");
    let count = weight.len() as f32;
    for (x, y) in rows(x, weight.len(), y, weight.len()) {
        let mean = sum(x) / count;
        for (y, x) in y.iter_mut().zip(x) {
            *y = x - mean;
        }
        let variance = dot(y, y) / count;
        let scale = 1.0 / libm::sqrtf(variance + EPSILON);
        for ((y, weight), bias) in y.iter_mut().zip(weight).zip(bias) {
            *y = *y * scale * weight + bias;
        }
    }
}
