//! What an artefact is built of: a software bill of materials in CycloneDX's JSON, by what cargo selects for it.
//!
//! It names no folder of the machine and no time, so equal inputs give equal bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};

use crate::steps::{Failure, Steps};
use crate::workspace::{cargo, root};

/// The version of CycloneDX.
const VERSION: &str = "1.5";

/// What is built: as cargo would be told.
pub struct Selection<'s> {
    /// The manifest of the workspace, from the root of the repository.
    pub manifest: &'s str,
    pub package: &'s str,
    pub features: &'s [String],
    /// The target triple.
    pub target: &'s str,
}

/// The packages of an artefact.
pub struct Packages {
    /// The package that is built.
    root: Package,
    /// All others, and whether each is part of the artefact; otherwise it only helps to build it.
    pub others: BTreeMap<Package, bool>,
    /// The packages that each depends on.
    edges: BTreeMap<Package, BTreeSet<Package>>,
}

/// A package by its name and version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    pub name: String,
    pub version: String,
    licence: String,
}

impl Selection<'_> {
    /// The packages that cargo selects.
    pub fn packages(&self, steps: &mut Steps) -> Result<Packages, Failure> {
        let mut tree = |edges, prefix| {
            let mut cargo = cargo(&["tree", "--locked", "--format", "{p}|{l}", "--edges", edges, "--prefix", prefix]);
            cargo.args(["--manifest-path", self.manifest, "--package", self.package, "--target", self.target]);
            steps.output(&format!("Packages of {}, {edges}", self.package), cargo.args(self.features))
        };
        let packages = read(&tree("normal,build", "depth")?, &tree("normal,no-proc-macro", "depth")?)
            .ok_or_else(|| Failure::new(format!("cargo tree says nothing of {}", self.package)))?;
        // Counted in another way: a line that was not understood would be missing.
        let listed = tree("normal,build", "none")?;
        let listed: BTreeSet<&str> = listed.lines().filter_map(|line| line.split(['|', '(']).next()).collect();
        if listed.len() != packages.others.len() + 1 {
            let count = packages.others.len() + 1;
            return Err(Failure::new(format!(
                "{count} of the {} packages of {} were read",
                listed.len(),
                self.package
            )));
        }
        Ok(packages)
    }

    /// The bill of materials of the artefact `name`, with the digest of its bytes.
    pub fn bill(&self, packages: &Packages, name: &str, kind: &str, sha256: &str) -> Result<String, Failure> {
        let lock = root().join(self.manifest).with_file_name("Cargo.lock");
        let checksums = checksums(&fs::read_to_string(&lock).map_err(Failure::at(&lock))?);
        let component = |package: &Package, more: Value| {
            let mut component = json!({
                "type": "library",
                "bom-ref": package.reference(),
                "name": package.name,
                "version": package.version,
                "licenses": [{"expression": package.licence}],
            });
            if let Some(sha256) = checksums.get(&(package.name.clone(), package.version.clone())) {
                component["purl"] = format!("pkg:cargo/{}@{}", package.name, package.version).into();
                component["hashes"] = json!([{"alg": "SHA-256", "content": sha256}]);
            }
            if let (Some(component), Some(more)) = (component.as_object_mut(), more.as_object()) {
                component.extend(more.clone());
            }
            component
        };
        let scope = |is_part: bool| if is_part { "required" } else { "excluded" };
        let others = packages.others.iter();
        let edges = packages.edges.iter().map(|(package, needs)| {
            let needs: Vec<String> = needs.iter().map(Package::reference).collect();
            json!({"ref": package.reference(), "dependsOn": needs})
        });
        let artefact = json!({"type": kind, "name": name, "hashes": [{"alg": "SHA-256", "content": sha256}]});
        let document = json!({
            "bomFormat": "CycloneDX",
            "specVersion": VERSION,
            "version": 1,
            "metadata": {
                "component": component(&packages.root, artefact),
                "properties": [
                    {"name": "cargo:target", "value": self.target},
                    {"name": "cargo:features", "value": self.features.join(" ")},
                ],
            },
            "components": others.map(|(package, part)| component(package, json!({"scope": scope(*part)}))).collect::<Vec<_>>(),
            "dependencies": edges.collect::<Vec<_>>(),
        });
        let text = serde_json::to_string_pretty(&document).map_err(|error| Failure::new(error.to_string()))?;
        Ok(text + "\n")
    }
}

