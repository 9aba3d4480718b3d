//! What to do about an evaluation that ended without results.

use crate::cli::failure::{DATA, Failure, MODEL, USAGE};
use crate::cli::hints::Hint;
use crate::embedding::EmbeddingError;
use crate::evaluation::error::EvaluationError;
use crate::evaluation::persons_error::PersonsError;
use crate::evaluation::protocols::Lack;
use crate::evaluation::request_error::RequestError;

impl From<EvaluationError> for Failure {
    fn from(error: EvaluationError) -> Self {
        match error {
            EvaluationError::Protocol(error) => {
                let next = match error.lack {
                    Lack::Sessions { .. } | Lack::OneSession { .. } => "; --blocks makes sessions of time blocks",
                    Lack::SessionNames => {
                        "; give all of --train-sessions, --enroll-sessions and --probe-sessions, or none"
                    }
                    _ => "",
                };
                Self::new(USAGE, format!("{error}{next}"))
            }
            EvaluationError::Persons(error) => {
                let next = match error {
                    PersonsError::InBackground { .. } | PersonsError::SameRecording { .. } => {
                        "; leave the person out of DATA or of --background"
                    }
                    PersonsError::ShortProbes { .. } => "; ask for fewer --frames",
                    PersonsError::Regions { .. } => ", by --parcels",
                    _ => "",
                };
                Self::new(DATA, format!("{error}{next}"))
            }
            EvaluationError::Request(error) => match error {
                RequestError::NoProtocol { method, fitting } => {
                    let fitting = fitting.join(", ");
                    let text = format!("no protocol here scores method {method}; it belongs to --protocol {fitting}");
                    Self::new(USAGE, text)
                }
                RequestError::RecipeOfScans => Self::new(
                    USAGE,
                    "recipe connectome embeds whole scans, which --protocol unseen-persons scores; the others score windows",
                ),
                error => Self::new(USAGE, error.with_hint()),
            },
            EvaluationError::Data(error) => error.into(),
            EvaluationError::Training(error) => error.into(),
            EvaluationError::Embedding(error @ (EmbeddingError::Width { .. } | EmbeddingError::Transposed { .. })) => {
                Self::new(MODEL, format!("{error}, or a model that was trained on such recordings"))
            }
            EvaluationError::Embedding(error) => error.into(),
            EvaluationError::Model(error) => error.into(),
            EvaluationError::FrontEnd(error) => error.into(),
            EvaluationError::ComparesScans { .. } => Self::new(USAGE, error),
            EvaluationError::NoConvergence
            | EvaluationError::Fit(_)
            | EvaluationError::Parcels(_)
            | EvaluationError::Score(_)
            | EvaluationError::Stopped => Self::new(DATA, error),
        }
    }
}
