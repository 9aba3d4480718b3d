//! The criterion benches, built by the same profile as the program.

use crate::steps::{Failure, Steps};
use crate::workspace::cargo;
use crate::{core_figures, onnxruntime};

/// Runs the benches. `arguments` are criterion's, beginning with a filter, or `--table` with or without `--json`.
pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let mut steps = Steps::new();
    let mut command = cargo(&["bench", "--package", "neural-vault-benches", "--bench", "hot_path", "--"]);
    if arguments.iter().any(|argument| argument == "--table") {
        let mut program = cargo(&["run", "--release", "--package", "neural-vault", "--"]);
        command.env(onnxruntime::VARIABLE, onnxruntime::install(&mut steps, &mut program)?);
        command.arg(format!("--token={}", core_figures::write(&mut steps)?.display()));
    }
    steps.run("Benches", command.args(arguments))
}
