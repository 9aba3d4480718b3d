//! Why a scan has no embedding.

use core::error::Error;
use core::fmt;

use crate::encoder::EncodeError;
use crate::frame::FrameError;

/// Why a scan has no embedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScanError {
    /// A window cannot be encoded.
    Encode(EncodeError),
    /// A frame says nothing: too few of its values are finite, or they are all equal.
    Degenerate {
        /// The frame, from 1.
        frame: usize,
        /// What it lacks.
        cause: FrameError,
    },
    /// The scan has no frame.
    Empty,
    /// The scan began with a model of another kind.
    OtherModel,
    /// The scan ends inside a frame.
    IncompleteFrame {
        /// Values of the last frame.
        given: usize,
        /// Values in a frame.
        features: usize,
    },
}

impl From<EncodeError> for ScanError {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::Frame { frame, cause } => Self::Degenerate { frame, cause },
            error => Self::Encode(error),
        }
    }
}

impl fmt::Display for ScanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encode(error) => error.fmt(f),
            Self::Degenerate { frame, cause } => write!(f, "frame {frame} says nothing: {cause}"),
            Self::Empty => write!(f, "the scan has no frame"),
            Self::OtherModel => write!(f, "the scan began with a model of another kind"),
            Self::IncompleteFrame { given, features } => {
                write!(f, "the scan ends {given} values into a frame of {features} features")
            }
        }
    }
}

impl Error for ScanError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            // Its text is the encoder's.
            Self::Encode(error) => error.source(),
            Self::Degenerate { cause, .. } => Some(cause),
            Self::Empty | Self::OtherModel | Self::IncompleteFrame { .. } => None,
        }
    }
}
