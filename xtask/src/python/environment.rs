//! Environments of Python, made by its module `venv`.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::steps::{Failure, Steps};
use crate::thumb;
use crate::workspace::command;

/// Names of an interpreter, the user's own first.
const INTERPRETERS: [&str; 5] = ["python3", "python3.14", "python3.13", "python3.12", "python3.11"];

const NEEDED: &str = "Python 3.11 or later with its module venv";

/// What to do where Debian's package is of no use.
const ELSEWHERE: &str = "where Debian's is older, install a newer one, such as those of https://www.python.org/downloads, and put it on the PATH";

/// A program that fails unless Python is new enough and can make environments.
const SUITABLE: &str = "import ensurepip, sys, venv; assert sys.version_info >= (3, 11)";

/// A folder with an interpreter and packages.
pub struct Environment {
    pub folder: PathBuf,
}

impl Environment {
    /// Its interpreter, which need not be there yet.
    pub fn interpreter(&self) -> PathBuf {
        self.script("python")
    }

    /// The program that a package of it has installed.
    pub fn script(&self, name: &str) -> PathBuf {
        self.folder.join(if cfg!(windows) { "Scripts" } else { "bin" }).join(format!("{name}{EXE_SUFFIX}"))
    }

    /// A command of its interpreter, which finds the environment's packages and no others.
    pub fn python(&self, arguments: &[&str]) -> Command {
        let mut python = command(&self.interpreter().to_string_lossy());
        python.args(arguments).env_remove("PYTHONPATH").env_remove("PYTHONHOME");
        python
    }

    /// Whether its interpreter is there and can run: the one that it was made of may be gone.
    pub fn runs(&self) -> bool {
        succeeds(&mut self.python(&["-c", ""]))
    }

    /// Makes it anew, with pip.
    ///
    /// Installs Debian's `python3-venv` on Debian as root if Python cannot make an environment.
    pub fn make(&self, steps: &mut Steps) -> Result<(), Failure> {
        let found =
            || INTERPRETERS.into_iter().find(|interpreter| succeeds(command(interpreter).args(["-c", SUITABLE])));
        let provided = thumb::install(steps, NEEDED, &["python3-venv"], || found().is_some());
        provided
            .map_err(|Failure { message, status }| Failure { message: format!("{message}\n{ELSEWHERE}"), status })?;
        let interpreter = found().unwrap_or(INTERPRETERS[0]);
        steps.run("Python", command(interpreter).args(["-m", "venv", "--clear"]).arg(&self.folder))
    }

    /// Makes another one anew, without pip, that finds this one's packages too.
    pub fn make_beside(&self, steps: &mut Steps, folder: &Path) -> Result<Self, Failure> {
        let other = Self { folder: folder.to_path_buf() };
        let mut make = self.python(&["-m", "venv", "--clear", "--without-pip"]);
        steps.run("Environment of the wheel", make.arg(folder))?;
        let path = other.packages()?.join("beside.pth");
        let packages = self.packages()?;
        fs::write(&path, format!("{}\n", packages.display())).map_err(Failure::at(&path))?;
        Ok(other)
    }

    /// The folder with its packages.
    fn packages(&self) -> Result<PathBuf, Failure> {
        let output = self.python(&["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).output();
        let output = output.map_err(Failure::at(&self.folder))?;
        Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
    }
}

fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}
