//! Programs from crates.io that tasks run, each in one version, below the target folder.

use std::path::PathBuf;

use crate::steps::{Failure, Steps};
use crate::workspace::{cargo, target};

/// Installs this version of a program unless it is there; returns the program.
pub fn install(steps: &mut Steps, name: &str, version: &str, arguments: &[&str]) -> Result<PathBuf, Failure> {
    let folder = target()?.join(name).join(version);
    let program = folder.join(format!("bin/{name}{}", std::env::consts::EXE_SUFFIX));
    if !program.is_file() {
        let mut cargo = cargo(&["install", name, "--version", &format!("={version}"), "--locked"]);
        steps.run(&format!("{name} {version}"), cargo.args(arguments).arg("--root").arg(&folder))?;
    }
    Ok(program)
}
