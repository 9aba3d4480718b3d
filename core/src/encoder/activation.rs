//! ReLU and GELU, without a platform's math library.

use core::f32::consts::FRAC_1_SQRT_2;

use crate::encoder::erf::erf;

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

#[cfg(test)]
mod tests {
    use super::*;

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
