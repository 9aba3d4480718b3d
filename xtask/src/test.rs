//! Every check there is, in the order that tells soonest; asks nothing and skips nothing.
//!
//! All steps select the whole workspace with all its targets and one profile: another selection could turn on other
//! features in the dependencies, and the heavy ones would be compiled again.

use crate::python::{self, Package};
use crate::steps::{Failure, Steps};
use crate::tally::Tally;
use crate::workspace::{cargo, command, program, root};
use crate::{bounds, dead_stack, deny, features, firmware, onnxruntime, package, thumb};

/// What the tests of completions and manual pages run, beside bash; Debian's packages have the same names.
const SHELLS: [&str; 3] = ["fish", "mandoc", "zsh"];

/// Runs the checks and stops at the first that fails.
pub fn run() -> Result<(), Failure> {
    let mut steps = Steps::new();
    steps.run("Formatting", &mut cargo(&["fmt", "--all", "--check"]))?;
    features::run(&mut steps)?;
    steps.run("Lints", &mut cargo(&["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    features::library(&mut steps)?;
    let mut docs = cargo(&["doc", "--release", "--no-deps", "--workspace"]);
    steps.run("Docs", docs.env("RUSTDOCFLAGS", "-D warnings"))?;
    steps.run("Build", &mut cargo(&["build", "--release", "--workspace", "--all-targets"]))?;

    package::pack(&mut steps)?;

    let folder = onnxruntime::install(&mut steps, &mut command(&program()?.to_string_lossy()))?;
    let python = Package::install(&mut steps)?;
    python.check(&mut steps)?;

    let shells = || SHELLS.iter().all(|program| thumb::is_there(program));
    thumb::install(&mut steps, "Shells and mandoc, for completions and manual pages", &SHELLS, shells)?;

    let mut tally = Tally::default();
    let mut tests = cargo(&["test", "--release", "--workspace"]);
    tests.env(onnxruntime::VARIABLE, &folder).env(python::VARIABLE, python.interpreter());
    steps.run_reading("Tests", &mut tests, |line| tally.add(line))?;
    // Recordings that may not be shipped: tested where they lie beside the project.
    if root().join("../shared/data").exists() || std::env::var_os("NEURAL_VAULT_SHARED_DATA").is_some() {
        let mut tribe = cargo(&["test", "--release", "--workspace", "--test", "tribe"]);
        tribe.env(onnxruntime::VARIABLE, &folder);
        steps.run_reading("Tests on TRIBE v2 recordings", &mut tribe, |line| tally.add(line))?;
    }
    if let Some(mut bounds) = bounds::tests()? {
        steps.run_reading("Unsafe loops under AddressSanitizer", &mut bounds, |line| tally.add(line))?;
    }
    python.test(&mut steps, &folder, &mut tally)?;
    steps.run_reading("Dead stack at opt-level s", &mut dead_stack::test()?, |line| tally.add(line))?;
    tally.accept()?;

    thumb::run(&mut steps)?;
    firmware::test(&mut steps)?;
    let unchecked = deny::check(&mut steps)?;

    steps.summary();
    if let Some(unchecked) = unchecked {
        println!("\nNote: {unchecked}");
    }
    tally.print();
    Ok(())
}

/// The quick round for work on the core: its formatting, lints and tests, and those of the kernels.
pub fn core() -> Result<(), Failure> {
    const PACKAGES: [&str; 4] = ["--package", "neural-vault-core", "--package", "neural-vault-kernels"];
    let mut steps = Steps::new();
    steps.run("Formatting", cargo(&["fmt", "--check"]).args(PACKAGES))?;
    let mut lints = cargo(&["clippy", "--release", "--all-targets"]);
    steps.run("Lints", lints.args(PACKAGES).args(["--", "-D", "warnings"]))?;
    let mut tally = Tally::default();
    let mut tests = cargo(&["test", "--release"]);
    steps.run_reading("Tests", tests.args(PACKAGES), |line| tally.add(line))?;
    tally.accept()?;
    steps.summary();
    tally.print();
    Ok(())
}
