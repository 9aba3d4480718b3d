//! The page on dependencies names each of them, and nothing else.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::workspace::{cargo, manifests, root};

/// The crates that the packages of a workspace name, beside those of the project itself.
fn named(manifest: &str) -> BTreeSet<String> {
    let mut metadata = cargo(&[]);
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
    let named: BTreeSet<String> = manifests().ok().unwrap().iter().flat_map(|manifest| named(manifest)).collect();
    let listed = listed(&fs::read_to_string(root().join("docs/dependencies.md")).unwrap());
    let distinct: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(distinct.len(), listed.len(), "a crate has one row");
    let missing: Vec<&String> = named.difference(&distinct).collect();
    let gone: Vec<&String> = distinct.difference(&named).collect();
    assert!(missing.is_empty() && gone.is_empty(), "without a row: {missing:?}; no longer named: {gone:?}");
}
