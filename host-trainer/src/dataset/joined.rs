//! Frames of several scans as one, for models that embed all frames of a person at once.

use super::rows::{Dataset, Scan};

impl Dataset {
    /// The frames of `scans`, one scan after the other, each feature less its mean over the scan it is from.
    ///
    /// Levels differ from session to session; left in, these differences would count as correlation between features. Means
    /// are those of the finite values, summed in float64; a value that is not finite stays as it is.
    ///
    /// # Panics
    /// When the rows of a scan are not in this dataset.
    #[must_use]
    pub fn joined(&self, scans: &[Scan]) -> Vec<f32> {
        let mut joined = Vec::with_capacity(scans.iter().map(|scan| scan.rows.len() * self.features).sum());
        for scan in scans {
            let values = self.scan_values(scan);
            let means = means(values, self.features);
            let centred = values.chunks_exact(self.features).flat_map(|frame| frame.iter().zip(&means));
            joined.extend(centred.map(|(value, mean)| (f64::from(*value) - mean) as f32));
        }
        joined
    }
}

/// The mean of the finite values of each feature; 0 where there are none.
fn means(values: &[f32], features: usize) -> Vec<f64> {
    let mut sums = vec![(0.0, 0_usize); features];
    for frame in values.chunks_exact(features) {
        for ((sum, count), value) in sums.iter_mut().zip(frame).filter(|(_, value)| value.is_finite()) {
            *sum += f64::from(*value);
            *count += 1;
        }
    }
    sums.into_iter().map(|(sum, count)| if count == 0 { 0.0 } else { sum / count as f64 }).collect()
}

#[cfg(test)]
mod tests {
    use crate::dataset::Synthetic;

    #[test]
    fn each_scan_loses_its_own_mean_and_values_that_are_not_finite_stay() {
        let mut data =
            Synthetic { classes: 1, timesteps: 2, features: 2, sessions: 2, noise: 1.0, seed: 1 }.recordings();
        data.values = vec![1.0, f32::NAN, 3.0, 8.0, 100.0, f32::INFINITY, 300.0, f32::NAN];
        let joined = data.joined(&data.scans());
        let nan_as_zero: Vec<f32> = joined.iter().map(|value| if value.is_nan() { 0.0 } else { *value }).collect();
        assert_eq!(nan_as_zero, [-1.0, 0.0, 1.0, 0.0, -100.0, f32::INFINITY, 100.0, 0.0]);
        assert!(joined[1].is_nan() && joined[7].is_nan());
    }
}
