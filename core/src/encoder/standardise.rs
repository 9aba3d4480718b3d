//! Raw features to standardised ones, with the statistics fixed at training.

use crate::encoder::linear::Prepare;

/// Replaces what is not a number: NaN by 0, infinities by 1 and -1.
#[inline]
pub fn sanitise(value: f32) -> f32 {
    if value.is_finite() {
        value
    } else if value.is_nan() {
        0.0
    } else {
        value.signum()
    }
}

/// Mean and inverse standard deviation of each feature.
#[derive(Clone, Copy, Debug)]
pub struct Standardiser<'a> {
    /// Mean of each feature.
    pub mean: &'a [f32],
    /// 1 / population standard deviation of each feature, 1 where it is constant.
    pub inv_std: &'a [f32],
}

impl Standardiser<'_> {
    /// Sanitises and standardises the features `first..` in place: `(value - mean) * inv_std`.
    pub fn apply(&self, first: usize, values: &mut [f32]) {
        self.prepare(first, values.as_chunks_mut::<1>().0);
    }
}

impl Prepare for Standardiser<'_> {
    fn prepare<const N: usize>(&self, first: usize, inputs: &mut [[f32; N]]) {
        let mean = self.mean.get(first..).unwrap_or_default();
        let inv_std = self.inv_std.get(first..).unwrap_or_default();
        for ((rows, mean), inv_std) in inputs.iter_mut().zip(mean).zip(inv_std) {
            for value in rows {
                *value = (sanitise(*value) - mean) * inv_std;
            }
        }
    }
}
