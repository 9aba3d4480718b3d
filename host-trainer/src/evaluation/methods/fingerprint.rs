//! The connectome fingerprint: correlations of regions, compared by their own correlation (Finn et al. 2015).

use super::correlations::{correlations, upper};
use super::method::Method;
use super::rows::Rows;
use super::scan_method::{Background, Described, ScanMethod, ScanScorer};
use crate::evaluation::error::EvaluationError;
use crate::evaluation::protocols::Protocol;

/// Correlations of all pairs of regions, Fisher z-transformed, compared by Pearson's correlation.
///
/// Every person's connectome is much like every other's, and few frames leave it noisy: without centring the score tells
/// more about the probe than about the person, see [`super::fingerprint_centred`].
pub(super) struct Fingerprint;

/// Correlations are clamped to this before the z-transform, which is infinite at 1.
const LARGEST: f64 = 0.9999;

struct Pearson;

impl Method for Fingerprint {
    fn name(&self) -> &'static str {
        "fingerprint"
    }

    fn argument(&self) -> &'static str {
        "fingerprint"
    }

    fn help(&self) -> &'static str {
        "Correlations of regions, Fisher z (unseen-persons)"
    }

    fn explanation(&self) -> &'static str {
        "Correlations of all pairs of regions, Fisher z-transformed, compared by their own correlation (Finn et al. 2015)."
    }

    fn fits(&self, protocol: &dyn Protocol) -> bool {
        protocol.scores_scans()
    }

    fn scans(&self) -> Option<&dyn ScanMethod> {
        Some(self)
    }
}

impl ScanMethod for Fingerprint {
    fn describe(&self, scan: &[f32], features: usize) -> Result<Vec<f32>, EvaluationError> {
        Ok(fisher_z(scan, features))
    }

    fn fit(&self, _: &Background<'_>) -> Result<Box<dyn ScanScorer>, EvaluationError> {
        Ok(Box::new(Pearson))
    }
}

impl ScanScorer for Pearson {
    fn code(&self, scans: &[&Described]) -> Result<Rows, EvaluationError> {
        Ok(centred(scans))
    }
}

/// The z-transformed correlations of all pairs of features.
pub(super) fn fisher_z(scan: &[f32], features: usize) -> Vec<f32> {
    upper(&correlations(scan, features)).map(|r| r.clamp(-LARGEST, LARGEST).atanh() as f32).collect()
}

/// The descriptions less the mean of their components, so that their cosine is Pearson's correlation.
pub(super) fn centred(scans: &[&Described]) -> Rows {
    let width = scans.first().map_or(1, |scan| scan.description.len());
    let values = scans.iter().flat_map(|scan| scan.description.iter().copied()).collect();
    Rows::new(values, width).map(|code| {
        let mean = code.iter().map(|&value| f64::from(value)).sum::<f64>() / width as f64;
        code.iter_mut().for_each(|value| *value -= mean as f32);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_are_z_transformed_and_a_constant_region_correlates_with_none() {
        // Columns: 1 2 3, 2 4 6 (r = 1), 3 1 2 (r = -0.5), 5 5 5.
        let scan = [1.0, 2.0, 3.0, 5.0, 2.0, 4.0, 1.0, 5.0, 3.0, 6.0, 2.0, 5.0];
        let found = fisher_z(&scan, 4);
        let expected = [LARGEST.atanh(), (-0.5_f64).atanh(), 0.0, (-0.5_f64).atanh(), 0.0, 0.0];
        assert!(found.iter().zip(expected).all(|(f, e)| (f64::from(*f) - e).abs() < 1e-6), "{found:?}");
    }
}
