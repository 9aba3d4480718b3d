//! Values to the integer codes that int8 weights are multiplied by, and sums of products back to values.

use crate::encoder::standardise::{bfloat_to_float, standardised};

/// Each value times `factor`, rounded to nearest with ties to even, within `most` either side of zero.
///
/// What is not a number has some code, always the same.
#[inline(always)]
pub fn quantise(values: &[f32], factor: f32, most: i16, codes: &mut [i16]) {
    let most = f32::from(most);
    for (value, place) in values.iter().zip(codes) {
        *place = code(*value, factor, most);
    }
}

/// As [`quantise`], of raw values standardised by their mean and inverse standard deviation, bits of bfloat16.
#[inline(always)]
pub fn quantise_raw(raw: &[f32], mean: &[u16], inv_std: &[u16], factor: f32, most: i16, codes: &mut [i16]) {
    let most = f32::from(most);
    for (((raw, mean), inv_std), place) in raw.iter().zip(mean).zip(inv_std).zip(codes) {
        let standardised = standardised(*raw, bfloat_to_float(*mean), bfloat_to_float(*inv_std));
        *place = code(standardised, factor, most);
    }
}

#[inline(always)]
fn code(value: f32, factor: f32, most: f32) -> i16 {
    /// Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits.
    const ROUNDER: f32 = 12_582_912.0;

    let scaled = value * factor;
    let scaled = if scaled < most { scaled } else { most };
    let scaled = if scaled > -most { scaled } else { -most };
    (scaled + ROUNDER).to_bits() as i16
}

/// The largest magnitude of the values, which is infinite or no number when one of them is.
#[inline(always)]
pub fn magnitude(values: &[f32]) -> f32 {
    // The bits of floats without their sign have the order of the floats, and what is no number comes last.
    f32::from_bits(values.iter().fold(0, |most, value| most.max(value.to_bits() & 0x7fff_ffff)))
}

/// Sums of int32, given by their bits, to the outputs of a row whose codes are worth `worth`: times the output's scale
/// times that, plus the bias.
#[inline(always)]
pub fn rescale(row: &mut [f32], worth: f32, scale: &[f32], bias: &[f32]) {
    for ((y, scale), bias) in row.iter_mut().zip(scale).zip(bias) {
        *y = y.to_bits() as i32 as f32 * (scale * worth) + bias;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn codes_are_the_nearest_integers_within_the_range(bits in any::<u32>(), factor in 0.0f32..1e6, most in 1i16..) {
            let value = f32::from_bits(bits);
            let mut codes = [0];
            quantise(&[value], factor, most, &mut codes);
            let expected = (value * factor).clamp(-f32::from(most), f32::from(most)).round_ties_even();
            let expected = if expected.is_nan() { most } else { expected as i16 };
            prop_assert_eq!(codes, [expected]);
        }

        #[test]
        fn codes_of_raw_values_are_those_of_standardised_ones(
            bits in any::<u32>(), mean in any::<u16>(), inv_std in any::<u16>(), factor in 0.0f32..1e6, most in 1i16..,
        ) {
            let raw = f32::from_bits(bits);
            let (mut expected, mut codes) = ([0], [0]);
            let [float_mean, float_inv_std] = [mean, inv_std].map(|bits| half::bf16::from_bits(bits).to_f32());
            quantise(&[standardised(raw, float_mean, float_inv_std)], factor, most, &mut expected);
            quantise_raw(&[raw], &[mean], &[inv_std], factor, most, &mut codes);
            prop_assert_eq!(codes, expected);
        }
    }
}
