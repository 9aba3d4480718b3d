//! A model: its sizes, its weights, and where it came from.
//!
//! A model lives in three files that carry the same digest: `model.safetensors` (weights by PyTorch's names, to train on
//! and to convert), `model.onnx` (for tract and ONNX Runtime) and `model.nvb` (the bundle that the no_std core reads in
//! place). A model whose weights are not float32 lives in a bundle alone.

mod aligned;
mod fold;
mod initialise;
mod load;
pub mod onnx;
mod positions;
mod quantised;
pub mod safetensors;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use neural_vault_core::bundle::{self, Bundle, ProvisioningKey};
use neural_vault_core::encoder::{Dims, DimsError, WeightFormat};
use serde::{Deserialize, Serialize};

use crate::files;

pub use aligned::Aligned;
pub use fold::fold;
pub use initialise::{initialise, initialise_behind_front_end, proxies};
pub use load::{check_tag, load};
pub use quantised::Quantised;

/// Components of an embedding.
pub const LATENT: usize = 128;

/// Sizes of the reference's encoder around the recording's width: 128 units, 8 heads, 2 layers, 512 positions.
#[must_use]
pub fn reference_dims(features: usize) -> Dims {
    Dims { features, d_model: 128, heads: 8, layers: 2, feed_forward: 512, latent: LATENT, positions: MAX_WINDOW }
}

/// Frames of the longest window a model takes.
const MAX_WINDOW: usize = 512;

/// Sizes of a linear model around the recording's width.
#[must_use]
pub fn linear_dims(features: usize) -> Dims {
    Dims::linear(features, LATENT, MAX_WINDOW)
}

/// An encoder with its standardiser.
#[derive(Clone)]
pub struct Model {
    /// Its sizes.
    pub dims: Dims,
    /// Every tensor that [`bundle::tensor_names_and_shapes`] lists, row-major, by PyTorch's `state_dict` name.
    pub tensors: BTreeMap<String, Vec<f32>>,
    /// Where it came from.
    pub provenance: Provenance,
    /// Its bundle, where the weights of products are not float32; the tensors are then the floats they stand for.
    pub quantised: Option<Quantised>,
}

/// Where a model came from: what an operator needs to use it and to judge a score made with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Names of the classes it was trained on, in the order of their numbers.
    pub labels: Vec<String>,
    /// Sessions it was trained on; empty when the recordings named none.
    pub training_sessions: Vec<String>,
    /// Frames a training window held: the window to enrol and verify with unless there is a reason.
    pub window: usize,
    /// How it was trained, in words and numbers.
    pub recipe: String,
    /// Dimensions that the embeddings of its training windows use, see
    /// [`participation_ratio`](crate::evaluation::metrics::information::participation_ratio).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_dimension: Option<f32>,
}

/// Effective dimensions below this call for a warning.
const FEW_DIMENSIONS: f32 = 8.0;

impl Provenance {
    /// What a person should know where the embeddings use few dimensions.
    #[must_use]
    pub fn spread_note(&self) -> Option<String> {
        let dimension = self.effective_dimension.filter(|&dimension| dimension < FEW_DIMENSIONS)?;
        Some(format!(
            "the embeddings use {dimension:.1} of {LATENT} dimensions: prototypes are easy to guess at, and a key is \
             worth no more than the device secret it is derived with"
        ))
    }
}

/// The names of a model's files in its folder.
pub const SAFETENSORS: &str = "model.safetensors";
/// See [`SAFETENSORS`].
pub const ONNX: &str = "model.onnx";
/// See [`SAFETENSORS`].
pub const BUNDLE: &str = "model.nvb";

