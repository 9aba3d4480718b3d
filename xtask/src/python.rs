//! The Python package: its wheel in an environment of its own, checks of what users see of it, and its tests.
//!
//! The packages that it is tested with take a minute to download and install. They have an environment that is made again
//! when their list changes. The wheel gets a new environment each time, which finds those packages by a path.

mod environment;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::onnxruntime;
use crate::steps::{Failure, Steps};
use crate::tally::Tally;
use crate::workspace::{cargo, command, program, root, target};
use environment::Environment;

/// The variable with the interpreter that has the package, which the tests of the documentation read.
pub const VARIABLE: &str = "NEURAL_VAULT_PYTHON";

/// The packages that it is tested with.
const REQUIREMENTS: &str = "python/requirements-test.txt";

/// A wheel takes no more, so that it installs in a moment and fits any index.
const MOST: u64 = 15_000_000;

/// The package installed from its wheel.
pub struct Package {
    /// Has the packages that it is tested with.
    packages: Environment,
    /// Has the wheel, and finds those packages.
    environment: Environment,
}

/// Builds the program and the package, then checks and tests the package.
pub fn run() -> Result<(), Failure> {
    let mut steps = Steps::new();
    steps.run("Build", &mut cargo(&["build", "--release", "--workspace", "--bins"]))?;
    let folder = onnxruntime::install(&mut steps, &mut command(&program()?.to_string_lossy()))?;
    let package = Package::install(&mut steps)?;
    package.check(&mut steps)?;
    let mut tally = Tally::default();
    package.test(&mut steps, &folder, &mut tally)?;
    tally.accept()?;
    steps.summary();
    tally.print();
    Ok(())
}

impl Package {
    /// Builds the wheel and installs it in a new environment.
    pub fn install(steps: &mut Steps) -> Result<Self, Failure> {
        let packages = packages(steps)?;
        let wheel = wheel(steps)?;
        let environment = packages.make_beside(steps, &target()?.join("python-wheel"))?;
        let mut install = packages.python(&["-m", "pip", "--quiet", "--disable-pip-version-check", "--python"]);
        install.arg(environment.interpreter());
        // Its extras too: without an index that says whether the packages there are those that it asks for.
        install.args(["install", "--no-index"]).arg(format!("{}[all]", wheel.display()));
        steps.run("Installation of the wheel", &mut install)?;
        let installed = "import sys, neural_vault; assert neural_vault.__file__.startswith(sys.prefix), \
                         f'{neural_vault.__file__} is not the installed package'";
        steps.run("Where Python finds the package", &mut environment.python(&["-c", installed]))?;
        let script = environment.script("neural-vault");
        steps.run("Its command", command(&script.to_string_lossy()).arg("--version"))?;
        Ok(Self { packages, environment })
    }

    /// The interpreter that has the package and those that it is tested with.
    pub fn interpreter(&self) -> PathBuf {
        self.environment.interpreter()
    }

    /// Checks formatting, style and docstrings, the stubs against the native module, and types.
    pub fn check(&self, steps: &mut Steps) -> Result<(), Failure> {
        let ruff = |arguments: &[&str]| -> Result<Command, Failure> {
            let mut ruff = self.packages.python(&["-m", "ruff"]);
            ruff.args(arguments).arg("python").env("RUFF_CACHE_DIR", target()?.join("ruff"));
            Ok(ruff)
        };
        steps.run("Formatting of Python", &mut ruff(&["format", "--check", "--quiet"])?)?;
        steps.run("Lints and docstrings of Python", &mut ruff(&["check", "--quiet"])?)?;
        let mypy = |module: &str, arguments: &[&str]| -> Result<Command, Failure> {
            let mut mypy = self.environment.python(&["-m", module]);
            mypy.args(arguments).env("MYPY_CACHE_DIR", target()?.join("mypy"));
            Ok(mypy)
        };
        steps.run("Stubs of the native module", &mut mypy("mypy.stubtest", &["neural_vault._native"])?)?;
        let types = ["--config-file", "python/pyproject.toml", "--package", "neural_vault"];
        steps.run("Types of Python", &mut mypy("mypy", &types)?)
    }

    /// Runs its tests beside the program that cargo built, with ONNX Runtime from a folder.
    pub fn test(&self, steps: &mut Steps, onnxruntime: &Path, tally: &mut Tally) -> Result<(), Failure> {
        let mut tests = self.environment.python(&[
            "-m",
            "pytest",
            "--quiet",
            "--disable-warnings",
            "--durations",
            "5",
            "python/tests",
        ]);
        tests.args(["-p", "no:cacheprovider"]);
        tests.env("NEURAL_VAULT_PROGRAM", program()?).env(onnxruntime::VARIABLE, onnxruntime);
        // Ray would report to its makers.
        tests.env("RAY_USAGE_STATS_ENABLED", "0");
        steps.run_reading("Tests of the Python package", &mut tests, |line| tally.add_pytest(line))
    }
}

/// Makes the environment with the packages of the list below the target folder unless it is there.
fn packages(steps: &mut Steps) -> Result<Environment, Failure> {
    let environment = Environment { folder: target()?.join("python") };
    let list = root().join(REQUIREMENTS);
    let wanted = fs::read(&list).map_err(Failure::at(&list))?;
    // Written when all packages are installed.
    let installed = environment.folder.join("installed.txt");
    if environment.runs() && fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(environment);
    }
    environment.make(steps)?;
    let mut pip = environment.python(&["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    steps.run("Python's packages", pip.args(["--only-binary", ":all:", "--requirement", REQUIREMENTS]))?;
    fs::write(&installed, wanted).map_err(Failure::at(&installed))?;
    Ok(environment)
}

/// Builds the wheel by maturin with what cargo has compiled; returns its path.
pub fn wheel(steps: &mut Steps) -> Result<PathBuf, Failure> {
    wheel_by(steps, |_| Ok(()))
}

/// As [`wheel`], by maturin with other settings.
pub fn wheel_by(steps: &mut Steps, set: impl FnOnce(&mut Command) -> Result<(), Failure>) -> Result<PathBuf, Failure> {
    let packages = packages(steps)?;
    let folder = target()?.join("wheel");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Failure::at(&folder))?;
    }
    let mut maturin =
        packages.python(&["-m", "maturin", "build", "--release", "--locked", "--quiet", "--compression-level", "9"]);
    maturin.args(["--manifest-path", "python/Cargo.toml", "--interpreter"]).arg(packages.interpreter());
    set(&mut maturin)?;
    steps.run("Wheel", maturin.arg("--out").arg(&folder))?;
    let mut files = fs::read_dir(&folder).map_err(Failure::at(&folder))?;
    let wheel = files.next().transpose().map_err(Failure::at(&folder))?;
    let wheel = wheel.ok_or_else(|| Failure::new(format!("{}: no wheel", folder.display())))?.path();
    let size = fs::metadata(&wheel).map_err(Failure::at(&wheel))?.len();
    if size > MOST {
        return Err(Failure::new(format!("{} takes {size} bytes, of {MOST} that it may", wheel.display())));
    }
    eprintln!("{}: {size} bytes", wheel.display());
    Ok(wheel)
}
