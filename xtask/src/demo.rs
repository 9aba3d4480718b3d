//! The README's first command.

use crate::steps::{Failure, Steps};
use crate::workspace::cargo;

/// Runs the demo; `arguments` go on to it.
pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let mut command = cargo(&["run", "--release", "--", "demo"]);
    Steps::new().run("Demo", command.args(arguments))
}
