//! Python with the packages that the examples of the documentation import.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::steps::{Failure, Steps};
use crate::thumb;
use crate::workspace::{command, target};

/// The variable with the interpreter, which the tests of the documentation read.
pub const VARIABLE: &str = "NEURAL_VAULT_PYTHON";

/// The packages, without those that they name for parts that are not used here. They need Python 3.11 or later.
const PACKAGES: [&str; 2] = ["numpy==2.4.6", "onnxruntime==1.31.1"];

/// Makes an environment with the packages below the target folder unless it is there; returns its interpreter.
///
/// Installs Debian's `python3-venv` on Debian as root if Python cannot make an environment.
pub fn install(steps: &mut Steps) -> Result<PathBuf, Failure> {
    let folder = target()?.join("python");
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let program = python.to_string_lossy().into_owned();
    if has_packages(&program) {
        return Ok(python);
    }
    let makes_environments = || succeeds(command("python3").args(["-c", "import ensurepip, venv"]));
    thumb::install(steps, "Python's venv", &["python3-venv"], makes_environments)?;
    steps.run("Python", command("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut pip = command(&program);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]);
    steps.run("Python's packages", pip.args(PACKAGES))?;
    Ok(python)
}

/// Whether an interpreter has the packages in these versions.
fn has_packages(program: &str) -> bool {
    let wanted = PACKAGES.map(|package| {
        let (name, version) = package.split_once("==").unwrap_or((package, ""));
        format!("assert version('{name}') == '{version}'")
    });
    let check = format!("from importlib.metadata import version; {}", wanted.join("; "));
    succeeds(command(program).args(["-c", &check]))
}

fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}
