//! Raw features to standardised ones, with the statistics fixed at training.

/// Replaces what is not a number: NaN by 0, infinities by 1 and -1.
#[inline(always)]
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
        self.apply_by(standardise, first, values);
    }

    /// [`Standardiser::apply`] by another implementation of [`standardise`].
    pub(super) fn apply_by(&self, standardise: fn(&mut [f32], &[f32], &[f32]), first: usize, values: &mut [f32]) {
        let mean = self.mean.get(first..).unwrap_or_default();
        let inv_std = self.inv_std.get(first..).unwrap_or_default();
        standardise(values, mean, inv_std);
    }
}

/// Sanitises and standardises values in place: `(value - mean) * inv_std`.
#[inline(always)]
pub fn standardise(values: &mut [f32], mean: &[f32], inv_std: &[f32]) {
    for ((value, mean), inv_std) in values.iter_mut().zip(mean).zip(inv_std) {
        *value = (sanitise(*value) - mean) * inv_std;
    }
}
