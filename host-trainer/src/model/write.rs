//! Writing a model's files.

use std::path::{Path, PathBuf};

use super::{BUNDLE, Model, ModelError, SAFETENSORS, safetensors};
#[cfg(feature = "_engine")]
use super::{ONNX, onnx};
use crate::files::{self, Existing, Readers};

impl Model {
    /// Writes its files into `folder`, all of them or none; the folder is created if it does not exist, and files of
    /// these names are replaced.
    ///
    /// The ONNX file needs the feature of an engine.
    ///
    /// # Errors
    /// When a file cannot be written, or the weights are not float32.
    pub fn write(&self, folder: &Path) -> Result<(), ModelError> {
        self.write_over(folder, Existing::Replace)
    }

    /// As [`Model::write`], but replaces no file.
    ///
    /// # Errors
    /// As [`Model::write`], or when one of the files is there.
    pub fn write_new(&self, folder: &Path) -> Result<(), ModelError> {
        self.write_over(folder, Existing::Keep)
    }

    fn write_over(&self, folder: &Path, existing: Existing) -> Result<(), ModelError> {
        let files = [
            (folder.join(SAFETENSORS), safetensors::to_bytes(self)?),
            #[cfg(feature = "_engine")]
            (folder.join(ONNX), onnx::to_bytes(self)?),
            (folder.join(BUNDLE), self.to_bundle(None)?),
        ];
        files::create_folder(folder).map_err(|source| ModelError::Write { source })?;
        write(&files, existing)
    }

    /// Writes its bundle alone, without a tag; replaces a file that is there.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_bundle(&self, path: &Path) -> Result<(), ModelError> {
        write(&[(path.to_owned(), self.to_bundle(None)?)], Existing::Replace)
    }

    /// As [`Model::write_bundle`], but replaces no file.
    ///
    /// # Errors
    /// When the file cannot be written, or one is there.
    pub fn write_new_bundle(&self, path: &Path) -> Result<(), ModelError> {
        write(&[(path.to_owned(), self.to_bundle(None)?)], Existing::Keep)
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
        let files = [(onnx.to_owned(), onnx::to_bytes(self)?), (bundle, self.to_bundle(provisioning_key)?)];
        write(&files, Existing::Replace)
    }
}

fn write(files: &[(PathBuf, Vec<u8>)], existing: Existing) -> Result<(), ModelError> {
    files::write_together(files, Readers::All, existing).map_err(|source| ModelError::Write { source })
}
