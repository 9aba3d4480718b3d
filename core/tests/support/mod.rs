//! Where the committed test vectors lie.

use std::path::{Path, PathBuf};

/// Path of a vector file: in the folder `NEURAL_VAULT_VECTORS` names, else in the committed copy.
pub fn vector(name: &str) -> PathBuf {
    let folder = std::env::var_os("NEURAL_VAULT_VECTORS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors"), PathBuf::from);
    folder.join(name)
}
