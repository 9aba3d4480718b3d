//! Values to integer codes for int8 weights, and sums of products to values.

use crate::encoder::standardise::standardised;

/// Each value times `factor`, rounded to nearest with ties to even and clamped to `max_code` either side of zero.
///
/// NaN has the same code everywhere. Codes past the last value stay as they are.
///
/// # Panics
/// With fewer codes than values.
#[inline(always)]
pub fn quantise(values: &[f32], factor: f32, max_code: i16, codes: &mut [i16]) {
    assert!(codes.len() >= values.len(), "too short");
    let max_code = f32::from(max_code);
    for (value, place) in values.iter().zip(codes) {
        *place = code(*value, factor, max_code);
    }
}

/// As [`quantise`], of raw values standardised by their mean and inverse standard deviation, bits of bfloat16.
///
/// # Panics
/// With fewer means, inverse standard deviations or codes than raw values.
#[inline(always)]
pub fn quantise_raw(raw: &[f32], mean: &[u16], inv_std: &[u16], factor: f32, max_code: i16, codes: &mut [i16]) {
    assert!(mean.len() >= raw.len() && inv_std.len() >= raw.len() && codes.len() >= raw.len(), "too short");
    let max_code = f32::from(max_code);
    for (((raw, mean), inv_std), place) in raw.iter().zip(mean).zip(inv_std).zip(codes) {
        let standardised = standardised(*raw, finite_bfloat(*mean), finite_bfloat(*inv_std));
        *place = code(standardised, factor, max_code);
    }
}

/// The value of a bfloat16 that is not NaN, given by its bits.
///
/// In place of the half crate's conversion: that asks for NaN, which is 4 % of a Cortex-M4's instructions for an embedding.
#[inline(always)]
fn finite_bfloat(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

#[inline(always)]
fn code(value: f32, factor: f32, max_code: f32) -> i16 {
    /// Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits.
    const ROUNDER: f32 = 12_582_912.0;

    let scaled = value * factor;
    let scaled = if scaled < max_code { scaled } else { max_code };
    let scaled = if scaled > -max_code { scaled } else { -max_code };
    (scaled + ROUNDER).to_bits() as i16
}

/// The largest magnitude of the values; infinite or NaN when one of them is.
#[inline(always)]
pub fn magnitude(values: &[f32]) -> f32 {
    // The bits of floats without their sign have the order of the floats, and NaN comes last.
    f32::from_bits(values.iter().fold(0, |largest, value| largest.max(value.to_bits() & 0x7fff_ffff)))
}

/// The sums of a row, int32 given by their bits, to outputs: times the scales of the output and the row's inputs, plus the
/// bias.
///
/// # Panics
/// Without one scale and one bias for each sum.
#[inline(always)]
pub fn rescale(row: &mut [f32], input_scale: f32, scale: &[f32], bias: &[f32]) {
    assert!(scale.len() == row.len() && bias.len() == row.len(), "outputs");
    for ((y, scale), bias) in row.iter_mut().zip(scale).zip(bias) {
        *y = y.to_bits() as i32 as f32 * (scale * input_scale) + bias;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn codes_are_the_nearest_integers_within_the_range(bits in any::<u32>(), factor in 0.0f32..1e6, max_code in 1i16..) {
            let value = f32::from_bits(bits);
            let mut codes = [0];
            quantise(&[value], factor, max_code, &mut codes);
            let expected = (value * factor).clamp(-f32::from(max_code), f32::from(max_code)).round_ties_even();
            let expected = if expected.is_nan() { max_code } else { expected as i16 };
            prop_assert_eq!(codes, [expected]);
        }

        #[test]
        fn codes_of_raw_values_are_those_of_standardised_ones(
            bits in any::<u32>(), mean in any::<u16>(), inv_std in any::<u16>(), factor in 0.0f32..1e6, max_code in 1i16..,
        ) {
            let raw = f32::from_bits(bits);
            let (mut expected, mut codes) = ([0], [0]);
            let [float_mean, float_inv_std] = [mean, inv_std].map(|bits| half::bf16::from_bits(bits).to_f32());
            quantise(&[standardised(raw, float_mean, float_inv_std)], factor, max_code, &mut expected);
            quantise_raw(&[raw], &[mean], &[inv_std], factor, max_code, &mut codes);
            prop_assert_eq!(codes, expected);
        }
    }
}
