//! The embedding of a connectome model relative to the gallery, as identification uses it.

use super::connectome::Connectome;
use super::cosine::CosineGallery;
use super::gallery::Gallery;
use super::method::Method;
use super::rows::Rows;
use super::scan_method::{Background, Described, ScanMethod, ScanScorer, one_each};
use crate::evaluation::error::EvaluationError;
use crate::evaluation::protocols::Protocol;

/// The score of `connectome` minus its mean over all enrolled persons, up to a factor.
///
/// It is what [`super::fingerprint_centred`] has to be compared with: both know everyone who is enrolled.
pub(super) struct ConnectomeCentred;

struct Relative(Box<dyn ScanScorer>);

impl Method for ConnectomeCentred {
    fn name(&self) -> &'static str {
        "centred connectome"
    }

    fn argument(&self) -> &'static str {
        "connectome-centred"
    }

    fn help(&self) -> &'static str {
        "The same less its mean over all enrolled persons (unseen-persons)"
    }

    fn explanation(&self) -> &'static str {
        "Connectome's score less its mean over all enrolled persons, for which everyone's prototype is needed."
    }

    fn is_simple(&self) -> bool {
        false
    }

    fn fits(&self, protocol: &dyn Protocol) -> bool {
        protocol.scores_scans()
    }

    fn scans(&self) -> Option<&dyn ScanMethod> {
        Some(self)
    }
}

impl ScanMethod for ConnectomeCentred {
    fn describe(&self, scan: &[f32], features: usize) -> Result<Vec<f32>, EvaluationError> {
        Connectome.describe(scan, features)
    }

    fn fit(&self, background: &Background<'_>) -> Result<Box<dyn ScanScorer>, EvaluationError> {
        Ok(Box::new(Relative(ScanMethod::fit(&Connectome, background)?)))
    }
}

impl ScanScorer for Relative {
    fn code(&self, scans: &[&Described]) -> Result<Rows, EvaluationError> {
        self.0.code(scans)
    }

    fn enrol(&self, _: &[&Described], codes: &Rows) -> Box<dyn Gallery> {
        Box::new(CosineGallery::new(codes, &one_each(codes)).centred())
    }

    /// The mean over the gallery, which is zero; an impostor's is a little lower, since the gallery holds the impostor's own.
    fn impostor_score(&self, frames: usize) -> Option<f64> {
        self.0.impostor_score(frames).map(|_| 0.0)
    }
}
