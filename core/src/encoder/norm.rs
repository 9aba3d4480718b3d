//! LayerNorm (Ba et al. 2016) in the canonical order.

use crate::encoder::kernel::Kernel;
use crate::encoder::lanes::{dot, sum};
use crate::encoder::matrix::rows;

/// Added to the variance, as PyTorch does.
const EPSILON: f32 = 1e-5;

/// Scale and shift of a normalised row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerNorm<'a> {
    pub(crate) weight: &'a [f32],
    pub(crate) bias: &'a [f32],
}

impl LayerNorm<'_> {
    /// Normalises each row of `x` to zero mean and unit (population) variance, then scales and shifts it into `y`.
    pub(super) fn map(&self, x: &[f32], y: &mut [f32], kernel: &Kernel) {
        (kernel.layer_norm)(x, self.weight, self.bias, y);
    }
}

/// What [`layer_norm`] does.
pub type Norm = fn(&[f32], &[f32], &[f32], &mut [f32]);

/// Normalises each row of `x` to zero mean and unit variance, then times `weight` and plus `bias`, into `y`.
///
/// # Panics
/// When `x` and `y`, or `weight` and `bias`, differ in length.
#[inline(always)]
pub fn layer_norm(x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
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
