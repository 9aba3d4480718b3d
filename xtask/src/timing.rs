//! Whether branches and addresses depend on secrets, by memcheck, and what calls leave on the stack; both as a host is
//! optimised and as a token is.

mod reports;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::steps::{Failure, Steps};
use crate::thumb;
use crate::workspace::{cargo, command, root, target};
use reports::{Place, places};

/// The page whose table of exceptions lists the branches and addresses that may depend on secrets: file, text of the line, why.
const PAGE: &str = "docs/memory-and-timing.md";

/// Debian's packages: memcheck, and what `crabgrind` reads valgrind's headers with.
const PACKAGES: [&str; 2] = ["valgrind", "libclang-dev"];

/// Levels of optimisation: of what runs on a host, and of the token's images.
const LEVELS: [(&str, &[&str]); 2] =
    [("3", &[]), ("s", &["profile.release.opt-level=\"s\"", "profile.release.package.neural-vault-core.opt-level=2"])];

/// A row of the page's table: a file, and a part of the line.
type Exception = (String, String);

/// Builds the functions that handle secrets and runs all of them; fails on a report that is no exception, on an exception
/// that nothing needs, and on a secret that is left without a reason.
pub fn run() -> Result<(), Failure> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(Failure::new("secrets are followed on x86-64 Linux".to_owned()));
    }
    let mut steps = Steps::new();
    thumb::install(&mut steps, "Valgrind and libclang", &PACKAGES, || thumb::is_there("valgrind") && has_libclang())?;
    steps.run("Formatting", &mut cargo(&["fmt", "--check", "--manifest-path", "timing/Cargo.toml"]))?;
    let page = root().join(PAGE);
    let exceptions = exceptions(&fs::read_to_string(&page).map_err(Failure::at(&page))?);
    let mut found = BTreeSet::new();
    for (level, config) in LEVELS {
        let folder = target()?.join(format!("timing-{level}"));
        let program = build(&mut steps, level, config, &folder)?;
        let (leaks, log) = (folder.join("leaks.txt"), folder.join("memcheck.txt"));
        let heading = format!("Leaks that memcheck must report, opt-level {level}");
        steps.run(&heading, memcheck(&leaks).arg(&program).arg("leaks"))?;
        let heading = format!("Reports of memcheck for each function, opt-level {level}");
        steps.run(&heading, memcheck(&log).arg(&program).arg("timing"))?;
        let log = fs::read_to_string(&log).map_err(Failure::at(&log))?;
        found.extend(places(&log, root()).map_err(Failure::new)?);
        let heading = format!("Bytes of secrets left on the stack, opt-level {level}");
        steps.run(&heading, command(&program.to_string_lossy()).arg("stack"))?;
    }
    steps.summary();
    println!("\n{}", compare(&found, &exceptions)?);
    Ok(())
}

fn build(steps: &mut Steps, level: &str, config: &[&str], folder: &Path) -> Result<PathBuf, Failure> {
    let mut build = cargo(&["build", "--release", "--locked", "--manifest-path", "timing/Cargo.toml", "--target-dir"]);
    build.arg(folder).env_remove("RUSTFLAGS");
    for setting in config {
        build.args(["--config", setting]);
    }
    steps.run(&format!("Functions that handle secrets, opt-level {level}"), &mut build)?;
    Ok(folder.join("release/neural-vault-timing"))
}

/// Valgrind with its options; what it runs is to be added.
fn memcheck(log: &Path) -> Command {
    let mut memcheck = command("valgrind");
    memcheck.args([
        "--tool=memcheck",
        "--leak-check=no",
        // All reports, however many there are.
        "--error-limit=no",
        "--read-inline-info=yes",
        "--fullpath-after=",
        "--num-callers=40",
    ]);
    memcheck.arg(format!("--log-file={}", log.display()));
    memcheck
}

/// Whether `crabgrind` finds libclang, as its build does.
fn has_libclang() -> bool {
    let is_library =
        |path: PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libclang"));
    let has_one = |folder: PathBuf| {
        fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| is_library(entry.path())))
    };
    let versions = fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    let mut llvm = versions.filter(|path| path.to_string_lossy().contains("/llvm-"));
    std::env::var_os("LIBCLANG_PATH").is_some() || llvm.any(|folder| has_one(folder.join("lib")))
}

/// The rows of the table of exceptions: those whose first two cells are in code style.
fn exceptions(page: &str) -> Vec<Exception> {
    let code = |cell: &str| cell.trim().strip_prefix('`')?.strip_suffix('`').map(str::to_owned);
    let row = |line: &str| {
        // A bar that belongs to the code is written as in Markdown.
        let line = line.replace("\\|", "\u{0}");
        let mut cells = line.strip_prefix('|')?.split('|').map(|cell| cell.replace('\u{0}', "|"));
        Some((code(&cells.next()?)?, code(&cells.next()?)?))
    };
    page.lines().filter_map(row).collect()
}

/// Fails on a place that is no exception, and on an exception of which nothing was found.
fn compare(found: &BTreeSet<Place>, exceptions: &[Exception]) -> Result<String, Failure> {
    let covers = |(file, text): &Exception, place: &Place| place.file == *file && place.text.contains(text.as_str());
    let mut message = String::new();
    for place in found.iter().filter(|place| !exceptions.iter().any(|exception| covers(exception, place))) {
        let Place { file, line, text, function } = place;
        let _ = write!(message, "\n{file}:{line}, {function}: depends on a secret:\n  {text}");
    }
    for exception in exceptions.iter().filter(|exception| !found.iter().any(|place| covers(exception, place))) {
        let _ = write!(message, "\n{PAGE} lists what depends on no secret: {}: {}", exception.0, exception.1);
    }
    if message.is_empty() {
        let lines: BTreeSet<_> = found.iter().map(|place| (&place.file, place.line)).collect();
        Ok(format!("{} lines depend on secrets, and are the {} exceptions of {PAGE}", lines.len(), exceptions.len()))
    } else {
        Err(Failure::new(message.trim_start().to_owned()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn place(file: &str, text: &str) -> Place {
        Place { file: file.to_owned(), line: 7, text: text.to_owned(), function: "norm".to_owned() }
    }

    #[test]
    fn the_page_lists_exceptions_by_file_and_line() {
        let page = "| file | branch | why |\n|---|---|---|\n| `core/src/a.rs` | `if a \\|\\| b {` | it is public |\n| a word | `x` | y |\n";
        assert_eq!(exceptions(page), [("core/src/a.rs".to_owned(), "if a || b {".to_owned())]);
    }

    #[test]
    fn a_place_that_is_not_listed_and_a_row_without_a_place_fail() {
        let exceptions = [("core/src/a.rs".to_owned(), "squares <= 0.0".to_owned())];
        let listed = BTreeSet::from([place("core/src/a.rs", "squares if squares <= 0.0 => Err(Zero),")]);
        assert!(compare(&listed, &exceptions).is_ok());
        let failure =
            |found: &BTreeSet<Place>, exceptions: &[Exception]| compare(found, exceptions).err().unwrap().message;
        assert!(failure(&listed, &[]).starts_with("core/src/a.rs:7, norm: depends on a secret:"));
        let other = BTreeSet::from([place("core/src/b.rs", "squares if squares <= 0.0 => Err(Zero),")]);
        assert!(failure(&other, &exceptions).contains("depends on no secret: core/src/a.rs"));
    }
}
