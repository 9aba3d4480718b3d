//! Zero mean and unit variance per feature, with the statistics of one fitting.
//!
//! A probe is standardised with the statistics fixed at enrolment, never its own.

/// Per-feature statistics, fixed when fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Standardiser {
    /// Mean of each feature.
    pub mean: Vec<f32>,
    /// One over the population standard deviation of each feature; 1 where the feature is constant.
    pub inv_std: Vec<f32>,
}

/// A feature that deviates by less is constant: one over it would leave float32's range.
const CONSTANT: f64 = f32::MIN_POSITIVE as f64;

impl Standardiser {
    /// Fits rows x `features` values, sanitised as they are read, and counts the constant features.
    ///
    /// # Panics
    /// When `features` is zero or does not divide the number of values.
    pub fn fit(values: &[f32], features: usize) -> (Self, usize) {
        assert!(
            features > 0 && values.len().is_multiple_of(features),
            "whole rows"
        );
        let rows = (values.len() / features).max(1) as f64;
        // Sums run over offsets from the first row, so that a column of one value has exactly no variance.
        let origin: Vec<f64> = values
            .iter()
            .take(features)
            .map(|&value| f64::from(sane(value)))
            .collect();
        let mut sum = vec![0.0_f64; features];
        for row in values.chunks_exact(features) {
            for ((sum, &value), origin) in sum.iter_mut().zip(row).zip(&origin) {
                *sum += f64::from(sane(value)) - origin;
            }
        }
        let mean: Vec<f64> = origin
            .iter()
            .zip(&sum)
            .map(|(origin, sum)| origin + sum / rows)
            .collect();
        let mut squares = vec![0.0_f64; features];
        for row in values.chunks_exact(features) {
            for ((square, &value), mean) in squares.iter_mut().zip(row).zip(&mean) {
                let offset = f64::from(sane(value)) - mean;
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
        assert!(
            values.len().is_multiple_of(self.mean.len().max(1)),
            "whole rows"
        );
        for row in values.chunks_exact_mut(self.mean.len().max(1)) {
            for ((value, mean), inv_std) in row.iter_mut().zip(&self.mean).zip(&self.inv_std) {
                *value = (sane(*value) - mean) * inv_std;
            }
        }
    }
}

/// Replaces NaN by 0, +inf by 1 and -inf by -1, in place.
pub fn sanitise(values: &mut [f32]) {
    for value in values {
        *value = sane(*value);
    }
}

fn sane(value: f32) -> f32 {
    if value.is_finite() {
        value
    } else if value.is_nan() {
        0.0
    } else {
        value.signum()
    }
}
