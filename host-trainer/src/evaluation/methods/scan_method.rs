//! The interface of a method that compares scans of any length, fitted to persons of whom none is enrolled.

use std::collections::BTreeMap;

use super::cosine::CosineGallery;
use super::gallery::Gallery;
use super::rows::Rows;
use crate::evaluation::error::EvaluationError;
use crate::model::Model;

/// A way to compare scans of any length.
pub trait ScanMethod: Sync {
    /// What the method takes from a scan (frames x features, row-major) before it knows the background.
    ///
    /// It is computed once for a scan; everything that depends on the background is done by [`ScanScorer::code`].
    ///
    /// # Errors
    /// When the scan cannot be compared.
    fn describe(&self, scan: &[f32], features: usize) -> Result<Vec<f32>, EvaluationError>;

    /// Fits the method to the background.
    ///
    /// # Errors
    /// When it cannot be fitted.
    fn fit(&self, background: &Background<'_>) -> Result<Box<dyn ScanScorer>, EvaluationError>;
}

/// A method fitted to the background.
pub trait ScanScorer: Send + Sync {
    /// The codes of scans from their descriptions; all codes have one width.
    ///
    /// # Errors
    /// When a scan has no code.
    fn code(&self, scans: &[&Described]) -> Result<Rows, EvaluationError>;

    /// Enrols each scan as one class, in their order; `codes` are those of all scans.
    ///
    /// By default codes are compared by cosine.
    fn enrol(&self, _scans: &[&Described], codes: &Rows) -> Box<dyn Gallery> {
        Box::new(CosineGallery::new(codes, &one_each(codes)))
    }

    /// The mean score of a probe of this many frames against another person's prototype, where the model says it.
    ///
    /// `None` if it has to be measured on the background.
    fn impostor_score(&self, _frames: usize) -> Option<f64> {
        None
    }

    /// The digest of the model, if the method has one.
    fn digest(&self) -> Option<[u8; 32]> {
        None
    }
}

/// A scan as a method describes it.
#[derive(Clone, Debug)]
pub struct Described {
    /// Frames of the scan.
    pub frames: usize,
    /// What [`ScanMethod::describe`] returned.
    pub description: Vec<f32>,
}

/// The persons that a method is fitted to.
#[derive(Clone, Debug)]
pub struct Background<'b> {
    /// Features of a frame.
    pub features: usize,
    /// The persons.
    pub persons: Vec<&'b BackgroundPerson>,
    /// A model that was fitted before, and takes the place of a fit.
    pub model: Option<&'b Model>,
    /// Seed of the method's random draws.
    pub seed: u64,
}

/// One person of the background.
#[derive(Clone, Debug)]
pub struct BackgroundPerson {
    /// The person's name.
    pub label: String,
    /// The person's scans, each with the name of its session.
    pub runs: Vec<(String, Described)>,
    /// All scans joined.
    pub joined: Described,
    /// Consecutive segments of the scans, by their number of frames.
    pub segments: BTreeMap<usize, Vec<Described>>,
}

/// Members that make each row of `codes` a class of its own.
pub(super) fn one_each(codes: &Rows) -> Vec<Vec<usize>> {
    (0..codes.iter().len()).map(|row| vec![row]).collect()
}
