//! The test of the dead stack with code optimised for size, as a token's is.

use std::process::Command;

use crate::steps::Failure;
use crate::workspace::{cargo, target};

/// The command that runs it; `cargo test` runs it at the release profile's own level.
pub fn test() -> Result<Command, Failure> {
    let mut test = cargo(&["test", "--release", "--package", "neural-vault-kernels", "--test", "dead_stack"]);
    test.args(["--config", "profile.release.opt-level=\"s\"", "--target-dir"]).arg(target()?.join("size"));
    Ok(test)
}
