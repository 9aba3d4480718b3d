//! The criterion benches, built as every user's program is.

use crate::steps::{Failure, Steps};
use crate::workspace::cargo;

/// Runs the benches; `arguments` go on to criterion, the first of them being a filter.
pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let mut command = cargo(&["bench", "--package", "neural-vault-benches", "--bench", "hot_path", "--"]);
    Steps::new().run("Benches", command.args(arguments))
}
