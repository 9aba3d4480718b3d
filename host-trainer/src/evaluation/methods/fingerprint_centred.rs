//! The connectome fingerprint relative to the gallery, as identification uses it (Finn et al. 2015).

use super::cosine::CosineGallery;
use super::fingerprint::{centred, fisher_z};
use super::gallery::Gallery;
use super::method::Method;
use super::rows::Rows;
use super::scan_method::{Background, Described, ScanMethod, ScanScorer, one_each};
use crate::evaluation::error::EvaluationError;
use crate::evaluation::protocols::Protocol;

/// The connectome fingerprint's score minus its mean over all enrolled persons, up to a factor.
///
/// What all connectomes and the probe's noise have in common cancels. The price: whoever verifies one person holds the
/// prototypes of all, and the impostors here are persons of that gallery; a stranger's score is not lowered as theirs is.
pub(super) struct FingerprintCentred;

struct Relative;

impl Method for FingerprintCentred {
    fn name(&self) -> &'static str {
        "centred fingerprint"
    }

    fn argument(&self) -> &'static str {
        "fingerprint-centred"
    }

    fn help(&self) -> &'static str {
        "The same less its mean over all enrolled persons (unseen-persons)"
    }

    fn explanation(&self) -> &'static str {
        "The fingerprint's score less its mean over all enrolled persons, for which everyone's prototype is needed (Finn et al. 2015)."
    }

    fn fits(&self, protocol: &dyn Protocol) -> bool {
        protocol.scores_scans()
    }

    fn scans(&self) -> Option<&dyn ScanMethod> {
        Some(self)
    }
}

impl ScanMethod for FingerprintCentred {
    fn describe(&self, scan: &[f32], features: usize) -> Result<Vec<f32>, EvaluationError> {
        Ok(fisher_z(scan, features))
    }

    fn fit(&self, _: &Background<'_>) -> Result<Box<dyn ScanScorer>, EvaluationError> {
        Ok(Box::new(Relative))
    }
}

impl ScanScorer for Relative {
    fn code(&self, scans: &[&Described]) -> Result<Rows, EvaluationError> {
        Ok(centred(scans))
    }

    fn enrol(&self, _: &[&Described], codes: &Rows) -> Box<dyn Gallery> {
        Box::new(CosineGallery::new(codes, &one_each(codes)).centred())
    }
}
