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
    /// Sanitises and standardises the raw features `first..` into as much of `standardised` as they fill.
    pub fn apply(&self, first: usize, raw: &[f32], standardised: &mut [f32]) {
        self.apply_by(standardise, first, raw, standardised);
    }

    /// [`Standardiser::apply`] by another implementation of [`standardise`].
    pub(super) fn apply_by(&self, standardise: Standardise, first: usize, raw: &[f32], standardised: &mut [f32]) {
        let mean = self.mean.get(first..).unwrap_or_default();
        let inv_std = self.inv_std.get(first..).unwrap_or_default();
        standardise(raw, mean, inv_std, standardised);
    }
}

/// What [`standardise()`] does.
pub type Standardise = fn(&[f32], &[f32], &[f32], &mut [f32]);

/// Sanitises and standardises raw values: `(value - mean) * inv_std`.
#[inline(always)]
pub fn standardise(raw: &[f32], mean: &[f32], inv_std: &[f32], standardised: &mut [f32]) {
    for (((raw, mean), inv_std), standardised) in raw.iter().zip(mean).zip(inv_std).zip(standardised) {
        *standardised = (sanitise(*raw) - mean) * inv_std;
    }
}
