//! ONNX Runtime for tasks that compare with it.

use std::path::PathBuf;
use std::process::Command;

use crate::steps::{Failure, Steps};
use crate::workspace::target;

/// The variable with its folder, which the program and the benches read.
pub const VARIABLE: &str = "NEURAL_VAULT_ONNXRUNTIME";

/// Lets `program`, the command line, install it below the target folder unless it is there; returns its folder.
pub fn install(steps: &mut Steps, program: &mut Command) -> Result<PathBuf, Failure> {
    let folder = target()?.join("onnxruntime");
    program.args(["runtime", "install", "--folder"]).arg(&folder);
    steps.output("ONNX Runtime", program)?;
    Ok(folder)
}
