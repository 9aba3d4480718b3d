//! Errors of an import.

use std::fmt;
use std::path::PathBuf;

use super::super::content::Content;
use super::super::error::ModelError;
use crate::dataset::DatasetError;

/// Why a file's weights cannot be taken.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", path.display())]
pub struct ImportError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub fault: ImportFault,
}

/// What is wrong with a file of weights.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportFault {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Read(#[source] std::io::Error),
    /// The file is of another kind.
    #[error("{0}, not a safetensors file")]
    Content(Content),
    /// The file is a damaged safetensors file, or nothing known.
    #[error("not a sound safetensors file: {0}")]
    Malformed(String),
    /// A metadata entry cannot be understood, or names what the encoder cannot compute.
    #[error("metadata entry {key} is `{value}`: {reason}")]
    Metadata {
        /// The entry.
        key: String,
        /// Its value.
        value: String,
        /// What it must be.
        reason: String,
    },
    /// The tensors are not those of one encoder.
    #[error(transparent)]
    Names(#[from] NamesError),
    /// Several encoders are in the file.
    #[error("holds several encoders, whose names begin with {}", quoted(prefixes))]
    Several {
        /// What the names of each begin with.
        prefixes: Vec<String>,
    },
    /// Two tensors have the same name once wrappers are left out of it.
    #[error("tensors `{first}` and `{second}` are both {name}")]
    SameName {
        /// A tensor.
        first: String,
        /// Another one.
        second: String,
        /// The name of both.
        name: String,
    },
    /// No tensor has a name that was to be skipped.
    #[error("no tensor is named `{0}` or begins with it")]
    NothingToSkip(String),
    /// A tensor's elements cannot be converted to float32.
    #[error("tensor {name}: {reason}")]
    Values {
        /// The tensor's name in the file.
        name: String,
        /// Why not.
        reason: String,
    },
    /// An array of an `.npz` file cannot be taken.
    #[error("array {name}: {reason}")]
    Array {
        /// The array.
        name: String,
        /// Why not.
        reason: String,
    },
    /// An `.npz` file cannot be read.
    #[error(transparent)]
    Arrays(Box<DatasetError>),
    /// A connectome model takes probes of other lengths.
    #[error("probes of {frames} frames: a connectome model can require 2 to {most}")]
    ProbeFrames {
        /// Requested frames.
        frames: usize,
        /// The longest that can be required.
        most: usize,
    },
    /// The window is longer than the position table, or has no frame.
    #[error("a window of {window} frames: the model takes 1 to {positions}")]
    Window {
        /// Requested frames.
        window: usize,
        /// The longest window.
        positions: usize,
    },
    /// The tensors do not make a model.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// The tensors that a file has too few of or too many.
#[derive(Debug)]
pub struct NamesError {
    /// What the names of the encoder's tensors begin with.
    pub prefix: String,
    /// Tensors of the encoder that are not there; a missing layer is one entry.
    pub missing: Vec<String>,
    /// Tensors that the encoder does not compute with, by their names in the file.
    pub unknown: Vec<String>,
    /// The layers that are there.
    pub layers: Vec<usize>,
}

impl std::error::Error for NamesError {}

impl fmt::Display for NamesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.missing.is_empty() {
            write!(f, "the encoder's {} missing", with_verb(&self.missing, "is", "are"))?;
            if !self.prefix.is_empty() {
                write!(f, " below `{}`", self.prefix)?;
            }
            if let [_, .., last] = self.layers[..]
                && last >= self.layers.len()
            {
                let found: Vec<String> = self.layers.iter().map(usize::to_string).collect();
                write!(f, " (layers {} are there)", found.join(", "))?;
            }
        }
        if !self.missing.is_empty() && !self.unknown.is_empty() {
            f.write_str("; ")?;
        }
        if !self.unknown.is_empty() {
            write!(f, "the encoder does not compute with {}", list(&self.unknown))?;
        }
        Ok(())
    }
}

/// Names in a message; of many, the first ones and a count.
pub(super) fn list(names: &[String]) -> String {
    const MOST: usize = 24;
    match names.get(..MOST) {
        Some(first) if names.len() > MOST + 1 => {
            format!("{} and {} others", first.join(", "), names.len() - MOST)
        }
        _ => names.join(", "),
    }
}

fn with_verb(names: &[String], one: &str, many: &str) -> String {
    format!("{} {}", list(names), if names.len() == 1 { one } else { many })
}

fn quoted(prefixes: &[String]) -> String {
    let quoted: Vec<String> = prefixes
        .iter()
        .map(|prefix| if prefix.is_empty() { "nothing".to_owned() } else { format!("`{prefix}`") })
        .collect();
    quoted.join(" and ")
}
