//! Loading a model from any of its files.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use neural_vault_core::bundle::{Bundle, ProvisioningKey};

use super::content::Content;
use super::{Aligned, Model, ModelError, SAFETENSORS, safetensors};
#[cfg(feature = "_engine")]
use super::{ONNX, onnx};
use crate::files::extension;

/// The files of a model that this build reads.
const FILES: &str = if cfg!(feature = "_engine") { ".safetensors, .onnx or .nvb" } else { ".safetensors or .nvb" };

/// Loads a model from its folder, or from one of its three files.
///
/// For a folder without `model.safetensors`, such as a shipped model, the ONNX file is read, given the feature of an
/// engine. A bundle carries the window, the recipe's name and a digest of the labels, but no labels or sessions.
///
/// # Errors
/// When the file cannot be read, is of another kind, or is not sound.
pub fn load(path: &Path) -> Result<Model, ModelError> {
    if path.is_dir() {
        let safetensors = path.join(SAFETENSORS);
        #[cfg(feature = "_engine")]
        if !safetensors.exists() && path.join(ONNX).exists() {
            return onnx::read(&path.join(ONNX));
        }
        return safetensors::read(&safetensors);
    }
    match extension(path).as_str() {
        "safetensors" => safetensors::read(path),
        #[cfg(feature = "_engine")]
        "onnx" => onnx::read(path),
        "nvb" => from_bundle(path),
        _ => Err(unknown(path)),
    }
}

/// What is wrong with a file whose name is not that of a model's file.
fn unknown(path: &Path) -> ModelError {
    let (kind, path) = ("neural-vault", path.to_owned());
    // Every kind is known by its first kilobyte, but JSON text.
    let mut beginning = Vec::new();
    if let Err(source) = File::open(&path).and_then(|file| file.take(1024).read_to_end(&mut beginning)) {
        return ModelError::Read { path, source };
    }
    match Content::recognise(&beginning) {
        Some(content) => ModelError::Content { path, kind, content },
        None => ModelError::Malformed { path, kind, reason: format!("give a model's folder, or its {FILES} file") },
    }
}

/// Checks the tag of a bundle under `provisioning_key`.
///
/// # Errors
/// When the file cannot be read, is not a sound bundle, or has no tag under this key.
pub fn check_tag(path: &Path, provisioning_key: &ProvisioningKey) -> Result<(), ModelError> {
    Bundle::open_authenticated(&read_aligned(path)?, provisioning_key)
        .map(|_| ())
        .map_err(|e| malformed(path, e.to_string()))
}

/// The bytes of a bundle, which the caller checks.
fn read_aligned(path: &Path) -> Result<Aligned, ModelError> {
    let bytes = std::fs::read(path).map_err(|source| ModelError::Read { path: path.to_owned(), source })?;
    match Content::unexpected(&bytes, Content::Bundle) {
        Some(content) => Err(ModelError::Content { path: path.to_owned(), kind: "bundle", content }),
        None => Ok(Aligned::new(&bytes)),
    }
}

fn malformed(path: &Path, reason: String) -> ModelError {
    ModelError::Malformed { path: path.to_owned(), kind: "bundle", reason }
}

fn from_bundle(path: &Path) -> Result<Model, ModelError> {
    Model::from_bundle(read_aligned(path)?).map_err(|error| malformed(path, error.to_string()))
}
