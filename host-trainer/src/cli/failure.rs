//! Errors of the command line: a message and an exit code.

use std::fmt;
use std::io;
use std::path::Path;

use neural_vault_core::wire::Fault;

use super::hints::{Hint, UNREAD};
use crate::dataset::DatasetError;
use crate::embedding::EmbeddingError;
use crate::engine::{EngineError, RuntimeError};
use crate::enrolment::{AttemptsError, DeriveError, EnrolError, EnrolmentError};
use crate::front_end::FrontEndError;
use crate::model::ModelError;
use crate::model::import::{ImportError, ImportFault};
use crate::secret::SecretError;
use crate::token::TokenError;
use crate::training::{ArchiveError, Difference, RECIPES, TrainingError};

/// Why a command cannot do its work.
#[derive(Debug)]
pub struct Failure {
    /// The process's exit code.
    pub code: u8,
    message: String,
}

/// Rejected by verification.
pub const REJECTED: u8 = 1;
/// The command line is invalid.
pub const USAGE: u8 = 2;
/// The recordings cannot be used.
pub const DATA: u8 = 3;
/// The model, bundle, checkpoint or enrolment cannot be used, or they do not match.
pub const MODEL: u8 = 4;
/// The engine is not available.
pub const ENGINE: u8 = 5;
/// The token refused, or cannot be reached.
pub const TOKEN: u8 = 6;
/// A result could not be written.
pub const OUTPUT: u8 = 7;
/// Stopped by Ctrl-C: 128 and the number of the signal, as in shells.
pub const INTERRUPTED: u8 = 130;

impl Failure {
    /// A failure with this code and message.
    pub fn new(code: u8, message: impl fmt::Display) -> Self {
        Self { code, message: message.to_string() }
    }

    /// A file that could not be written, with what to do next.
    pub fn unwritten(error: &io::Error) -> Self {
        Self::new(OUTPUT, error.with_hint())
    }

    /// A failure that nobody is to be told of.
    pub fn without_message(code: u8) -> Self {
        Self { code, message: String::new() }
    }

    /// Whether there is something to tell.
    pub fn has_message(&self) -> bool {
        !self.message.is_empty()
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
            DatasetError::Window { .. } | DatasetError::UnknownName { .. } | DatasetError::UnknownOutput { .. } => {
                USAGE
            }
            DatasetError::Write { .. } => OUTPUT,
            _ => DATA,
        };
        Self::new(code, error.with_hint())
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        let code = match error {
            ModelError::Write { .. } => OUTPUT,
            ModelError::Positions { .. } => USAGE,
            _ => MODEL,
        };
        Self::new(code, error.with_hint())
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        let code = match error.fault {
            ImportFault::NothingToSkip(_) | ImportFault::ProbeFrames { .. } | ImportFault::Window { .. } => USAGE,
            _ => MODEL,
        };
        Self::new(code, error.with_hint())
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self::new(ENGINE, error.with_hint())
    }
}

impl From<RuntimeError> for Failure {
    fn from(error: RuntimeError) -> Self {
        let code = if matches!(error, RuntimeError::Io { .. }) { OUTPUT } else { ENGINE };
        Self::new(code, error.with_hint())
    }
}

impl From<EmbeddingError> for Failure {
    fn from(error: EmbeddingError) -> Self {
        match error {
            EmbeddingError::Model(error) => error.into(),
            EmbeddingError::Engine(error) => error.into(),
            EmbeddingError::Data(error) => error.into(),
            EmbeddingError::Window { .. } | EmbeddingError::LongWindow { .. } => Self::new(USAGE, error.with_hint()),
            EmbeddingError::Width { .. } | EmbeddingError::Transposed { .. } | EmbeddingError::Scan { .. } => {
                Self::new(DATA, error.with_hint())
            }
        }
    }
}

impl From<EnrolError> for Failure {
    fn from(error: EnrolError) -> Self {
        match error {
            EnrolError::Embedding(error) => error.into(),
            EnrolError::Model(error) => error.into(),
            EnrolError::Frozen => Self::new(
                USAGE,
                "--frozen needs a linear model: `neural-vault train --recipe linear --open-set`; a trained encoder keeps apart the \
                 labels it was trained on and little else",
            ),
            EnrolError::Rate { rate } => Self::new(USAGE, format!("--fmr {rate} is not a rate between 0 and 1")),
            EnrolError::Kind { .. } | EnrolError::NoImpostorScores => Self::new(MODEL, error.with_hint()),
            EnrolError::Score(_)
            | EnrolError::Unusable(_)
            | EnrolError::Prototype(_)
            | EnrolError::FewFrames { .. }
            | EnrolError::FewForProbe { .. }
            | EnrolError::FewProbes { .. }
            | EnrolError::Indistinct { .. } => Self::new(DATA, error.with_hint()),
            _ => Self::new(USAGE, error.with_hint()),
        }
    }
}

