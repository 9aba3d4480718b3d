//! Every check there is, in the order that tells soonest; asks nothing and skips nothing.
//!
//! All steps select the whole workspace with all its targets and one profile: another selection could turn on other
//! features in the dependencies, and the heavy ones would be compiled again.

use std::env::consts::EXE_SUFFIX;

use crate::steps::{Failure, Steps};
use crate::workspace::{cargo, command, root, target};
use crate::{bounds, dead_stack, deny, features, firmware, onnxruntime, package, python, thumb};

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

    let program = target()?.join(format!("release/neural-vault{EXE_SUFFIX}"));
    let folder = onnxruntime::install(&mut steps, &mut command(&program.to_string_lossy()))?;
    let python = python::install(&mut steps)?;

    let shells = || SHELLS.iter().all(|program| thumb::is_there(program));
    thumb::install(&mut steps, "Shells and mandoc, for completions and manual pages", &SHELLS, shells)?;

    let mut tally = Tally::default();
    let mut tests = cargo(&["test", "--release", "--workspace"]);
    tests.env(onnxruntime::VARIABLE, &folder).env(python::VARIABLE, &python);
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
    steps.run_reading("Dead stack at opt-level s", &mut dead_stack::test()?, |line| tally.add(line))?;
    tally.accept()?;

    thumb::run(&mut steps)?;
    firmware::test(&mut steps)?;
    let unchecked = deny::run(&mut steps)?;

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

/// What the closing lines of all test programs add up to.
#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Tally {
    /// Takes in a line such as `test result: ok. 18 passed; 0 failed; 0 ignored; 0 measured; ...`.
    fn add(&mut self, line: &str) {
        let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            return;
        };
        for part in counts.split("; ") {
            match part.split_once(' ').map(|(count, what)| (count.parse::<u64>(), what)) {
                Some((Ok(count), "passed")) => self.passed += count,
                Some((Ok(count), "failed")) => self.failed += count,
                Some((Ok(count), "ignored")) => self.ignored += count,
                _ => {}
            }
        }
    }

    fn print(&self) {
        println!("\n{} passed, {} failed", self.passed, self.failed);
    }

    /// An ignored test is one skipped, and no test at all is no success.
    fn accept(&self) -> Result<(), Failure> {
        match self {
            Tally { passed: 0, .. } => Err(Failure::new("no test was run".to_owned())),
            Tally { ignored: 1.., .. } => {
                Err(Failure::new(format!("{} tests are marked #[ignore]: nothing is skipped here", self.ignored)))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &[&str]) -> Tally {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.add(line));
        tally
    }

    #[test]
    fn the_tests_of_all_programs_are_added_up() {
        let tally = tally(&[
            "running 18 tests",
            "test result: ok. 18 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.03s",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.50s",
            "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ]);
        assert_eq!((tally.passed, tally.failed, tally.ignored), (20, 1, 0));
        assert!(tally.accept().is_ok());
    }

    #[test]
    fn running_no_test_is_a_failure() {
        assert!(tally(&["test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured"]).accept().is_err());
    }

    #[test]
    fn an_ignored_test_is_a_failure() {
        assert!(tally(&["test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured"]).accept().is_err());
    }
}
