//! The method under test: the embedding, compared by cosine.

use super::method::{EncoderUse, Method, Scorer, TrainingRows, Windows};
use super::rows::Rows;
use crate::evaluation::error::EvaluationError;

/// The embedding, compared by cosine.
pub(super) struct NeuralVault;

/// Embeddings of any encoder, compared by cosine.
pub(super) struct EmbeddingCosine;

impl Method for NeuralVault {
    fn name(&self) -> &'static str {
        "NeuralVault"
    }

    fn argument(&self) -> &'static str {
        "neuralvault"
    }

    fn help(&self) -> &'static str {
        "The embedding's cosine"
    }

    fn explanation(&self) -> &'static str {
        "The method under test: the embedding by the encoder, compared by cosine, as commands and tokens do it."
    }

    fn encoder(&self) -> EncoderUse<'_> {
        EncoderUse::Shared
    }

    fn is_under_test(&self) -> bool {
        true
    }

    fn fit(&self, _: &TrainingRows<'_>) -> Result<Box<dyn Scorer>, EvaluationError> {
        Ok(Box::new(EmbeddingCosine))
    }
}

impl Scorer for EmbeddingCosine {
    fn encode(&self, windows: &Windows) -> Rows {
        windows.embeddings.clone()
    }
}
