//! Mutants, by cargo-mutants: code with one small change, which a test of its own package should notice.
//!
//! The changes are made in a copy of the tree, one file after another. What was found stays in the target folder, so that
//! a run that was stopped goes on where it was, and a file is tried again only where a mutant still survives. A mutant is
//! known by its place and its change: remove `mutants` from the target folder after code has changed within its lines.

mod harmless;
mod outcomes;
mod packages;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::crates_io;
use crate::steps::{Failure, Steps};
use crate::workspace::{command, root, target};
use harmless::Harmless;
use outcomes::{Outcomes, Score};
use packages::{PACKAGES, Package};

const VERSION: &str = "27.1.0";

/// Settings of cargo-mutants, for both workspaces.
const SETTINGS: &str = ".cargo/mutants.toml";

/// Exit codes of cargo-mutants that mean that it has tried what it was asked to: all caught, some missed, some timed out.
const TRIED: [i32; 3] = [0, 2, 3];

/// Tries the mutants of all packages, of one, or of its files whose path contains `file`; prints the scores.
///
/// Fails on a survivor that is not listed as harmless, and on a listed one that is caught.
pub fn run(package: Option<&str>, file: Option<&str>) -> Result<(), Failure> {
    let mut steps = Steps::new();
    let program = install(&mut steps)?;
    let harmless = Harmless::read(&root().join(harmless::LIST))?;
    let mut findings = Vec::new();
    for package in packages(package)? {
        for (path, mutants) in package.mutants(&mut steps, &program, file)? {
            let folder = target()?.join("mutants").join(package.crate_name).join(path.replace('/', "."));
            let is_done = |outcomes: &Outcomes| {
                outcomes.lack(&mutants).is_empty() && harmless.compare(&path, &outcomes.survivors(&mutants)).is_empty()
            };
            if !is_done(&Outcomes::read(&folder)?) {
                try_file(&mut steps, &program, package, &path, &folder)?;
            }
            let outcomes = Outcomes::read(&folder)?;
            let missing = outcomes.lack(&mutants).len();
            if missing > 0 {
                return Err(Failure::new(format!("{path}: {missing} mutants were not tried")));
            }
            findings.extend(harmless.compare(&path, &outcomes.survivors(&mutants)));
        }
    }
    steps.summary();
    table(&program, package, file)?;
    match findings.is_empty() {
        true => Ok(()),
        false => Err(Failure::new(format!(
            "{}\nkill these by tests, or list them in {}",
            findings.join("\n"),
            harmless::LIST
        ))),
    }
}

/// Prints the scores of what was tried so far as a table in Markdown.
pub fn show(package: Option<&str>, file: Option<&str>) -> Result<(), Failure> {
    let program = install(&mut Steps::new())?;
    table(&program, package, file)
}

fn table(program: &Path, package: Option<&str>, file: Option<&str>) -> Result<(), Failure> {
    let harmless = Harmless::read(&root().join(harmless::LIST))?;
    println!("| file | mutants | unviable | caught | timed out | missed | harmless | score | with the harmless |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for package in packages(package)? {
        let mut all = Score::default();
        for (path, mutants) in package.mutants(&mut Steps::new(), program, file)? {
            let folder = target()?.join("mutants").join(package.crate_name).join(path.replace('/', "."));
            let outcomes = Outcomes::read(&folder)?;
            let tried = mutants.len() - outcomes.lack(&mutants).len();
            if tried > 0 {
                let score = outcomes.score(&mutants, harmless.count(&path));
                let part =
                    if tried < mutants.len() { format!(", {tried} of {}", mutants.len()) } else { String::new() };
                println!("| `{path}`{part} {score}");
                all.add(&score);
            }
        }
        println!("| **{}** {all}", package.crate_name);
    }
    Ok(())
}

/// The package of this short name, or all.
fn packages(name: Option<&str>) -> Result<Vec<&'static Package>, Failure> {
    let chosen: Vec<_> = PACKAGES.iter().filter(|package| name.is_none_or(|name| name == package.name)).collect();
    if chosen.is_empty() {
        let names: Vec<_> = PACKAGES.iter().map(|package| package.name).collect();
        let message = format!("no package {}; there are {}", name.unwrap_or_default(), names.join(", "));
        return Err(Failure { message, status: 2 });
    }
    Ok(chosen)
}

/// The program, of this version.
fn install(steps: &mut Steps) -> Result<PathBuf, Failure> {
    crates_io::install(steps, "cargo-mutants", VERSION, &["--debug"])
}

