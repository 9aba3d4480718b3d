//! Methods of windows applied to scans: each scan is represented by its mean frame.

use neural_vault_core::encoder::Fill;

use super::gallery::Gallery;
use super::method::{Method, Scorer, TrainingRows, Windows};
use super::rows::{Rows, mean_vector};
use super::scan_method::{Background, Described, ScanMethod, ScanScorer, one_each};
use crate::dataset::Standardiser;
use crate::evaluation::error::EvaluationError;

/// A method without an encoder, applied to the mean frame of each scan.
///
/// Each session's mean has been removed, and with it what a mean frame of a whole session says: at rest nothing is left
/// but chance. With the mean left in, such methods know a session's brightness of each region, which is no trait of a
/// person and does not last until the next session.
#[derive(Clone, Copy)]
pub(in crate::evaluation) struct MeanFrame<'m>(pub &'m dyn Method);

struct Fitted {
    standardiser: Standardiser,
    scorer: Box<dyn Scorer>,
}

impl ScanMethod for MeanFrame<'_> {
    fn describe(&self, scan: &[f32], features: usize) -> Result<Vec<f32>, EvaluationError> {
        Ok(mean_vector(scan.chunks_exact(features)).unwrap_or_default())
    }

    /// Fits the method to the mean frames of the background's segments of least length.
    fn fit(&self, background: &Background<'_>) -> Result<Box<dyn ScanScorer>, EvaluationError> {
        let (mut frames, mut labels) = (Vec::new(), Vec::new());
        for (label, person) in (0..).zip(&background.persons) {
            let shortest = person.segments.values().next().map(Vec::as_slice).unwrap_or_default();
            for segment in shortest {
                frames.extend_from_slice(&segment.description);
                labels.push(label);
            }
        }
        let (standardiser, _) = Standardiser::fit(&frames, background.features, Fill::Mean);
        standardiser.apply(&mut frames);
        let training = TrainingRows::new(&frames, &labels, background.features, true, background.seed);
        Ok(Box::new(Fitted { standardiser, scorer: self.0.fit(&training)? }))
    }
}

impl ScanScorer for Fitted {
    fn code(&self, scans: &[&Described]) -> Result<Rows, EvaluationError> {
        Ok(self.scorer.encode(&self.windows(scans)))
    }

    fn enrol(&self, scans: &[&Described], codes: &Rows) -> Box<dyn Gallery> {
        self.scorer.enrol(&self.windows(scans), codes, &one_each(codes))
    }
}

impl Fitted {
    fn windows(&self, scans: &[&Described]) -> Windows {
        let width = scans.first().map_or(1, |scan| scan.description.len());
        let mut frames: Vec<f32> = scans.iter().flat_map(|scan| scan.description.iter().copied()).collect();
        self.standardiser.apply(&mut frames);
        Windows { frames: Rows::new(frames, width), embeddings: Rows::new(Vec::new(), 1) }
    }
}
