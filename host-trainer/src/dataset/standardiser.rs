//! Zero mean and unit variance per feature, with statistics that are fitted once.
//!
//! A probe is standardised with the statistics of the training recordings, never with those of the probe.

use neural_vault_core::encoder;

/// Mean and inverse standard deviation of each feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Standardiser {
    /// Mean of each feature.
    pub mean: Vec<f32>,
    /// The inverse of the population standard deviation of each feature; 1 where the feature is constant.
    pub inv_std: Vec<f32>,
}

/// Standard deviation below which a feature counts as constant, because its inverse overflows float32.
const CONSTANT: f64 = f32::MIN_POSITIVE as f64;

impl Standardiser {
    /// Fits rows x `features` values, sanitised as they are read, and counts the constant features.
    ///
    /// # Panics
    /// When `features` is zero or does not divide the number of values.
    pub fn fit(values: &[f32], features: usize) -> (Self, usize) {
        assert!(features > 0 && values.len().is_multiple_of(features), "whole rows");
        let rows = (values.len() / features).max(1) as f64;
        // Sums run over offsets from the first row, so that the variance of a constant column is exactly zero.
        let origin: Vec<f64> = values.iter().take(features).map(|&value| f64::from(encoder::sanitise(value))).collect();
        let mut sum = vec![0.0_f64; features];
        for row in values.chunks_exact(features) {
            for ((sum, &value), origin) in sum.iter_mut().zip(row).zip(&origin) {
                *sum += f64::from(encoder::sanitise(value)) - origin;
            }
        }
        let mean: Vec<f64> = origin.iter().zip(&sum).map(|(origin, sum)| origin + sum / rows).collect();
        let mut squares = vec![0.0_f64; features];
        for row in values.chunks_exact(features) {
            for ((square, &value), mean) in squares.iter_mut().zip(row).zip(&mean) {
                let offset = f64::from(encoder::sanitise(value)) - mean;
                *square += offset * offset;
            }
        }
        let mut constant = 0;
        let inv_std = squares
            .iter()
            .map(|square| {
                let deviation = (square / rows).sqrt();
                if deviation < CONSTANT {
                    constant += 1;
                    return 1.0;
                }
                (1.0 / deviation) as f32
            })
            .collect();
        let mean = mean.into_iter().map(|mean| mean as f32).collect();
        (Self { mean, inv_std }, constant)
    }

    /// Standardises rows in place: `(sanitised - mean) * inv_std`.
    ///
    /// # Panics
    /// When the values are not whole rows of this width.
    pub fn apply(&self, values: &mut [f32]) {
        assert!(values.len().is_multiple_of(self.mean.len().max(1)), "whole rows");
        for row in values.chunks_exact_mut(self.mean.len().max(1)) {
            for ((value, mean), inv_std) in row.iter_mut().zip(&self.mean).zip(&self.inv_std) {
                *value = (encoder::sanitise(*value) - mean) * inv_std;
            }
        }
    }
}

/// Replaces NaN by 0, +inf by 1 and -inf by -1, in place.
pub fn sanitise(values: &mut [f32]) {
    for value in values {
        *value = encoder::sanitise(*value);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dataset::fixtures::vector;

    #[derive(serde::Deserialize)]
    struct Vector {
        raw: Vec<Vec<serde_json::Value>>,
        expected: Vec<Vec<f32>>,
    }

    #[test]
    fn agrees_with_the_reference_vectors() {
        let Vector { raw, expected } = serde_json::from_slice(&vector("standardise.json")).unwrap();
        let number = |cell: &serde_json::Value| match cell.as_f64() {
            Some(number) => number as f32,
            None => cell.as_str().unwrap().parse().unwrap(),
        };
        let mut values: Vec<f32> = raw.iter().flatten().map(number).collect();
        let (standardiser, constant) = Standardiser::fit(&values, raw[0].len());
        standardiser.apply(&mut values);
        assert_eq!(constant, 1);
        for (value, expected) in values.iter().zip(expected.iter().flatten()) {
            assert!((value - expected).abs() < 1e-6, "{value} for {expected}");
        }
    }

    #[test]
    fn a_column_of_one_value_is_constant_whatever_the_value() {
        for value in [0.1_f32, 1e30, -1e-30, 16_777_217.0, f32::MAX] {
            let (standardiser, constant) = Standardiser::fit(&vec![value; 100_003], 1);
            assert_eq!((constant, standardiser.inv_std[0], standardiser.mean[0]), (1, 1.0, value));
        }
    }

    #[test]
    fn a_column_with_a_difference_in_the_last_bit_is_not_constant() {
        let mut values = vec![0.1_f32; 100_003];
        values[7] = 0.1_f32.next_up();
        assert_eq!(Standardiser::fit(&values, 1).1, 0);
    }

    #[test]
    fn a_probe_is_standardised_by_the_fitted_statistics() {
        let (standardiser, _) = Standardiser::fit(&[0.0, 10.0, 2.0, 30.0], 2);
        let mut probe = [1.0, f32::INFINITY];
        standardiser.apply(&mut probe);
        assert_eq!(probe, [0.0, -1.9]);
    }

    #[test]
    fn nan_and_infinities_are_sanitised() {
        let mut values = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 2.5];
        sanitise(&mut values);
        assert_eq!(values, [0.0, 1.0, -1.0, 2.5]);
    }

    proptest! {
        #[test]
        fn fitted_rows_have_zero_mean_and_unit_variance(
            values in prop::collection::vec(prop::collection::vec(-100.0..100.0_f32, 3), 2..40),
        ) {
            let rows = values.len() as f32;
            let mut values = values.concat();
            let (standardiser, _) = Standardiser::fit(&values, 3);
            standardiser.apply(&mut values);
            for feature in 0..3 {
                let column = || values.iter().skip(feature).step_by(3);
                let mean = column().sum::<f32>() / rows;
                let variance = column().map(|value| (value - mean).powi(2)).sum::<f32>() / rows;
                prop_assert!(mean.abs() < 1e-3, "{mean}");
                prop_assert!((variance - 1.0).abs() < 1e-3 || variance == 0.0, "{variance}");
            }
        }
    }
}