impl Package {
    /// The package in the bill of materials.
    fn reference(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    /// Reads `NAME vVERSION (what else cargo says)|LICENCE`.
    fn read(line: &str) -> Option<Self> {
        let (named, licence) = line.trim_end_matches(" (*)").rsplit_once('|')?;
        let mut words = named.split(' ');
        let (name, version) = (words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned());
        // Packages from before SPDX's expressions separate a choice of licences by a stroke.
        Some(Self { name, version, licence: licence.replace('/', " OR ") })
    }
}

/// Reads two trees with the depth of each package before it: with what helps to build, such as macros, and without.
fn read(all: &str, parts: &str) -> Option<Packages> {
    let is_digit = |letter: char| letter.is_ascii_digit();
    let lines = |tree: &str| -> Option<Vec<(usize, Package)>> {
        let line = |line: &str| {
            let depth = line.split(|letter| !is_digit(letter)).next()?;
            Some((depth.parse().ok()?, Package::read(&line[depth.len()..])?))
        };
        tree.lines().map(line).collect()
    };
    let parts: BTreeSet<Package> = lines(parts)?.into_iter().map(|(_, package)| package).collect();
    let mut edges: BTreeMap<Package, BTreeSet<Package>> = BTreeMap::new();
    // From the root to the package of the line.
    let mut path: Vec<Package> = Vec::new();
    for (depth, package) in lines(all)? {
        path.truncate(depth);
        if let Some(parent) = path.last() {
            edges.entry(parent.clone()).or_default().insert(package.clone());
        }
        edges.entry(package.clone()).or_default();
        path.push(package);
    }
    let root = path.into_iter().next()?;
    let others = edges.keys().filter(|package| **package != root);
    let others = others.map(|package| (package.clone(), parts.contains(package))).collect();
    Some(Packages { root, others, edges })
}

/// The checksums of a lock file, by name and version.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let read = |entry: &str| {
        let value =
            |key: &str| entry.lines().find_map(|line| Some(line.strip_prefix(key)?.trim_matches('"').to_owned()));
        Some(((value("name = ")?, value("version = ")?), value("checksum = ")?))
    };
    lock.split("[[package]]").filter_map(read).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ALL: &str = "0vault v0.1.0 (/home/a/vault)|MIT\n1serde v1.0.0|MIT/Apache-2.0\n2derive v1.0.0 (proc-macro)|MIT\n\
                       1cc v1.2.0|MIT\n2derive v1.0.0 (proc-macro)|MIT (*)\n";

    #[test]
    fn packages_are_read_from_the_tree_with_what_each_needs() {
        let packages = read(ALL, "0vault v0.1.0 (/home/a/vault)|MIT\n1serde v1.0.0|MIT/Apache-2.0\n").unwrap();
        assert_eq!(packages.root.reference(), "vault@0.1.0");
        let others: Vec<_> = packages.others.iter().map(|(package, part)| (package.reference(), *part)).collect();
        let expected = [("cc@1.2.0", false), ("derive@1.0.0", false), ("serde@1.0.0", true)];
        assert_eq!(others, expected.map(|(name, part)| (name.to_owned(), part)));
        let needed = |name: &str| {
            let (_, needs) = packages.edges.iter().find(|(package, _)| package.name == name).unwrap();
            needs.iter().map(|package| package.name.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(needed("vault"), ["cc", "serde"]);
        assert_eq!(needed("cc"), ["derive"]);
        let serde = packages.others.keys().find(|package| package.name == "serde").unwrap();
        assert_eq!(serde.licence, "MIT OR Apache-2.0");
    }

    #[test]
    fn a_line_that_is_not_understood_is_no_tree() {
        assert!(read("0vault v0.1.0|MIT\n1serde\n", "0vault v0.1.0|MIT\n").is_none());
        assert!(read("", "").is_none());
    }

    #[test]
    fn checksums_are_those_of_the_lock_file() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nchecksum = \"0f\"\n\n\
                    [[package]]\nname = \"own\"\nversion = \"0.1.0\"\n";
        assert_eq!(checksums(lock), BTreeMap::from([(("a".to_owned(), "1.0.0".to_owned()), "0f".to_owned())]));
    }

    #[test]
    fn a_bill_is_the_same_twice_and_names_no_folder() {
        let selection =
            Selection { manifest: "Cargo.toml", package: "vault", features: &[], target: "x86_64-unknown-linux-gnu" };
        let bill = || selection.bill(&read(ALL, ALL).unwrap(), "vault", "application", "00").ok().unwrap();
        let document: Value = serde_json::from_str(&bill()).unwrap();
        assert_eq!(document["components"].as_array().unwrap().len(), 3);
        assert_eq!(document["metadata"]["component"]["name"], "vault");
        assert!(bill() == bill() && !bill().contains("/home"));
    }
}
