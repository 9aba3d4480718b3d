//! What to do next about an error of the library, in words of the command line.

mod engine;
mod enrolment;
mod model;
mod token;
mod training;

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, ErrorKind};

use crate::dataset::DatasetError;
use crate::evaluation::request_error::{RequestError, RequestNote};

/// What to do about a file that cannot be read.
pub const UNREAD: &str = "; check the path and its permissions";

/// An error or a note to which the command line adds what to do next.
pub trait Hint: Display {
    /// The text after the message, with its separator; empty if there is nothing to add.
    fn hint(&self) -> Cow<'static, str>;

    /// The message with its hint.
    fn with_hint(&self) -> String {
        format!("{self}{}", self.hint())
    }
}

/// An error of writing a file.
impl Hint for io::Error {
    fn hint(&self) -> Cow<'static, str> {
        match self.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                "; write elsewhere, or have its owner let you write there"
            }
            ErrorKind::NotFound => "; make the folder first, or write elsewhere",
            ErrorKind::AlreadyExists | ErrorKind::IsADirectory | ErrorKind::NotADirectory => "; give it another name",
            _ => "; free some space, or write elsewhere",
        }
        .into()
    }
}

impl Hint for DatasetError {
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::Write { source, .. } => return source.hint(),
            Self::MissingColumn { .. } => ", or name the label's with --label-column",
            Self::NoMask { .. } => ": give --mask MASK.nii.gz",
            Self::NoFrameTime { .. } => "; give --tr SECONDS, or --events none to label it by its path",
            Self::NoWidth { .. } => ", or give --width",
            Self::OneWindow { .. } => ": shorten --window or add recordings",
            _ => "",
        }
        .into()
    }
}

impl Hint for RequestError {
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::NoWindows => "; --frames sets how long a probe is",
            Self::NoLengths => ": give --probe-windows, not --frames",
            _ => "",
        }
        .into()
    }
}

impl Hint for RequestNote {
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::SingleFrames { .. } => ": --probe-windows, or --model",
            Self::Untrained { .. } => {
                "; enrol others with `enroll --refit`, or with --frozen and a model of `train --recipe linear --open-set`"
            }
            _ => "",
        }
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedding::EmbeddingError;
    use crate::engine::{EngineError, RuntimeError};
    use crate::enrolment::EnrolError;
    use crate::model::ModelError;
    use crate::training::TrainingError;

    #[test]
    fn a_missing_onnx_runtime_says_what_to_run() {
        let error = EngineError::Missing(RuntimeError::NotFound { looked: Vec::new() });
        assert!(error.with_hint().ends_with("; run `neural-vault runtime install`"), "{}", error.with_hint());
    }

    #[test]
    fn a_place_that_cannot_be_a_folder_says_how_to_name_another() {
        let source = io::Error::other("not a folder");
        let error = RuntimeError::Io { action: "create", path: "file/to".into(), source };
        assert!(error.with_hint().ends_with("or choose another folder with --folder"), "{}", error.with_hint());
    }

    #[test]
    fn hints_reach_through_the_errors_that_carry_another() {
        let window = || EmbeddingError::Window { window: 9, positions: 4 };
        let quantised = || ModelError::Quantised { format: neural_vault_core::encoder::WeightFormat::I8 };
        assert_eq!(EnrolError::Embedding(window()).hint(), window().hint());
        assert_eq!(EmbeddingError::Model(quantised()).hint(), quantised().hint());
        assert_eq!(TrainingError::Model(quantised()).hint(), quantised().hint());
    }
}
