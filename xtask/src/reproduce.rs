//! Whether a release is the same bytes wherever it is built: the commit's sources in two folders, with two folders of
//! cargo's.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::release::{digest, known};
use crate::steps::{Failure, Steps};
use crate::workspace::{cargo, command, target};

/// Folders of different lengths and depths, below the target folder.
const FOLDERS: [&str; 2] = ["reproduce/1/vault", "reproduce/2/a/deeper/folder/neural-vault"];

/// What is built if nothing is chosen: what holds for the wheel holds for the program's library, and it needs Python.
const PARTS: [&str; 2] = ["images", "program"];

/// Builds these parts of a release twice, from nothing, and compares them; fails if a file differs.
pub fn run(parts: &[String]) -> Result<(), Failure> {
    known(parts)?;
    let parts: Vec<&str> = if parts.is_empty() { PARTS.to_vec() } else { parts.iter().map(String::as_str).collect() };
    let mut steps = Steps::new();
    let changed = steps.output("Changes", command("git").args(["status", "--porcelain", "--untracked-files=no"]))?;
    let commit = steps.output("Commit", command("git").args(["rev-parse", "HEAD"]))?;
    let mut built = Vec::new();
    for folder in FOLDERS {
        built.push(build(&mut steps, commit.trim(), &target()?.join(folder), &parts)?);
    }
    steps.summary();
    if !changed.is_empty() {
        println!("\nNote: the commit was built, without the changes that the working tree has");
    }
    println!();
    let differing = compare(&built[0], &built[1]);
    for (file, bytes) in &built[0] {
        println!("{}  {file}{}", digest(bytes), if differing.contains(&file.as_str()) { "  DIFFERS" } else { "" });
    }
    if differing.is_empty() {
        println!("the same bytes in both folders");
        return Ok(());
    }
    Err(Failure::new(format!("these differ between the two folders: {}", differing.join(", "))))
}

/// Makes a release of a commit in an empty folder; returns its files.
fn build(steps: &mut Steps, commit: &str, folder: &Path, parts: &[&str]) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let beside = folder.with_file_name("cargo");
    for old in [folder, &beside] {
        if old.exists() {
            fs::remove_dir_all(old).map_err(Failure::at(old))?;
        }
    }
    steps.run("Sources", command("git").args(["clone", "--quiet", "--no-checkout", "."]).arg(folder))?;
    // Not the branch, which may have moved on since the first release.
    let mut checkout = command("git");
    checkout.args(["checkout", "--quiet", "--detach", commit]).current_dir(folder);
    steps.run("The commit", &mut checkout)?;
    if !downloads(&beside)? {
        eprintln!("cargo's folder has no downloads to copy: they are fetched again");
    }
    let mut release = cargo(&["xtask", "release"]);
    release.args(parts).current_dir(folder).env("CARGO_HOME", &beside).env_remove("CARGO_TARGET_DIR");
    steps.run(&format!("Release in {}", folder.display()), &mut release)?;
    let archives = folder.join("target/archives");
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(&archives).map_err(Failure::at(&archives))? {
        let file = entry.map_err(Failure::at(&archives))?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.insert(name, fs::read(&file).map_err(Failure::at(&file))?);
    }
    Ok(files)
}

/// Copies what cargo has downloaded, and the user's settings of it, to a folder of cargo's; whether there was something.
fn downloads(to: &Path) -> Result<bool, Failure> {
    let Some(from) = home() else { return Ok(false) };
    fs::create_dir_all(to).map_err(Failure::at(to))?;
    let settings = from.join("config.toml");
    if settings.is_file() {
        fs::copy(&settings, to.join("config.toml")).map_err(Failure::at(&settings))?;
    }
    let mut is_there = false;
    for part in ["registry/cache", "registry/index"] {
        if from.join(part).is_dir() {
            copy(&from.join(part), &to.join(part))?;
            is_there = true;
        }
    }
    Ok(is_there)
}

/// The folder that cargo downloads to.
fn home() -> Option<PathBuf> {
    let set = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    set.or_else(|| Some(std::env::home_dir()?.join(".cargo")))
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to).map_err(Failure::at(to))?;
    for entry in fs::read_dir(from).map_err(Failure::at(from))? {
        let path = entry.map_err(Failure::at(from))?.path();
        let to = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &to)?;
        } else {
            fs::copy(&path, &to).map_err(Failure::at(&path))?;
        }
    }
    Ok(())
}

/// The files that differ, or that one release lacks.
fn compare<'f>(one: &'f BTreeMap<String, Vec<u8>>, other: &'f BTreeMap<String, Vec<u8>>) -> Vec<&'f str> {
    let names = one.keys().chain(other.keys().filter(|name| !one.contains_key(*name)));
    names.filter(|name| one.get(*name) != other.get(*name)).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_differs_or_is_missing_is_named() {
        let files = |files: &[(&str, &[u8])]| {
            files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect::<BTreeMap<_, _>>()
        };
        let one = files(&[("a", b"1"), ("b", b"2"), ("c", b"3")]);
        assert!(compare(&one, &one).is_empty());
        assert_eq!(compare(&one, &files(&[("a", b"1"), ("b", b"9"), ("d", b"4")])), ["b", "c", "d"]);
    }
}
