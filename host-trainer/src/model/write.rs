//! Writing a model's files.

use std::path::{Path, PathBuf};

use neural_vault_core::bundle::ProvisioningKey;

use super::{BUNDLE, Model, ModelError, ONNX, SAFETENSORS, onnx, safetensors};
use crate::files;

impl Model {
    /// Writes the three files into `folder`, all of them or none; the folder is created if it does not exist.
    ///
    /// # Errors
    /// When a file cannot be written, or the weights are not float32.
    pub fn write(&self, folder: &Path) -> Result<(), ModelError> {
        let files = [
            (folder.join(SAFETENSORS), safetensors::to_bytes(self)?),
            (folder.join(ONNX), onnx::to_bytes(self)?),
            (folder.join(BUNDLE), self.to_bundle(None)?),
        ];
        files::create_folder(folder).map_err(|source| ModelError::Write { source })?;
        write(&files)
    }

    /// Writes the ONNX file and, beside it under the same name, the bundle.
    ///
    /// # Errors
    /// As [`Model::write`].
    pub fn write_exports(&self, onnx: &Path, provisioning_key: Option<&ProvisioningKey>) -> Result<(), ModelError> {
        let bundle = onnx.with_extension("nvb");
        write(&[(onnx.to_owned(), onnx::to_bytes(self)?), (bundle, self.to_bundle(provisioning_key)?)])
    }
}

fn write(files: &[(PathBuf, Vec<u8>)]) -> Result<(), ModelError> {
    files::write_together(files).map_err(|source| ModelError::Write { source })
}
