//! Compares the bits of embeddings between all instruction sets of this processor.

use crate::steps::{Failure, Steps};
use crate::workspace::cargo;

/// Runs the kernels' `kernel_bits` example, which fails if a word differs.
pub fn run() -> Result<(), Failure> {
    let mut command = cargo(&["run", "--release", "--package", "neural-vault-kernels", "--example", "kernel_bits"]);
    Steps::new().run("Embeddings by every kernel", &mut command)
}
