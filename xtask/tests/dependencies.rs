//! The page on dependencies names each of them, and nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The workspaces of the project.
const WORKSPACES: [&str; 3] = ["Cargo.toml", "firmware-example/Cargo.toml", "fuzz/Cargo.toml"];

/// The crates that the packages of a workspace name, beside those of the project itself.
fn named(manifest: &Path) -> BTreeSet<String> {
    let mut metadata = Command::new("cargo");
    metadata.args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--manifest-path"]).arg(manifest);
    let output = metadata.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let dependencies = packages.flat_map(|package| package["dependencies"].as_array().unwrap());
    let from_outside = dependencies.filter(|dependency| dependency["path"].is_null());
    from_outside.map(|dependency| dependency["name"].as_str().unwrap().to_owned()).collect()
}

/// The names in code style in the first cell of each row of the page.
fn listed(page: &str) -> Vec<String> {
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('|').next());
    let names = cells.flat_map(|cell| cell.split(',').map(|name| name.trim_matches([' ', '`']).to_owned()));
    names.collect()
}

#[test]
fn every_dependency_has_a_row_that_says_why() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let named: BTreeSet<String> = WORKSPACES.iter().flat_map(|manifest| named(&root.join(manifest))).collect();
    let listed = listed(&fs::read_to_string(root.join("docs/dependencies.md")).unwrap());
    let distinct: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(distinct.len(), listed.len(), "a crate has one row");
    let missing: Vec<&String> = named.difference(&distinct).collect();
    let gone: Vec<&String> = distinct.difference(&named).collect();
    assert!(missing.is_empty() && gone.is_empty(), "without a row: {missing:?}; no longer named: {gone:?}");
}
