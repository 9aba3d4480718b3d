//! Errors of reading, making and writing a model.

use std::path::PathBuf;

use neural_vault_core::encoder::{DimsError, WeightFormat};

use super::content::Content;

/// Why a model cannot be read, made or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The file or its folder cannot be written.
    #[error("{source}")]
    Write {
        /// The error of the operating system, with the file's name.
        source: std::io::Error,
    },
    /// The file does not have the format of its name.
    #[error("{}: not a sound {kind} model: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The format it was read as.
        kind: &'static str,
        /// What was found.
        reason: String,
    },
    /// The file is a safetensors file of another program.
    #[error("{}: not a sound safetensors model: it was not written by neural-vault", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file is of another kind than its name says.
    #[error("{}: {content}, not a {kind} model", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// The format it was read as.
        kind: &'static str,
        /// What it is.
        content: Content,
    },
    /// A tensor does not fit the encoder.
    #[error("tensor {name}: {reason}")]
    Tensor {
        /// The tensor's `state_dict` name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The projection's outputs cannot be divided among the heads.
    #[error("tensor proj.weight: {}", no_division(*d_model, *heads))]
    Heads {
        /// Outputs of the projection.
        d_model: usize,
        /// Attention heads; an encoder has at least one.
        heads: usize,
    },
    /// The core does not support these sizes.
    #[error(transparent)]
    Dims(#[from] DimsError),
    /// The core refuses the model.
    #[error("the model cannot be written as a bundle: {0}")]
    Bundle(String),
    /// The weights are not float32, so only the core can compute with them.
    #[error("the weights are {}: only bundles hold them, and only the core computes with them", format.name())]
    Quantised {
        /// Format of the weights.
        format: WeightFormat,
    },
    /// The weights of this kind of model are float32 alone.
    #[error("a connectome model has float32 weights alone: with a whitening in 8 bits scores would move by 0.006")]
    Float32Only,
    /// The position table cannot be cut to this length.
    #[error("{given} positions: choose 1 to {most} for this model")]
    Positions {
        /// Requested positions.
        given: usize,
        /// Positions of the model.
        most: usize,
    },
    /// The recordings do not determine the range of the values.
    #[error("calibration: {0}")]
    Calibration(String),
}

fn no_division(d_model: usize, heads: usize) -> String {
    match heads {
        0 => "an encoder has at least one head".to_owned(),
        heads => format!("has {d_model} outputs, which {heads} heads do not divide"),
    }
}
