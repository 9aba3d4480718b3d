//! The README's first command.

use crate::steps::{Failure, Steps};
use crate::workspace::cargo;

/// Runs the demo with these arguments.
pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let mut command = cargo(&["run", "--release", "--", "demo"]);
    Steps::new().run("Demo", command.args(arguments))
}
