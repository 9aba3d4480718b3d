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
        let (mean, inv_std) = self.statistics(first);
        for ((value, mean), inv_std) in values.iter_mut().zip(mean).zip(inv_std) {
            *value = standardised(*value, *mean, *inv_std);
        }
    }

    /// The statistics of the features `first..`: mean, inverse standard deviation.
    pub(super) fn statistics(&self, first: usize) -> (&[f32], &[f32]) {
        (self.mean.get(first..).unwrap_or_default(), self.inv_std.get(first..).unwrap_or_default())
    }
}

/// What [`standardise()`] does.
#[cfg(feature = "four-byte")]
pub type Standardise = fn(&[f32], &[f32], &[f32], &mut [f32]);

/// Sanitises and standardises raw values by their mean and inverse standard deviation, into the last argument.
#[cfg(feature = "four-byte")]
#[inline(always)]
pub fn standardise(raw: &[f32], mean: &[f32], inv_std: &[f32], into: &mut [f32]) {
    for (((raw, mean), inv_std), into) in raw.iter().zip(mean).zip(inv_std).zip(into) {
        *into = standardised(*raw, *mean, *inv_std);
    }
}

#[inline(always)]
pub(super) fn standardised(raw: f32, mean: f32, inv_std: f32) -> f32 {
    (sanitise(raw) - mean) * inv_std
}