/// Why a model cannot be read, made or written.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file or its folder cannot be written.
    #[error("{source}")]
    Write {
        /// What the system said, with the file's name.
        source: std::io::Error,
    },
    /// The file is not what its name says.
    #[error("{}: not a sound {kind} model: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The format it was read as.
        kind: &'static str,
        /// What was found.
        reason: String,
    },
    /// The tensors do not make an encoder.
    #[error("tensor {name}: {reason}")]
    Tensor {
        /// The tensor's `state_dict` name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The core does not support these sizes.
    #[error(transparent)]
    Dims(#[from] DimsError),
    /// The core refuses the model.
    #[error("the model cannot be written as a bundle: {0}")]
    Bundle(String),
    /// Only the core computes what the bundle's weights give.
    #[error(
        "the weights are {}: only bundles hold them, and only the core computes with them; use `--engine core`, or give \
         the float32 model",
        format.name()
    )]
    Quantised {
        /// Format of the weights.
        format: WeightFormat,
    },
    /// The position table cannot be cut to this length.
    #[error("{given} positions: the model has 1 to {most} to give")]
    Positions {
        /// Positions asked for.
        given: usize,
        /// Positions of the model.
        most: usize,
    },
    /// The recordings do not tell how large the values get.
    #[error("calibration: {0}")]
    Calibration(String),
}

impl Model {
    /// The bundle that the core reads, with an authentication tag when a provisioning key is given.
    ///
    /// # Errors
    /// When a tensor is missing, of the wrong length or not finite.
    pub fn to_bundle(&self, provisioning_key: Option<&ProvisioningKey>) -> Result<Vec<u8>, ModelError> {
        if let Some(quantised) = &self.quantised {
            return quantised.retagged(provisioning_key);
        }
        let tensor = |name: &str| self.tensors.get(name).map(|data| Cow::Borrowed(data.as_slice()));
        bundle::write(&self.dims, WeightFormat::F32, tensor, provisioning_key)
            .map_err(|e| ModelError::Bundle(e.to_string()))
    }

    /// How the weights of products are stored.
    #[must_use]
    pub fn format(&self) -> WeightFormat {
        self.quantised.as_ref().map_or(WeightFormat::F32, Quantised::format)
    }

    /// Refuses a model that float32 files and ONNX engines cannot stand for.
    fn require_f32(&self) -> Result<(), ModelError> {
        match self.format() {
            WeightFormat::F32 => Ok(()),
            format => Err(ModelError::Quantised { format }),
        }
    }

    /// The model's digest: SHA-256 over its sizes, weight format and weights, as the bundle carries it.
    ///
    /// # Errors
    /// As [`Model::to_bundle`].
    pub fn digest(&self) -> Result<[u8; 32], ModelError> {
        bundle_digest(&self.to_bundle(None)?)
    }

    /// Writes the three files into `folder`, all of them or none, and returns the digest; the folder is made when it is
    /// not there.
    ///
    /// # Errors
    /// When a file cannot be written, or the model is not sound.
    pub fn write(&self, folder: &Path) -> Result<[u8; 32], ModelError> {
        let digest = self.digest()?;
        files::create_folder(folder).map_err(|source| ModelError::Write { source })?;
        let safetensors = (folder.join(SAFETENSORS), safetensors::to_bytes(self, &digest)?);
        let [onnx, bundle] = self.exports(&folder.join(ONNX), &digest, None)?;
        write(&[safetensors, onnx, bundle])?;
        Ok(digest)
    }

    /// Writes the ONNX file and, beside it under the same name, the bundle; returns the digest.
    ///
    /// # Errors
    /// As [`Model::write`].
    pub fn write_exports(
        &self,
        onnx: &Path,
        provisioning_key: Option<&ProvisioningKey>,
    ) -> Result<[u8; 32], ModelError> {
        let digest = self.digest()?;
        write(&self.exports(onnx, &digest, provisioning_key)?)?;
        Ok(digest)
    }

    fn exports(
        &self,
        onnx: &Path,
        digest: &[u8; 32],
        provisioning_key: Option<&ProvisioningKey>,
    ) -> Result<[(PathBuf, Vec<u8>); 2], ModelError> {
        let bundle = onnx.with_extension("nvb");
        Ok([(onnx.to_owned(), onnx::to_bytes(self, digest)?), (bundle, self.to_bundle(provisioning_key)?)])
    }
}

fn write(files: &[(PathBuf, Vec<u8>)]) -> Result<(), ModelError> {
    files::write_together(files).map_err(|source| ModelError::Write { source })
}

fn bundle_digest(bundle: &[u8]) -> Result<[u8; 32], ModelError> {
    Ok(*Bundle::open(bundle).map_err(|e| ModelError::Bundle(e.to_string()))?.digest())
}
