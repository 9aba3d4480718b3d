//! What an import changed, left out or assumed.

use std::fmt;

use super::error::list;

/// Something that a user must know of an import that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImportNote {
    /// Tensors of another type were converted to float32.
    Converted {
        /// The type, as PyTorch names it.
        from: &'static str,
        /// Whether values were rounded.
        rounded: bool,
        /// The tensors.
        names: Vec<String>,
    },
    /// Parts of the tensors' names were left out: wrappers such as `module.`, and the beginning that they share.
    Stripped(Vec<String>),
    /// A tensor that the file stores once was taken for another one too.
    Tied {
        /// The tensor.
        name: String,
        /// The tensor that it equals.
        of: String,
    },
    /// Tensors that do not take part in an embedding were left out.
    LeftOut(Vec<String>),
    /// Tensors were skipped by request.
    Skipped(Vec<String>),
    /// The position table was cut to the positions that the encoder has.
    CutPositions {
        /// Rows of the table in the file.
        found: usize,
        /// Rows that were kept.
        kept: usize,
    },
    /// Without a position table, sinusoidal positions were taken.
    SinusoidalPositions(usize),
    /// The metadata do not state the order of the norms or the activation.
    AssumedLayers(Vec<&'static str>),
    /// The metadata do not state the number of heads.
    AssumedHeads(usize),
    /// The metadata do not state the window.
    AssumedWindow(usize),
    /// A metadata entry was overridden by request.
    Overridden {
        /// The entry.
        key: String,
        /// Its value.
        value: String,
    },
    /// A connectome model came without the scores of impostors.
    NoImpostorScores,
    /// Metadata entries that say nothing known.
    UnusedMetadata(Vec<String>),
}

impl fmt::Display for ImportNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Converted { from, rounded, names } => {
                let how = if *rounded { "rounded" } else { "converted" };
                match names.as_slice() {
                    [name] => write!(f, "{name} is {from} and was {how} to float32"),
                    names if names.len() <= 4 => {
                        write!(f, "{} are {from} and were {how} to float32", names.join(", "))
                    }
                    names => write!(f, "{} tensors are {from} and were {how} to float32", names.len()),
                }
            }
            Self::Stripped(parts) => {
                let parts: Vec<String> = parts.iter().map(|part| format!("`{part}`")).collect();
                write!(f, "left out of the tensors' names: {}", parts.join(", "))
            }
            Self::Tied { name, of } => write!(f, "{name} is stored as {of}, and was taken from it"),
            Self::LeftOut(names) => write!(f, "not part of an encoder and left out: {}", list(names)),
            Self::Skipped(names) => write!(f, "skipped: {}", list(names)),
            Self::CutPositions { found, kept } => {
                write!(f, "pos.pe has {found} positions, of which the first {kept} were kept: the longest window")
            }
            Self::SinusoidalPositions(count) => {
                write!(f, "the file has no pos.pe: {count} sinusoidal positions were taken")
            }
            Self::AssumedLayers(entries) => write!(
                f,
                "the metadata state no {}: pre-norm layers with ReLU were assumed, which shapes do not determine",
                entries.join(" and no ")
            ),
            Self::AssumedHeads(heads) => {
                write!(f, "the metadata state no heads: {heads} were assumed, which shapes do not determine")
            }
            Self::AssumedWindow(window) => {
                write!(f, "the metadata state no window: the model's window is {window} frame")
            }
            Self::Overridden { key, value } => write!(f, "metadata entry {key} is `{value}` and was overridden"),
            Self::NoImpostorScores => f.write_str(
                "it holds no impostor_frames and impostor_scores: what different persons score is not known, so enrolling \
                 cannot choose a threshold",
            ),
            Self::UnusedMetadata(entries) => write!(f, "metadata entries that import does not use: {}", list(entries)),
        }
    }
}
