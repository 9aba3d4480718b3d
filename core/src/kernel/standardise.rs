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
pub struct Statistics<'a, T> {
    /// Mean of each feature.
    pub mean: &'a [T],
    /// 1 / population standard deviation of each feature, 1 where the feature is constant.
    pub inv_std: &'a [T],
}

impl<'a, T: bytemuck::AnyBitPattern> Statistics<'a, T> {
    /// From the bytes of a mean and an inverse standard deviation, if there are any; `None` when they are misaligned.
    pub(crate) fn from_bytes(bytes: Option<[&'a [u8]; 2]>) -> Option<Option<Self>> {
        let Some([mean, inv_std]) = bytes else { return Some(None) };
        let (mean, inv_std) = (bytemuck::try_cast_slice(mean).ok()?, bytemuck::try_cast_slice(inv_std).ok()?);
        Some(Some(Self { mean, inv_std }))
    }

    /// The statistics of the features `first..`.
    pub(crate) fn starting_at(&self, first: usize) -> Self {
        Self { mean: self.mean.split_at(first).1, inv_std: self.inv_std.split_at(first).1 }
    }
}

/// As [`Kernel::standardise`](super::Kernel::standardise).
///
/// # Panics
/// When there are fewer statistics than raw values, or less room.
#[cfg(feature = "weights-f32")]
#[inline(always)]
pub fn standardise(raw: &[f32], statistics: Statistics<'_, f32>, into: &mut [f32]) {
    let Statistics { mean, inv_std } = statistics;
    assert!(mean.len() >= raw.len() && inv_std.len() >= raw.len() && into.len() >= raw.len(), "too short");
    for (((raw, mean), inv_std), into) in raw.iter().zip(mean).zip(inv_std).zip(into) {
        *into = standardised(*raw, *mean, *inv_std);
    }
}

/// A raw value, sanitised, less the mean, times the inverse standard deviation.
#[inline(always)]
pub(crate) fn standardised(raw: f32, mean: f32, inv_std: f32) -> f32 {
    (sanitise(raw) - mean) * inv_std
}

/// The value of a bfloat16 given by its bits.
#[cfg(feature = "weights-int8")]
#[inline(always)]
pub(crate) fn bfloat_to_float(bits: u16) -> f32 {
    half::bf16::from_bits(bits).to_f32()
}
