//! What `deny.toml` says of licences, sources and second versions, held against the lock file of every workspace.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;
use spdx::{Expression, ParseMode};
use toml::Table;

use crate::workspace::{cargo, manifests, root};

/// The one source of packages outside of the repository.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// What `deny.toml` allows.
struct Rules {
    targets: Vec<String>,
    licences: BTreeSet<String>,
    /// Further licences, by package.
    exceptions: BTreeMap<String, BTreeSet<String>>,
    /// Versions that may be there beside another one, as `NAME@VERSION` or the beginning of it.
    second_versions: Vec<String>,
    /// Packages that may not be there.
    denied: BTreeSet<String>,
}

/// A package of a lock file.
struct Package {
    name: String,
    version: String,
    licence: Option<String>,
    /// Where it comes from; none for a package of the repository.
    source: Option<String>,
}

impl Rules {
    fn read() -> Self {
        let text = fs::read_to_string(root().join("deny.toml")).unwrap();
        let file: Table = text.parse().unwrap();
        let list = |table: &str, key: &str| file[table][key].as_array().unwrap().clone();
        let name = |entry: &toml::Value| entry["crate"].as_str().unwrap().to_owned();
        let words = |list: &[toml::Value]| list.iter().map(|word| word.as_str().unwrap().to_owned()).collect();
        let exception = |entry: &toml::Value| (name(entry), words(entry["allow"].as_array().unwrap()));
        Self {
            targets: list("graph", "targets").iter().map(|target| target.as_str().unwrap().to_owned()).collect(),
            licences: words(&list("licenses", "allow")),
            exceptions: list("licenses", "exceptions").iter().map(exception).collect(),
            second_versions: list("bans", "skip").iter().map(name).collect(),
            denied: list("bans", "deny").iter().map(name).collect(),
        }
    }

    /// What the rules do not allow in one workspace.
    fn broken(&self, packages: &[Package]) -> Vec<String> {
        let mut broken = Vec::new();
        let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for package in packages {
            let shown = format!("{} {}", package.name, package.version);
            if self.denied.contains(&package.name) {
                broken.push(format!("{shown} is denied"));
            }
            if !self.is_licensed(package) {
                broken.push(format!("{shown} has the licence {}", package.licence.as_deref().unwrap_or("of nobody")));
            }
            if package.source.as_deref().is_some_and(|source| source != CRATES_IO) {
                broken.push(format!("{shown} comes from {}", package.source.as_deref().unwrap_or_default()));
            }
            if !self.second_versions.iter().any(|allowed| matches(allowed, package)) {
                versions.entry(&package.name).or_default().insert(&package.version);
            }
        }
        let second = versions.into_iter().filter(|(_, versions)| versions.len() > 1);
        broken.extend(second.map(|(name, versions)| {
            format!("{name} is there as {}", versions.into_iter().collect::<Vec<_>>().join(" and "))
        }));
        broken
    }

    fn is_licensed(&self, package: &Package) -> bool {
        // Lax: packages from before SPDX's expressions separate a choice of licences by a stroke.
        let parsed = package.licence.as_ref().map(|licence| Expression::parse_mode(licence, ParseMode::LAX));
        let exceptions = self.exceptions.get(&package.name);
        let is_allowed = |licence: &String| {
            self.licences.contains(licence) || exceptions.is_some_and(|licences| licences.contains(licence))
        };
        parsed.is_some_and(|parsed| {
            parsed.is_ok_and(|parsed| parsed.evaluate(|requirement| is_allowed(&requirement.to_string())))
        })
    }
}

/// Whether `NAME@VERSION`, or the beginning of a version up to a dot, is this package.
fn matches(allowed: &str, package: &Package) -> bool {
    let (name, version) = allowed.split_once('@').unwrap();
    let rest = package.version.strip_prefix(version);
    name == package.name && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The packages of a workspace on the targets, with all features, as its lock file has them.
fn packages(manifest: &str, targets: &[String]) -> Vec<Package> {
    let mut metadata = cargo(&["metadata", "--format-version", "1", "--locked", "--all-features"]);
    metadata.args(["--manifest-path", manifest]);
    for target in targets {
        metadata.args(["--filter-platform", target]);
    }
    let output = metadata.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap().iter();
    let selected: BTreeSet<&str> = nodes.map(|node| node["id"].as_str().unwrap()).collect();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let package = |package: &Value| Package {
        name: text(&package["name"]).unwrap(),
        version: text(&package["version"]).unwrap(),
        licence: text(&package["license"]),
        source: text(&package["source"]),
    };
    packages.filter(|package| selected.contains(package["id"].as_str().unwrap())).map(package).collect()
}

#[test]
fn every_lock_file_holds_the_rules_and_every_rule_is_needed() {
    let rules = Rules::read();
    let workspaces = manifests().ok().unwrap();
    assert!(workspaces.len() >= 3, "{workspaces:?}");
    let (mut broken, mut all) = (Vec::new(), Vec::new());
    for manifest in workspaces {
        let packages = packages(&manifest, &rules.targets);
        broken.extend(rules.broken(&packages).into_iter().map(|line| format!("{manifest}: {line}")));
        all.extend(packages);
    }
    assert!(broken.is_empty(), "deny.toml does not allow:\n{}", broken.join("\n"));
    let is_unused = |allowed: &&String| !all.iter().any(|package| matches(allowed, package));
    let unused: Vec<&String> = rules.second_versions.iter().filter(is_unused).collect();
    assert!(unused.is_empty(), "deny.toml names versions that are no longer there: {unused:?}");
}

#[test]
fn what_breaks_a_rule_is_named() {
    let rules = Rules::read();
    let package = |name: &str, version: &str, licence: Option<&str>, source: &str| Package {
        name: name.to_owned(),
        version: version.to_owned(),
        licence: licence.map(str::to_owned),
        source: Some(source.to_owned()),
    };
    let sound = package("sound", "1.0.0", Some("MIT/Apache-2.0"), CRATES_IO);
    assert!(rules.broken(&[sound]).is_empty());
    for (packages, expected) in [
        (vec![package("a", "1.0.0", Some("MIT AND GPL-3.0-only"), CRATES_IO)], "a 1.0.0 has the licence MIT AND GPL"),
        (vec![package("a", "1.0.0", None, CRATES_IO)], "a 1.0.0 has the licence of nobody"),
        (vec![package("a", "1.0.0", Some("MPL-2.0"), CRATES_IO)], "a 1.0.0 has the licence MPL-2.0"),
        (vec![package("a", "1.0.0", Some("MIT"), "git+https://a.example/a")], "a 1.0.0 comes from git+https"),
        (vec![package("openssl-sys", "0.9.0", Some("MIT"), CRATES_IO)], "openssl-sys 0.9.0 is denied"),
        (["1.0.0", "1.1.0"].map(|version| package("a", version, Some("MIT"), CRATES_IO)).into(), "a is there as 1.0.0"),
    ] {
        let broken = rules.broken(&packages);
        assert!(broken.len() == 1 && broken[0].starts_with(expected), "{broken:?}");
    }
    // Its own exception, and not another package's.
    assert!(rules.is_licensed(&package("serialport", "4.0.0", Some("MPL-2.0"), CRATES_IO)));
}

#[test]
fn a_second_version_is_allowed_by_whole_numbers() {
    let package =
        |version: &str| Package { name: "syn".to_owned(), version: version.to_owned(), licence: None, source: None };
    assert!(matches("syn@1", &package("1.0.109")) && matches("syn@1.0.109", &package("1.0.109")));
    assert!(!matches("syn@1", &package("10.0.0")) && !matches("sy@1", &package("1.0.0")));
}