impl From<EnrolmentError> for Failure {
    fn from(error: EnrolmentError) -> Self {
        match error {
            EnrolmentError::Write { source } => Self::unwritten(&source),
            EnrolmentError::Read { .. } => Self::new(MODEL, format!("{error}{UNREAD}")),
            error => Self::new(MODEL, error),
        }
    }
}

impl From<AttemptsError> for Failure {
    fn from(error: AttemptsError) -> Self {
        let code = match &error {
            AttemptsError::Lock { .. } | AttemptsError::Write { .. } => OUTPUT,
            _ => MODEL,
        };
        Self::new(code, error.with_hint())
    }
}

impl From<DeriveError> for Failure {
    fn from(error: DeriveError) -> Self {
        match error {
            DeriveError::Enrolment(error) => error.into(),
            DeriveError::Attempts(error) => error.into(),
            error => Self::new(MODEL, error),
        }
    }
}

impl From<SecretError> for Failure {
    fn from(error: SecretError) -> Self {
        Self::new(USAGE, error.with_hint())
    }
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        let code = match error {
            ArchiveError::Write { .. } => OUTPUT,
            ArchiveError::KnownLabel { .. } | ArchiveError::Mismatch(_) => DATA,
            _ => MODEL,
        };
        Self::new(code, error.with_hint())
    }
}

impl From<FrontEndError> for Failure {
    fn from(error: FrontEndError) -> Self {
        Self::new(DATA, error.with_hint())
    }
}

impl From<TrainingError> for Failure {
    fn from(error: TrainingError) -> Self {
        let code = match error {
            TrainingError::Data(error) => return error.into(),
            TrainingError::Engine(error) => return error.into(),
            TrainingError::Model(error) => return error.into(),
            TrainingError::FrontEnd(error) => return error.into(),
            // A setting has the name of its argument.
            TrainingError::Setting { .. } => return Self::new(USAGE, format!("--{error}")),
            TrainingError::OtherRecipe { recipe, setting, owners } => {
                let owners = owners.join(" or ");
                let text = format!("recipe {recipe} takes no --{setting}; it belongs to --recipe {owners}");
                return Self::new(USAGE, text);
            }
            TrainingError::Settings(_) | TrainingError::Unfinished { .. } => USAGE,
            TrainingError::Connectome(_) | TrainingError::Diverged { .. } | TrainingError::Stopped => DATA,
            TrainingError::OtherSettings { path, differences } => {
                return Self::new(MODEL, other_settings(&path, &differences));
            }
            TrainingError::Checkpoint { .. }
            | TrainingError::OtherData { .. }
            | TrainingError::ReadCheckpoint { .. } => MODEL,
            TrainingError::Write { .. } => OUTPUT,
        };
        Self::new(code, error.with_hint())
    }
}

/// What differs from the checkpoint of a run, by the names of the options.
fn other_settings(path: &Path, differences: &[Difference]) -> String {
    let option = |Difference { name, was, is }: &Difference| {
        let is_option = ["recipe", "seed"].contains(name) || RECIPES.iter().any(|kind| kind.settings.contains(name));
        format!("{}{name} {is} was {was} in the checkpoint", if is_option { "--" } else { "" })
    };
    let options: Vec<String> = differences.iter().map(option).collect();
    format!(
        "{}: was made with other settings: {}; continue it with its own, or begin anew by --force instead of --resume",
        path.display(),
        options.join("; ")
    )
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        let code = match (&error, error.fault()) {
            (TokenError::Stopped { .. }, _) => INTERRUPTED,
            (_, Some(Fault::Rejected)) => REJECTED,
            (_, Some(Fault::NoSuchSlot | Fault::Threshold | Fault::Window | Fault::Application)) => USAGE,
            (_, Some(Fault::Width | Fault::Frames | Fault::TooShort | Fault::Degenerate | Fault::ConstantRegion)) => {
                DATA
            }
            (_, Some(Fault::Model | Fault::ModelMismatch | Fault::ModelTooLarge)) => MODEL,
            _ => TOKEN,
        };
        Self::new(code, error.with_hint())
    }
}
