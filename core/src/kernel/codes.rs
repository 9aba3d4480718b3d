//! Values to integer codes for int8 weights, and sums of products to values.

use super::standardise::{Statistics, standardised};

/// How values become integer codes.
#[derive(Clone, Copy, Debug)]
pub struct Quantiser {
    /// What a value is multiplied by, one over the step size.
    pub factor: f32,
    /// The largest magnitude of a code.
    pub max_code: i16,
}

/// Values of one row, standardised and quantised on the way in.
#[derive(Clone, Copy, Debug)]
pub struct RawRow<'a> {
    /// Raw values.
    pub raw: &'a [f32],
    /// The statistics of its features, bits of bfloat16.
    pub statistics: Statistics<'a, u16>,
    /// What a standardised value is multiplied by to become a code.
    pub factor: f32,
}

/// How a row's sums become outputs.
#[derive(Clone, Copy, Debug)]
pub struct OutputScale<'a> {
    /// Scale of the codes of the row's inputs.
    pub input: f32,
    /// Scale of the weights of each output.
    pub weights: &'a [f32],
    /// Bias of each output.
    pub bias: &'a [f32],
}

/// As [`Kernel::quantise`](super::Kernel::quantise).
///
/// # Panics
/// With fewer codes than values.
#[inline(always)]
pub fn quantise(values: &[f32], quantiser: Quantiser, codes: &mut [i16]) {
    assert!(codes.len() >= values.len(), "too short");
    for (value, place) in values.iter().zip(codes) {
        *place = quantiser.code(*value);
    }
}

/// As [`Kernel::quantise_raw`](super::Kernel::quantise_raw).
///
/// # Panics
/// With fewer statistics or codes than raw values.
#[inline(always)]
pub fn quantise_raw(raw: &[f32], statistics: Statistics<'_, u16>, quantiser: Quantiser, codes: &mut [i16]) {
    let Statistics { mean, inv_std, fill } = statistics;
    assert!(mean.len() >= raw.len() && inv_std.len() >= raw.len() && codes.len() >= raw.len(), "too short");
    for (((raw, mean), inv_std), place) in raw.iter().zip(mean).zip(inv_std).zip(codes) {
        *place = quantiser.code(standardised(*raw, finite_bfloat(*mean), finite_bfloat(*inv_std), fill));
    }
}

/// The value of a bfloat16 that is not NaN, given by its bits.
///
/// In place of the half crate's conversion: that asks for NaN, which is 4 % of a Cortex-M4's instructions for an embedding.
#[inline(always)]
fn finite_bfloat(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

impl Quantiser {
    /// The code of a value.
    #[inline(always)]
    fn code(self, value: f32) -> i16 {
        /// Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits.
        const ROUNDER: f32 = 12_582_912.0;

        let max_code = f32::from(self.max_code);
        let scaled = value * self.factor;
        let scaled = if scaled < max_code { scaled } else { max_code };
        let scaled = if scaled > -max_code { scaled } else { -max_code };
        (scaled + ROUNDER).to_bits() as i16
    }
}

/// As [`Kernel::magnitude`](super::Kernel::magnitude).
#[inline(always)]
pub fn magnitude(values: &[f32]) -> f32 {
    // The bits of floats without their sign have the order of the floats, and NaN comes last.
    f32::from_bits(values.iter().fold(0, |largest, value| largest.max(value.to_bits() & 0x7fff_ffff)))
}

/// As [`Kernel::rescale`](super::Kernel::rescale).
///
/// # Panics
/// Without one scale and one bias for each sum.
#[inline(always)]
pub fn rescale(row: &mut [f32], scale: OutputScale<'_>) {
    let OutputScale { input, weights, bias } = scale;
    assert!(weights.len() == row.len() && bias.len() == row.len(), "outputs");
    for ((y, scale), bias) in row.iter_mut().zip(weights).zip(bias) {
        *y = y.to_bits() as i32 as f32 * (scale * input) + bias;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::kernel::Fill;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn codes_are_the_nearest_integers_within_the_range(bits in any::<u32>(), factor in 0.0f32..1e6, max_code in 1i16..) {
            let value = f32::from_bits(bits);
            let mut codes = [0];
            quantise(&[value], Quantiser { factor, max_code }, &mut codes);
            let expected = (value * factor).clamp(-f32::from(max_code), f32::from(max_code)).round_ties_even();
            let expected = if expected.is_nan() { max_code } else { expected as i16 };
            prop_assert_eq!(codes, [expected]);
        }

        #[test]
        fn codes_of_raw_values_are_those_of_standardised_ones(
            bits in any::<u32>(), mean in any::<u16>(), inv_std in any::<u16>(), factor in 0.0f32..1e6, max_code in 1i16..,
            fill in 0u16..2,
        ) {
            let fill = Fill::from_number(fill).unwrap();
            let raw = f32::from_bits(bits);
            let (mut expected, mut codes) = ([0], [0]);
            let [float_mean, float_inv_std] = [mean, inv_std].map(|bits| half::bf16::from_bits(bits).to_f32());
            let quantiser = Quantiser { factor, max_code };
            quantise(&[standardised(raw, float_mean, float_inv_std, fill)], quantiser, &mut expected);
            quantise_raw(&[raw], Statistics { mean: &[mean], inv_std: &[inv_std], fill }, quantiser, &mut codes);
            prop_assert_eq!(codes, expected);
        }
    }
}
