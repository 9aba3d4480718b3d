//! Files for tests.

#![allow(clippy::panic, clippy::unwrap_used)]

use std::path::PathBuf;

use super::{Dataset, DatasetError, LoadOptions, load};

/// A file of the test vectors: from `NEURAL_VAULT_VECTORS` when set, else the committed copy.
pub(crate) fn vector_path(name: &str) -> PathBuf {
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors");
    std::env::var_os("NEURAL_VAULT_VECTORS").map_or_else(|| committed.into(), PathBuf::from).join(name)
}

/// The bytes of a test vector.
pub(crate) fn vector(name: &str) -> Vec<u8> {
    let path = vector_path(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; set NEURAL_VAULT_VECTORS", path.display()))
}

/// Loads `bytes` as a file of this name.
pub(crate) fn load_as(name: &str, bytes: &[u8]) -> Result<Dataset, DatasetError> {
    load_with(name, bytes, None)
}

/// As [`load_as`], with the label in another column.
pub(crate) fn load_with(name: &str, bytes: &[u8], column: Option<&str>) -> Result<Dataset, DatasetError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    load(&path, &LoadOptions { label_column: column.map(str::to_owned) })
}

/// The error message of loading `bytes`, without the file's folder.
pub(crate) fn message(name: &str, bytes: &[u8]) -> String {
    let error = load_as(name, bytes).unwrap_err().to_string();
    let start = error.find(name).unwrap_or_else(|| panic!("`{error}` names no file"));
    error[start..].to_owned()
}
