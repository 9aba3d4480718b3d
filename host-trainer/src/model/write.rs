//! Writing a model's files.

use std::path::{Path, PathBuf};

use super::{BUNDLE, Model, ModelError, SAFETENSORS, safetensors};
#[cfg(feature = "_engine")]
use super::{ONNX, onnx};
use crate::files;

impl Model {
    /// Writes its files into `folder`, all of them or none; the folder is created if it does not exist.
    ///
    /// The ONNX file needs the feature of an engine.
    ///
    /// # Errors
    /// When a file cannot be written, or the weights are not float32.
    pub fn write(&self, folder: &Path) -> Result<(), ModelError> {
        let files = [
            (folder.join(SAFETENSORS), safetensors::to_bytes(self)?),
            #[cfg(feature = "_engine")]
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
    #[cfg(feature = "_engine")]
    pub fn write_exports(
        &self,
        onnx: &Path,
        provisioning_key: Option<&neural_vault_core::bundle::ProvisioningKey>,
    ) -> Result<(), ModelError> {
        let bundle = onnx.with_extension("nvb");
        write(&[(onnx.to_owned(), onnx::to_bytes(self)?), (bundle, self.to_bundle(provisioning_key)?)])
    }
}

fn write(files: &[(PathBuf, Vec<u8>)]) -> Result<(), ModelError> {
    files::write_together(files).map_err(|source| ModelError::Write { source })
}
