//! Raw features to standardised ones, with the statistics fixed at training.

/// What a raw value that is not finite is replaced by; part of a model's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// NaN by 0, infinities by 1 and -1, as the reference does.
    Reference,
    /// Any by the feature's training mean, which is exactly 0 once it is standardised.
    Mean,
}

impl Fill {
    /// Every rule, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::Reference, Self::Mean];

    /// The number that stands for it in a bundle.
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The rule of a number.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Its name: `reference` or `mean`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Mean => "mean",
        }
    }

    /// The value, or what replaces it where the feature has this mean.
    #[inline(always)]
    pub fn apply(self, value: f32, mean: f32) -> f32 {
        if value.is_finite() {
            value
        } else if matches!(self, Self::Mean) {
            mean
        } else if value.is_nan() {
            0.0
        } else {
            value.signum()
        }
    }
}

/// Statistics of each feature, float32 or the bits of bfloat16, and the rule for values that are not finite.
#[derive(Clone, Copy, Debug)]
pub struct Statistics<'a, T> {
    /// Mean of each feature.
    pub mean: &'a [T],
    /// 1 / population standard deviation of each feature, 1 where the feature is constant.
    pub inv_std: &'a [T],
    /// What replaces raw values that are not finite.
    pub fill: Fill,
}

impl<'a, T: bytemuck::AnyBitPattern> Statistics<'a, T> {
    /// From the bytes of a mean and an inverse standard deviation and the rule, if there are any; `None` when they are
    /// misaligned.
    pub(crate) fn from_bytes(bytes: Option<([&'a [u8]; 2], Fill)>) -> Option<Option<Self>> {
        let Some(([mean, inv_std], fill)) = bytes else { return Some(None) };
        let (mean, inv_std) = (bytemuck::try_cast_slice(mean).ok()?, bytemuck::try_cast_slice(inv_std).ok()?);
        Some(Some(Self { mean, inv_std, fill }))
    }

    /// The statistics of the features `first..`.
    pub(crate) fn starting_at(&self, first: usize) -> Self {
        Self { mean: self.mean.split_at(first).1, inv_std: self.inv_std.split_at(first).1, ..*self }
    }
}

/// As [`Kernel::standardise`](super::Kernel::standardise).
///
/// # Panics
/// When there are fewer statistics than raw values, or less room.
#[cfg(feature = "weights-f32")]
#[inline(always)]
pub fn standardise(raw: &[f32], statistics: Statistics<'_, f32>, into: &mut [f32]) {
    let Statistics { mean, inv_std, fill } = statistics;
    assert!(mean.len() >= raw.len() && inv_std.len() >= raw.len() && into.len() >= raw.len(), "too short");
    for (((raw, mean), inv_std), into) in raw.iter().zip(mean).zip(inv_std).zip(into) {
        *into = standardised(*raw, *mean, *inv_std, fill);
    }
}

/// A raw value, or what replaces it, less the mean, times the inverse standard deviation.
#[inline(always)]
pub(crate) fn standardised(raw: f32, mean: f32, inv_std: f32, fill: Fill) -> f32 {
    (fill.apply(raw, mean) - mean) * inv_std
}

/// The value of a bfloat16 given by its bits.
#[cfg(feature = "weights-int8")]
#[inline(always)]
pub(crate) fn bfloat_to_float(bits: u16) -> f32 {
    half::bf16::from_bits(bits).to_f32()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOT_FINITE: [f32; 3] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];

    #[test]
    fn a_rule_has_its_number() {
        assert_eq!(Fill::ALL.map(|fill| (fill.number(), fill.name())), [(0, "reference"), (1, "mean")]);
        assert_eq!(Fill::ALL.map(|fill| Fill::from_number(fill.number())), Fill::ALL.map(Some));
        assert_eq!(Fill::from_number(2), None);
    }

    #[test]
    fn a_value_that_is_not_finite_is_replaced_by_the_rule() {
        assert_eq!(NOT_FINITE.map(|value| Fill::Reference.apply(value, 9.0)), [0.0, 1.0, -1.0]);
        assert_eq!(NOT_FINITE.map(|value| Fill::Mean.apply(value, 9.0)), [9.0; 3]);
    }

    proptest! {
        #[test]
        fn the_mean_is_exactly_zero_once_it_is_standardised(mean in -1e30f32..1e30, inv_std in 1e-30f32..1e30) {
            for value in NOT_FINITE {
                prop_assert_eq!(standardised(value, mean, inv_std, Fill::Mean).to_bits(), 0);
            }
        }

        #[test]
        fn finite_values_have_the_same_bits_under_both_rules(
            bits in any::<u32>(), mean in -1e30f32..1e30, inv_std in 1e-30f32..1e30,
        ) {
            let value = f32::from_bits(bits);
            prop_assume!(value.is_finite());
            let [reference, mean] = Fill::ALL.map(|fill| standardised(value, mean, inv_std, fill).to_bits());
            prop_assert_eq!(reference, mean);
        }
    }
}
