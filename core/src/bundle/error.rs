//! Why a buffer is not a usable bundle.

use core::error::Error;
use core::fmt;

use super::layout::TensorName;
use crate::encoder::DimsError;

/// Why a buffer is not a usable bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BundleError {
    /// It does not start with [`MAGIC`](super::MAGIC).
    NotABundle,
    /// Its version is neither 1 nor 2.
    Version {
        /// Version found.
        found: u16,
    },
    /// Its weight format is not known.
    WeightFormat {
        /// Format found.
        found: u16,
    },
    /// Its kind of model is not known, or has other sizes.
    Kind {
        /// Kind found.
        found: u16,
    },
    /// Its rule for values that are not finite is not known.
    Fill {
        /// Rule found.
        found: u16,
    },
    /// Its window has no frame, or is longer than the position table.
    Window {
        /// Frames of the window.
        given: u32,
        /// Most frames the model takes.
        max: usize,
    },
    /// The name of its recipe is too long, or holds other characters than lower-case letters, digits and hyphens.
    Recipe,
    /// It is shorter than a header, or its length is not the one that its header states.
    Length {
        /// Bytes given.
        given: u64,
        /// Bytes needed or stated.
        expected: u64,
    },
    /// A size is outside its limits.
    Dims(DimsError),
    /// The tensor table is not the one of its sizes, or the tensors do not fill the content.
    Table,
    /// Padding or a reserved field is not zero.
    Padding,
    /// The buffer does not start at a multiple of 4 in memory.
    Alignment,
    /// A value of this tensor is not finite or outside its format's range, or a scale or inverse deviation is not above
    /// zero.
    Value {
        /// Tensor that holds it.
        tensor: TensorName,
    },
    /// The content does not have the digest it states.
    Digest,
    /// Digest and tag do not have the checksum stated.
    Checksum,
    /// There is no tag to authenticate.
    Untagged,
    /// The tag was not made with this provisioning key for this content.
    Tag,
}

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotABundle => write!(f, "not a model bundle: wrong first bytes"),
            Self::Version { found: 0 } => {
                write!(f, "bundle version 0, this build reads versions 1 and 2: export the model again")
            }
            Self::Version { found } => {
                write!(f, "bundle version {found} is newer than versions 1 and 2, which this build reads: update it")
            }
            Self::WeightFormat { found } => {
                write!(f, "bundle weight format {found} is newer than this build, which reads 0 to 4: update it")
            }
            Self::Kind { found } => {
                write!(f, "bundle model kind {found} does not fit its sizes, or is newer than this build: update it")
            }
            Self::Fill { found } => {
                write!(f, "bundle rule {found} for values that are not finite is newer than this build: update it")
            }
            Self::Window { given, max } => write!(f, "bundle window of {given} frames, the model takes 1 to {max}"),
            Self::Recipe => {
                write!(f, "bundle recipe name is not 24 lower-case letters, digits and hyphens at most")
            }
            Self::Length { given, expected } => {
                write!(f, "bundle of {given} bytes, should be {expected}: truncated or damaged")
            }
            Self::Dims(error) => write!(f, "bundle sizes: {error}"),
            Self::Table => write!(f, "bundle tensor table does not follow from its sizes"),
            Self::Padding => write!(f, "bundle padding is not zero"),
            Self::Alignment => {
                write!(f, "bundle does not start at a multiple of 4 in memory: place it at an aligned address")
            }
            Self::Value { tensor } => {
                write!(f, "bundle tensor {tensor} holds a value that is not finite or not allowed")
            }
            Self::Digest => write!(f, "bundle content does not match its digest: damaged"),
            Self::Checksum => write!(f, "bundle trailer does not match its checksum: damaged"),
            Self::Untagged => write!(f, "bundle carries no tag: export it with the provisioning key"),
            Self::Tag => write!(f, "bundle tag was not made with this provisioning key"),
        }
    }
}

impl Error for BundleError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Dims(error) => Some(error),
            _ => None,
        }
    }
}
