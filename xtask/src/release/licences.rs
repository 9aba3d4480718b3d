//! The licences of what is compiled into the program and into the Python package.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::steps::{Failure, Steps};
use crate::workspace::cargo;

/// How files with the text of a licence, or a notice that it asks to keep, begin.
const NAMES: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"];

/// The packages that a package of the project is built of, and the texts of their licences, each once.
pub fn texts(steps: &mut Steps, package: &str) -> Result<String, Failure> {
    let mut tree = cargo(&["tree", "--locked", "--package", package, "--edges", "normal", "--prefix", "none"]);
    let tree = steps.output(&format!("Packages of {package}"), tree.args(["--format", "{p}"]))?;
    let mut metadata = cargo(&["metadata", "--locked", "--format-version", "1"]);
    let metadata = steps.output("Their licences", &mut metadata)?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| Failure::new(error.to_string()))?;

    let mut packages = BTreeMap::new();
    // Packages by the texts that are theirs.
    let mut shared: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
        let name = format!("{} v{}", text("name"), text("version"));
        // A package of the project has no source.
        let is_theirs = package["source"].is_string();
        let is_used = tree.lines().any(|line| line == name || line.starts_with(&format!("{name} ")));
        if is_theirs && is_used {
            for file in files(Path::new(&text("manifest_path"))) {
                shared.entry(file).or_default().push(name.clone());
            }
            packages.insert(name, text("license"));
        }
    }
    if packages.is_empty() {
        return Err(Failure::new(format!("no package of {package} was found")));
    }
    let mut document = format!("{package} is built of these packages, under these licences:\n\n");
    packages.iter().for_each(|(name, licence)| document += &format!("{name}: {licence}\n"));
    for (text, packages) in shared {
        document += &format!("\n{}\n{}\n\n{}\n", "=".repeat(80), packages.join(", "), text.trim_end());
    }
    Ok(document)
}

/// The texts of the licences beside a manifest, in the order of their files' names.
fn files(manifest: &Path) -> Vec<String> {
    let entries = manifest.parent().and_then(|folder| fs::read_dir(folder).ok());
    let mut paths: Vec<_> = entries.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let is_licence = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        path.is_file() && NAMES.iter().any(|begin| name.starts_with(begin))
    };
    let texts = paths.iter().filter(|path| is_licence(path)).filter_map(|path| fs::read(path).ok());
    texts.map(|text| String::from_utf8_lossy(&text).replace("\r\n", "\n")).collect()
}
