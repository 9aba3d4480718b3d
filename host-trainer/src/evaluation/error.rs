//! Errors of an evaluation.

use super::persons_error::PersonsError;
use super::protocols::ProtocolError;
use super::request_error::RequestError;
use crate::connectome::{FitError, ParcelsError};
use crate::dataset::DatasetError;
use crate::embedding::EmbeddingError;
use crate::front_end::FrontEndError;
use crate::metrics::ScoreError;
use crate::model::ModelError;
use crate::training::TrainingError;

/// Why an evaluation ended without results.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// A protocol that scores windows was asked for a method that compares scans of any length.
    #[error("method {method} compares scans of any length, which protocol unseen-persons scores")]
    ComparesScans {
        /// The method.
        method: &'static str,
    },
    /// It was stopped by the one who watches it.
    #[error("the evaluation was stopped")]
    Stopped,
    /// What was asked for does not fit together.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// A matrix of correlations could not be decomposed.
    #[error("the correlations of a scan cannot be decomposed; look for extreme values in the recordings")]
    NoConvergence,
    /// Persons cannot be compared.
    #[error(transparent)]
    Persons(#[from] PersonsError),
    /// The parcels are not of these recordings.
    #[error(transparent)]
    Parcels(#[from] ParcelsError),
    /// The background cannot be fitted.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// A protocol does not fit the recordings.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// A frame of the split says nothing.
    #[error(transparent)]
    Data(#[from] DatasetError),
    /// An encoder could not be trained.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// The training frames of a fold have no front end.
    #[error(transparent)]
    FrontEnd(#[from] FrontEndError),
    /// A frame has no embedding.
    #[error(transparent)]
    Embedding(#[from] EmbeddingError),
    /// The scores cannot be evaluated.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// The model is not sound.
    #[error(transparent)]
    Model(#[from] ModelError),
}
