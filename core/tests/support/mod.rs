//! Where the committed test vectors lie.

use std::path::{Path, PathBuf};

/// Path of a vector file: in the folder `NEURAL_VAULT_VECTORS` names if that has it, else in the committed copy.
pub fn vector(name: &str) -> PathBuf {
    let other = std::env::var_os("NEURAL_VAULT_VECTORS").map(|folder| PathBuf::from(folder).join(name));
    let committed = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors").join(name);
    other.filter(|path| path.exists()).unwrap_or_else(committed)
}
