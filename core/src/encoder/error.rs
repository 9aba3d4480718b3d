//! Why a window or a scan has no embedding.

use core::error::Error;
use core::fmt;

use crate::frame::FrameError;
use crate::similarity::SimilarityError;

/// Why a window has no embedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// The window is empty or longer than the position table.
    Window {
        /// Frames given.
        given: usize,
        /// Most frames the model takes.
        max: usize,
    },
    /// The frames do not all have the model's features.
    Frames {
        /// Values given.
        given: usize,
        /// Values in a frame.
        features: usize,
    },
    /// The scratch memory is too short.
    Scratch {
        /// Floats given.
        given: usize,
        /// Floats needed, [`Encoder::scratch_len`](crate::encoder::Encoder::scratch_len).
        needed: usize,
    },
    /// The space for the embedding has another length than the embedding.
    Embedding {
        /// Floats given.
        given: usize,
        /// Components of an embedding.
        needed: usize,
    },
    /// A raw frame says nothing: too few of its values are finite, or they are all equal.
    Frame {
        /// The frame, from 1.
        frame: usize,
        /// What it lacks.
        cause: FrameError,
    },
    /// A connectome model takes scans of more frames.
    TooShort {
        /// Frames given.
        given: usize,
        /// Fewest frames of a scan.
        least: usize,
    },
    /// A region has the same value in every frame, so it has no correlation with any other.
    ConstantRegion {
        /// The region, from 1.
        region: usize,
    },
    /// A connectome model has no embedding of a single frame.
    SingleFrames,
    /// The embedding is zero or not finite, as when raw values overflow.
    Degenerate(SimilarityError),
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Window { given, max } => {
                write!(f, "window of {given} frames, the model takes 1 to {max}")
            }
            Self::Frames { given, features } => {
                write!(f, "{given} values are not a whole number of frames of {features} features")
            }
            Self::Scratch { given, needed } => {
                write!(f, "scratch memory of {given} floats, {needed} are needed")
            }
            Self::Embedding { given, needed } => {
                write!(f, "room for {given} components, an embedding has {needed}")
            }
            Self::Frame { frame, cause } => write!(f, "frame {frame} says nothing: {cause}"),
            Self::TooShort { given, least } => {
                write!(f, "scan of {given} frames, this model takes {least} or more")
            }
            Self::ConstantRegion { region } => write!(f, "region {region} has the same value in every frame"),
            Self::SingleFrames => write!(f, "a connectome has no embedding of a single frame"),
            Self::Degenerate(error) => write!(f, "embedding has no direction: {error}"),
        }
    }
}

impl Error for EncodeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Frame { cause, .. } => Some(cause),
            Self::Degenerate(error) => Some(error),
            _ => None,
        }
    }
}
