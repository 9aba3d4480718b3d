//! ReLU, GELU and the exponential of softmax, without a platform's math library.

use core::f32::consts::{FRAC_1_SQRT_2, LOG2_E};

use crate::encoder::erf::{erf, polynomial};

/// Replaces negative values by zero.
pub(super) fn relu(values: &mut [f32]) {
    for value in values {
        *value = if *value > 0.0 { *value } else { 0.0 };
    }
}

/// Gaussian error linear unit with the error function (Hendrycks and Gimpel 2016), not its tanh approximation.
pub(super) fn gelu(values: &mut [f32]) {
    for value in values {
        *value = 0.5 * *value * (1.0 + erf(*value * FRAC_1_SQRT_2));
    }
}

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

    #[test]
    fn gelu_and_relu_of_known_values() {
        let mut values = [-1.0, 0.0, 1.0, f32::NAN];
        gelu(&mut values);
        assert!((values[0] + 0.158_655_25).abs() < 1e-6);
        assert_eq!(values[1], 0.0);
        assert!((values[2] - 0.841_344_8).abs() < 1e-6);
        assert!(values[3].is_nan());
        let mut values = [-1.0, -0.0, 2.0];
        relu(&mut values);
        assert_eq!(values, [0.0, 0.0, 2.0]);
    }
}
