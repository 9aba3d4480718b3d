//! The exponential of softmax, without a platform's math library.

use core::f32::consts::LOG2_E;

/// `e^x` for x <= 0, within 2e-7 relative; below -87 it stays at e^-87.
///
/// The Cephes polynomial (Moshier, `expf`) after reduction to |r| <= ln(2)/2, in plain products and sums.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    /// Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits.
    const ROUNDER: f32 = 12_582_912.0;

    let x = if x < -87.0 { -87.0 } else { x };
    let shifted = x * LOG2_E + ROUNDER;
    let whole = shifted - ROUNDER;
    let exponent = shifted.to_bits().wrapping_sub(ROUNDER.to_bits());
    let r = x - whole * LN2_HIGH - whole * LN2_LOW;
    let p = polynomial(r, &[5e-1, 1.666_666_5e-1, 4.166_579_6e-2, 8.333_452e-3, 1.398_199_9e-3, 1.987_569_1e-4]);
    let mantissa = p * r * r + r + 1.0;
    mantissa * f32::from_bits(exponent.wrapping_add(127) << 23)
}

/// The polynomial of these coefficients, lowest power first, by Horner's rule.
#[inline]
pub(crate) fn polynomial(x: f32, coefficients: &[f32]) -> f32 {
    coefficients.iter().rev().fold(0.0, |sum, coefficient| coefficient + x * sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_its_stated_error() {
        for step in 0..870_000 {
            let x = -(step as f32) / 10_000.0;
            let expected = f64::from(x).exp();
            let error = (f64::from(exp(x)) - expected).abs() / expected;
            assert!(error < 2e-7, "exp({x}) is off by {error:e}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(-1e30), exp(-87.0));
    }
}
