//! Zero mean and unit variance per feature, with statistics that are fitted once.
//!
//! A probe is standardised with the statistics of the training recordings, never with those of the probe.

use neural_vault_core::encoder::Fill;

/// Mean and inverse standard deviation of each feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Standardiser {
    /// Mean of each feature.
    pub mean: Vec<f32>,
    /// The inverse of the population standard deviation of each feature; 1 where the feature is constant.
    pub inv_std: Vec<f32>,
    /// What replaces values that are not finite.
    pub fill: Fill,
}

/// Standard deviation below which a feature counts as constant, because its inverse overflows float32.
const CONSTANT: f64 = f32::MIN_POSITIVE as f64;

impl Standardiser {
    /// Fits rows x `features` values, and counts the constant features.
    ///
    /// Values that are not finite are replaced under [`Fill::Reference`], and left out under [`Fill::Mean`]. A feature
    /// without a finite value has mean 0 then, and is constant.
    ///
    /// # Panics
    /// When `features` is zero or does not divide the number of values.
    pub fn fit(values: &[f32], features: usize, fill: Fill) -> (Self, usize) {
        assert!(features > 0 && values.len().is_multiple_of(features), "whole rows");
        let counts = |value: f32| fill == Fill::Reference || value.is_finite();
        let number = |value: f32| f64::from(Fill::Reference.apply(value, 0.0));
        let rows = || values.chunks_exact(features).map(|row| (row, row.iter().all(|&value| counts(value))));
        // Sums run over offsets from a feature's first value, so that the variance of a constant column is exactly zero.
        let mut origin = vec![0.0_f64; features];
        let mut open: Vec<usize> = (0..features).collect();
        for row in values.chunks_exact(features) {
            open.retain(|&k| {
                let found = counts(row[k]);
                if found {
                    origin[k] = number(row[k]);
                }
                !found
            });
            if open.is_empty() {
                break;
            }
        }
        // Most rows are whole, and are summed without a look at each value.
        let (mut sums, mut missing) = (vec![0.0_f64; features], vec![0.0_f64; features]);
        for (row, is_whole) in rows() {
            for (k, ((&value, origin), sum)) in row.iter().zip(&origin).zip(&mut sums).enumerate() {
                if is_whole || counts(value) {
                    *sum += number(value) - origin;
                } else {
                    missing[k] += 1.0;
                }
            }
        }
        let total = (values.len() / features) as f64;
        let known: Vec<f64> = missing.iter().map(|missing| (total - missing).max(1.0)).collect();
        let mean: Vec<f64> =
            origin.iter().zip(&sums).zip(&known).map(|((origin, sum), known)| origin + sum / known).collect();
        let mut squares = vec![0.0_f64; features];
        for (row, is_whole) in rows() {
            for ((square, &value), mean) in squares.iter_mut().zip(row).zip(&mean) {
                if is_whole || counts(value) {
                    let offset = number(value) - mean;
                    *square += offset * offset;
                }
            }
        }
        let mut constant = 0;
        let inv_std = squares
            .iter()
            .zip(&known)
            .map(|(square, known)| {
                let deviation = (square / known).sqrt();
                if deviation < CONSTANT {
                    constant += 1;
                    return 1.0;
                }
                (1.0 / deviation) as f32
            })
            .collect();
        let mean = mean.into_iter().map(|mean| mean as f32).collect();
        (Self { mean, inv_std, fill }, constant)
    }

    /// Standardises rows in place: `(value - mean) * inv_std`, values that are not finite replaced first.
    ///
    /// # Panics
    /// When the values are not whole rows of this width.
    pub fn apply(&self, values: &mut [f32]) {
        assert!(values.len().is_multiple_of(self.mean.len().max(1)), "whole rows");
        for row in values.chunks_exact_mut(self.mean.len().max(1)) {
            for ((value, mean), inv_std) in row.iter_mut().zip(&self.mean).zip(&self.inv_std) {
                *value = (self.fill.apply(*value, *mean) - mean) * inv_std;
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use neural_vault_testkit::vector;
    use proptest::prelude::*;

    use super::*;

    const NAN: f32 = f32::NAN;

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
        let (standardiser, constant) = Standardiser::fit(&values, raw[0].len(), Fill::Reference);
        standardiser.apply(&mut values);
        assert_eq!(constant, 1);
        for (value, expected) in values.iter().zip(expected.iter().flatten()) {
            assert!((value - expected).abs() < 1e-6, "{value} for {expected}");
        }
    }

    #[test]
    fn a_column_of_one_value_is_constant_whatever_the_value() {
        for value in [0.1_f32, 1e30, -1e-30, 16_777_217.0, f32::MAX] {
            let (standardiser, constant) = Standardiser::fit(&vec![value; 100_003], 1, Fill::Mean);
            assert_eq!((constant, standardiser.inv_std[0], standardiser.mean[0]), (1, 1.0, value));
        }
    }

    #[test]
    fn a_column_with_a_difference_in_the_last_bit_is_not_constant() {
        let mut values = vec![0.1_f32; 100_003];
        values[7] = 0.1_f32.next_up();
        assert_eq!(Standardiser::fit(&values, 1, Fill::Mean).1, 0);
    }

    #[test]
    fn a_probe_is_standardised_by_the_fitted_statistics() {
        let standardised = |fill, mut probe: [f32; 2]| {
            Standardiser::fit(&[0.0, 10.0, 2.0, 30.0], 2, fill).0.apply(&mut probe);
            probe
        };
        assert_eq!(standardised(Fill::Reference, [1.0, f32::INFINITY]), [0.0, -1.9]);
        assert_eq!(standardised(Fill::Mean, [NAN, f32::INFINITY]), [0.0, 0.0]);
        assert_eq!(standardised(Fill::Mean, [1.0, 10.0]), [0.0, -1.0]);
    }

    #[test]
    fn values_that_are_not_finite_are_left_out_of_the_mean_or_replaced() {
        let values = [NAN, NAN, 6.0, f32::INFINITY, 2.0, NAN, 4.0, f32::NEG_INFINITY];
        let (standardiser, constant) = Standardiser::fit(&values, 2, Fill::Mean);
        assert_eq!((standardiser.mean, constant), (vec![4.0, 0.0], 1));
        assert!((standardiser.inv_std[0] - 1.5f32.sqrt() / 2.0).abs() < 1e-6);
        assert_eq!(standardiser.inv_std[1], 1.0);
        let (standardiser, constant) = Standardiser::fit(&values, 2, Fill::Reference);
        assert_eq!((standardiser.mean, constant), (vec![3.0, 0.0], 0));
    }

    proptest! {
        #[test]
        fn fitted_rows_have_zero_mean_and_unit_variance(
            values in prop::collection::vec(prop::collection::vec(-100.0..100.0_f32, 3), 2..40),
        ) {
            let rows = values.len() as f32;
            let mut values = values.concat();
            let (standardiser, _) = Standardiser::fit(&values, 3, Fill::Mean);
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
