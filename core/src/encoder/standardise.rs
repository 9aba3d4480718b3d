//! Raw features to standardised ones, with the statistics fixed at training.

/// Replaces NaN by 0, infinities by 1 and -1.
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

/// Statistics of each feature, float32 or the bits of bfloat16.
#[derive(Clone, Copy, Debug)]
pub(super) struct Statistics<'a, T> {
    pub(super) mean: &'a [T],
    /// 1 / population standard deviation, 1 where the feature is constant.
    pub(super) inv_std: &'a [T],
}

impl<'a, T: bytemuck::AnyBitPattern> Statistics<'a, T> {
    /// From the bytes of a mean and an inverse standard deviation, if there are any; `None` when they are misaligned.
    pub(super) fn from_bytes(bytes: Option<[&'a [u8]; 2]>) -> Option<Option<Self>> {
        let Some([mean, inv_std]) = bytes else { return Some(None) };
        let (mean, inv_std) = (bytemuck::try_cast_slice(mean).ok()?, bytemuck::try_cast_slice(inv_std).ok()?);
        Some(Some(Self { mean, inv_std }))
    }

    /// Mean and inverse standard deviation of the features `first..`.
    pub(super) fn starting_at(&self, first: usize) -> (&'a [T], &'a [T]) {
        (self.mean.split_at(first).1, self.inv_std.split_at(first).1)
    }
}

/// What [`standardise()`] does.
#[cfg(feature = "weights-f32")]
pub type Standardise = fn(&[f32], &[f32], &[f32], &mut [f32]);

/// Sanitises and standardises raw values by their mean and inverse standard deviation, into the last argument.
///
/// # Panics
/// When an argument is shorter than the raw values.
#[cfg(feature = "weights-f32")]
#[inline(always)]
pub fn standardise(raw: &[f32], mean: &[f32], inv_std: &[f32], into: &mut [f32]) {
    assert!(mean.len() >= raw.len() && inv_std.len() >= raw.len() && into.len() >= raw.len(), "too short");
    for (((raw, mean), inv_std), into) in raw.iter().zip(mean).zip(inv_std).zip(into) {
        *into = standardised(*raw, *mean, *inv_std);
    }
}

/// A raw value, sanitised, less the mean, times the inverse standard deviation.
#[inline(always)]
pub(super) fn standardised(raw: f32, mean: f32, inv_std: f32) -> f32 {
    (sanitise(raw) - mean) * inv_std
}

/// The value of a bfloat16 given by its bits.
#[cfg(feature = "weights-int8")]
#[inline(always)]
pub fn bfloat_to_float(bits: u16) -> f32 {
    half::bf16::from_bits(bits).to_f32()
}
