//! Where the test vectors lie.

use std::path::{Path, PathBuf};

/// The file of a test vector: in the folder that `NEURAL_VAULT_VECTORS` names if that has it, else the committed copy.
#[must_use]
pub fn vector_path(name: &str) -> PathBuf {
    let other = std::env::var_os("NEURAL_VAULT_VECTORS").map(|folder| Path::new(&folder).join(name));
    let committed = || Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name);
    other.filter(|file| file.exists()).unwrap_or_else(committed)
}

/// The bytes of a test vector.
///
/// # Panics
/// When it cannot be read.
#[must_use]
#[allow(clippy::panic, reason = "for tests alone")]
pub fn vector(name: &str) -> Vec<u8> {
    let path = vector_path(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
