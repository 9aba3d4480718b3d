//! The features of packages: the same for each build of the workspace, and the library's own each alone.
//!
//! With other features cargo compiles a package a second time, and the heavy ones take minutes.

use std::collections::BTreeSet;

use crate::steps::{Failure, Steps};
use crate::workspace::cargo;

/// Packages that are built by themselves, by `cargo run` and by maturin.
const BUILT_ALONE: [&str; 2] = ["neural-vault", "neural-vault-python"];

/// Compares the features of what is built by itself with those of the tests.
pub fn run(steps: &mut Steps) -> Result<(), Failure> {
    let mut listed = |heading: &str, selection: &[&str]| {
        let mut tree = cargo(&["tree", "--locked", "--prefix", "none", "--format", "{p}|{f}"]);
        steps.output(heading, tree.args(selection))
    };
    let workspace = listed("Features of the workspace", &["--workspace", "--edges", "normal,build,dev"])?;
    for package in BUILT_ALONE {
        let alone = listed(&format!("Features of {package}"), &["--package", package, "--edges", "normal,build"])?;
        let differing = differing(&alone, &workspace);
        if !differing.is_empty() {
            return Err(Failure::new(format!(
                "the tests would compile these packages again, with other features than {package} has by itself:\n  \
                 {}\nask for the same features wherever the workspace names them",
                differing.join("\n  ")
            )));
        }
    }
    Ok(())
}

/// A feature of the library, and the packages that are compiled for it alone.
const LIBRARY: [(&str, &[&str]); 6] = [
    ("cli", &["clap", "clap_complete", "clap_mangen", "ctrlc", "indicatif", "neural-vault-models"]),
    ("onnxruntime", &["ort"]),
    ("parquet", &["parquet", "ruzstd"]),
    ("report", &["maud"]),
    ("token", &["neural-vault-session", "serialport"]),
    ("tract", &["tract-onnx", "tract-core"]),
];

/// Checks that the library compiles without features and with each but `cli` alone, and then takes no package of another.
pub fn library(steps: &mut Steps) -> Result<(), Failure> {
    for chosen in ["", "nifti", "onnxruntime", "parquet", "report", "token", "tract"] {
        let selection = ["--package", "neural-vault", "--no-default-features", "--features", chosen];
        let heading = if chosen.is_empty() { "no features" } else { chosen };
        let mut tree = cargo(&["tree", "--locked", "--prefix", "none", "--format", "{p}", "--edges", "normal"]);
        let tree = steps.output(&format!("Packages of the library with {heading}"), tree.args(selection))?;
        let others = LIBRARY.iter().filter(|(feature, _)| *feature != chosen);
        let foreign: Vec<&str> = others.flat_map(|(_, packages)| named(packages, &tree)).collect();
        if !foreign.is_empty() {
            return Err(Failure::new(format!("the library with {heading} compiles {}", foreign.join(", "))));
        }
        let mut lints = cargo(&["clippy", "--release", "--locked", "--lib"]);
        steps.run(&format!("Library with {heading}"), lints.args(selection).args(["--", "-D", "warnings"]))?;
    }
    Ok(())
}

/// Those of `packages` that a tree of packages lists.
fn named<'p>(packages: &[&'p str], tree: &str) -> Vec<&'p str> {
    let listed: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    packages.iter().copied().filter(|package| listed.contains(package)).collect()
}

/// Lines `package|features` of the first list that the second lacks.
fn differing<'l>(alone: &'l str, workspace: &'l str) -> Vec<&'l str> {
    let lines = |list| str::lines(list).map(|line| line.trim_end_matches(" (*)"));
    let known: BTreeSet<&str> = lines(workspace).collect();
    lines(alone).filter(|line| !known.contains(line)).collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_with_other_features_is_named() {
        let alone = "a v1|std\nb v2|\na v1|std (*)\nc v3|x";
        assert!(differing(alone, "c v3|x\nb v2| (*)\na v1|std\nd v4|").is_empty());
        assert_eq!(differing(alone, "a v1|must_cast,std\nb v2|\nc v3|x"), ["a v1|std"]);
    }

    #[test]
    fn packages_are_found_by_their_whole_name() {
        assert_eq!(named(&["ort", "clap", "maud"], "maud v1\nort-sys v2\nclap v4 (*)"), ["clap", "maud"]);
    }
}
