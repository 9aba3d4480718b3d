//! Errors at the edge: a message and an exit code.

use std::fmt;

use neural_vault_core::wire::Fault;

use crate::dataset::DatasetError;
use crate::embedding::EmbeddingError;
use crate::engine::{EngineError, RuntimeError};
use crate::enrolment::{AttemptsError, EnrolError, EnrolmentError};
use crate::model::ModelError;
use crate::token::TokenError;
use crate::training::{ArchiveError, TrainingError};

/// What a command ends with when it cannot do its work.
#[derive(Debug)]
pub struct Failure {
    /// The process's exit code.
    pub code: u8,
    message: String,
}

/// Rejected by verification.
pub const REJECTED: u8 = 1;
/// The command line makes no sense.
pub const USAGE: u8 = 2;
/// The recordings cannot be used.
pub const DATA: u8 = 3;
/// The model, bundle, checkpoint or enrolment cannot be used, or they do not belong together.
pub const MODEL: u8 = 4;
/// The engine is not available.
pub const ENGINE: u8 = 5;
/// The token refused, or cannot be reached.
pub const TOKEN: u8 = 6;
/// A result could not be written.
pub const OUTPUT: u8 = 7;
/// Stopped by Ctrl-C, as shells count it.
pub const INTERRUPTED: u8 = 130;

impl Failure {
    /// A failure with this code and message.
    pub fn new(code: u8, message: impl fmt::Display) -> Self {
        Self { code, message: message.to_string() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<DatasetError> for Failure {
    fn from(error: DatasetError) -> Self {
        let code = match error {
            DatasetError::Window { .. } | DatasetError::UnknownName { .. } => USAGE,
            DatasetError::Write { .. } => OUTPUT,
            _ => DATA,
        };
        Self::new(code, error)
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        let code = match error {
            ModelError::Write { .. } => OUTPUT,
            ModelError::Positions { .. } => USAGE,
            _ => MODEL,
        };
        Self::new(code, error)
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self::new(ENGINE, error)
    }
}

impl From<RuntimeError> for Failure {
    fn from(error: RuntimeError) -> Self {
        Self::new(ENGINE, error)
    }
}

impl From<EmbeddingError> for Failure {
    fn from(error: EmbeddingError) -> Self {
        match error {
            EmbeddingError::Model(error) => error.into(),
            EmbeddingError::Engine(error) => error.into(),
            EmbeddingError::Data(error) => error.into(),
            EmbeddingError::Window { .. } => Self::new(USAGE, error),
            EmbeddingError::Width { .. } | EmbeddingError::Scan { .. } => Self::new(DATA, error),
        }
    }
}

impl From<EnrolError> for Failure {
    fn from(error: EnrolError) -> Self {
        let next = match &error {
            EnrolError::Trained { .. } => "; name others with --development-sessions, or give --threshold",
            EnrolError::TrainedWhole => {
                "; cut the recordings with --blocks and train on some of them, or give --threshold"
            }
            EnrolError::Trials { .. } => {
                "; add other labels or longer scans, name --development-sessions, or give --threshold"
            }
            EnrolError::FalseMatchRate { .. } => ": add labels or sessions, or choose a higher --fmr",
            EnrolError::Sessions { .. } => "; give --threshold",
            _ => "",
        };
        match error {
            EnrolError::Embedding(error) => error.into(),
            EnrolError::Score(_) | EnrolError::Unusable(_) => Self::new(DATA, error),
            _ => Self::new(USAGE, format!("{error}{next}")),
        }
    }
}

impl From<EnrolmentError> for Failure {
    fn from(error: EnrolmentError) -> Self {
        let code = if matches!(error, EnrolmentError::Write { .. }) { OUTPUT } else { MODEL };
        Self::new(code, error)
    }
}

impl From<AttemptsError> for Failure {
    fn from(error: AttemptsError) -> Self {
        let (code, next) = match &error {
            AttemptsError::Lock { .. } | AttemptsError::Write { .. } => {
                (OUTPUT, "; no key without a count of attempts")
            }
            AttemptsError::Malformed { .. } => (MODEL, "; enrol again, which begins a new count"),
            AttemptsError::OtherEnrolment { .. } => {
                (MODEL, "; put back the enrolment it belongs to, or enrol again, which begins a new count")
            }
            AttemptsError::Place { .. } | AttemptsError::Read { .. } | AttemptsError::NoneLeft { .. } => (MODEL, ""),
        };
        Self::new(code, format!("{error}{next}"))
    }
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        let code = match error {
            ArchiveError::Write { .. } => OUTPUT,
            ArchiveError::Mismatch(_) => DATA,
            _ => MODEL,
        };
        Self::new(code, error)
    }
}

impl From<TrainingError> for Failure {
    fn from(error: TrainingError) -> Self {
        match error {
            TrainingError::Data(error) => error.into(),
            TrainingError::Engine(error) => error.into(),
            TrainingError::Model(error) => error.into(),
            TrainingError::FrontEnd(_) => Self::new(DATA, error),
            TrainingError::Settings(_) => Self::new(USAGE, error),
            TrainingError::Diverged { .. } => Self::new(DATA, error),
            TrainingError::Checkpoint { .. } => Self::new(MODEL, error),
            TrainingError::Write { .. } => Self::new(OUTPUT, error),
        }
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        let code = match (&error, error.fault()) {
            (TokenError::Stopped { .. }, _) => INTERRUPTED,
            (_, Some(Fault::Rejected)) => REJECTED,
            (_, Some(Fault::NoSuchSlot | Fault::Threshold | Fault::Window | Fault::Application)) => USAGE,
            (_, Some(Fault::Width | Fault::Frames | Fault::Degenerate)) => DATA,
            (_, Some(Fault::Model | Fault::ModelMismatch | Fault::ModelTooLarge)) => MODEL,
            _ => TOKEN,
        };
        Self::new(code, error)
    }
}