/// Tries the mutants of a file that were not caught before.
fn try_file(steps: &mut Steps, program: &Path, package: &Package, path: &str, folder: &Path) -> Result<(), Failure> {
    // A copy for each package: one that depends on another must not see that one's mutants.
    let source = target()?.join("mutants").join(package.crate_name).join("source");
    let unfinished = begin(&source, &source.join(package.workspace).join("target"))?;
    copy(&source)?;
    fs::create_dir_all(folder).map_err(Failure::at(folder))?;
    // What a run that was stopped has found.
    Outcomes::take_in(folder)?;
    let mut mutants = command(&program.to_string_lossy());
    mutants
        .args(["mutants", "--in-place", "--iterate", "--no-times"])
        .args(["--config".as_ref(), source.join(SETTINGS).as_os_str()]);
    mutants.args(["--package", package.crate_name, "--file", package.within(path)]).arg("--output").arg(folder);
    mutants.args(package.tests(path).iter().map(|test| format!("--cargo-arg={test}")));
    mutants.args(["--", "--"]).args(package.skipped.iter().flat_map(|test| ["--skip", test]));
    // The same cases in every run: none is caught by chance, and none leaves a case behind for the next.
    mutants.env("PROPTEST_RNG_SEED", "1").env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1");
    // Into the target folders of the copy.
    mutants.current_dir(source.join(package.workspace)).env_remove("CARGO_TARGET_DIR");
    let outcome = steps.run(path, &mut mutants);
    Outcomes::take_in(folder)?;
    match outcome {
        Err(failure) if !TRIED.contains(&failure.status) => Err(failure),
        _ => fs::remove_file(&unfinished).map_err(Failure::at(&unfinished)),
    }
}

/// Marks a copy as in use by a file that is there until all mutants of a source were tried; returns its path.
///
/// Where a run was stopped, what was compiled may be a mutant with the time of the sound source: it is removed.
fn begin(source: &Path, compiled: &Path) -> Result<PathBuf, Failure> {
    let unfinished = source.join("unfinished");
    if unfinished.exists() && compiled.exists() {
        fs::remove_dir_all(compiled).map_err(Failure::at(compiled))?;
    }
    fs::create_dir_all(source).map_err(Failure::at(source))?;
    fs::write(&unfinished, "").map_err(Failure::at(&unfinished))?;
    Ok(unfinished)
}

/// Copies the files of the repository that differ in `source`, also where a run that was stopped has left a mutant.
fn copy(source: &Path) -> Result<(), Failure> {
    let list = command("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).output();
    let list = list.map_err(Failure::at(root()))?;
    let paths = String::from_utf8_lossy(&list.stdout).into_owned();
    for path in paths.split('\0').filter(|path| !path.is_empty()) {
        let (from, to) = (root().join(path), source.join(path));
        match fs::read(&from) {
            Ok(bytes) if fs::read(&to).is_ok_and(|there| there == bytes) => {}
            Ok(bytes) => {
                fs::create_dir_all(to.parent().unwrap_or(source)).map_err(Failure::at(&to))?;
                fs::write(&to, bytes).map_err(Failure::at(&to))?;
            }
            // Listed, but removed from the tree.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Failure::at(&from)(error)),
        }
    }
    Ok(())
}

/// Mutants by file: the names that cargo-mutants gives them, such as `core/src/key.rs:31:39: replace * with +`.
type Files = BTreeMap<String, Vec<String>>;

impl Package {
    /// The package's mutants, those of files whose path contains `file`.
    fn mutants(&self, steps: &mut Steps, program: &Path, file: Option<&str>) -> Result<Files, Failure> {
        let mut list = command(&program.to_string_lossy());
        list.args(["mutants", "--list", "--package", self.crate_name, "--config"]).arg(root().join(SETTINGS));
        list.current_dir(root().join(self.workspace));
        let mut files = Files::new();
        for name in steps.output("Mutants", &mut list)?.lines() {
            let (path, _) = name.split_once(':').ok_or_else(|| Failure::new(format!("no mutant: {name}")))?;
            let path = self.path(path);
            if file.is_none_or(|file| path.contains(file)) {
                files.entry(path).or_default().push(name.to_owned());
            }
        }
        Ok(files)
    }

    /// The path from the repository's root of a file that is named from the workspace's.
    fn path(&self, within: &str) -> String {
        if self.workspace == "." { within.to_owned() } else { format!("{}/{within}", self.workspace) }
    }

    /// The path from the workspace's root.
    fn within<'p>(&self, path: &'p str) -> &'p str {
        path.strip_prefix(self.workspace).and_then(|rest| rest.strip_prefix('/')).unwrap_or(path)
    }
}
