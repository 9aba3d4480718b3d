//! Linear discriminant analysis with shrinkage, compared by cosine.

use faer::Mat;

use super::method::{Method, Scorer, TrainingRows, Windows};
use super::rows::Rows;
use crate::evaluation::error::EvaluationError;

/// Linear discriminant analysis with shrinkage, compared by cosine.
pub(super) struct Lda;

/// features x (classes - 1).
struct Discriminants(Mat<f32>);

impl Method for Lda {
    fn name(&self) -> &'static str {
        "LDA"
    }

    fn argument(&self) -> &'static str {
        "lda"
    }

    fn help(&self) -> &'static str {
        "Linear discriminants"
    }

    fn explanation(&self) -> &'static str {
        "Linear discriminant analysis with a shrunk covariance, compared by cosine (Friedman 1989; Ledoit and Wolf 2004)."
    }

    fn needs_training(&self) -> bool {
        true
    }

    fn fit(&self, training: &TrainingRows<'_>) -> Result<Box<dyn Scorer>, EvaluationError> {
        Ok(Box::new(Discriminants(training.front_end()?.discriminants())))
    }
}

impl Scorer for Discriminants {
    fn encode(&self, windows: &Windows) -> Rows {
        windows.frames.times(&self.0)
    }
}
