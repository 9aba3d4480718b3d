//! The test of the dead stack with code that is optimised for size, like a token's.

use std::process::Command;

use crate::steps::Failure;
use crate::workspace::{cargo, target};

/// The command that runs it; `cargo test` runs it at the optimisation level of the release profile.
pub fn test() -> Result<Command, Failure> {
    let mut test = cargo(&["test", "--release", "--package", "neural-vault-kernels", "--test", "dead_stack"]);
    test.args(["--config", "profile.release.opt-level=\"s\"", "--target-dir"]).arg(target()?.join("size"));
    Ok(test)
}
