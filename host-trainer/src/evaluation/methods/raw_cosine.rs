//! The standardised frame itself, compared by cosine.

use super::method::{Method, Scorer, TrainingRows, Windows};
use super::rows::Rows;
use crate::evaluation::error::EvaluationError;
use crate::evaluation::protocols::Protocol;

/// The standardised frame itself, compared by cosine.
pub(super) struct RawCosine;

impl Method for RawCosine {
    fn name(&self) -> &'static str {
        "raw cosine"
    }

    fn argument(&self) -> &'static str {
        "raw-cosine"
    }

    fn help(&self) -> &'static str {
        "The frame's cosine"
    }

    fn explanation(&self) -> &'static str {
        "Raw frames without any model: the cosine of the standardised frames, of a person that of their mean."
    }

    fn plain_name(&self) -> &'static str {
        "raw frames"
    }

    /// Of a scan, too: its mean frame.
    fn fits(&self, _: &dyn Protocol) -> bool {
        true
    }

    fn fit(&self, _: &TrainingRows<'_>) -> Result<Box<dyn Scorer>, EvaluationError> {
        Ok(Box::new(RawCosine))
    }
}

impl Scorer for RawCosine {
    fn encode(&self, windows: &Windows) -> Rows {
        windows.frames.clone()
    }
}
