//! The packages as `cargo publish` would send them: packed, checked, and built from what was packed.
//!
//! Nothing is published by any of this.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use tar::Archive;

use crate::steps::{Failure, Steps};
use crate::workspace::{cargo, root, target};

/// The packages that could be published, each after those that it needs.
const PACKAGES: [&str; 7] = [
    "neural-vault-models",
    "neural-vault-testkit",
    "neural-vault-core",
    "neural-vault-kernels",
    "neural-vault-mapped",
    "neural-vault-session",
    "neural-vault",
];

/// The package of data, whose licence is its own.
const DATA: &str = "neural-vault-models";

/// A registry takes no more than 10 MB.
const MOST: u64 = 10_000_000;

/// Packs every package and checks what is in it, without building anything; takes seconds.
pub fn pack(steps: &mut Steps) -> Result<(), Failure> {
    // Offline: all that the lock file names is known by now. A developer's tree may have changes.
    let mut package = cargo(&["package", "--no-verify", "--allow-dirty", "--offline", "--locked", "--quiet"]);
    for name in PACKAGES {
        package.args(["--package", name]);
    }
    steps.run("Packages", &mut package)?;
    for name in PACKAGES {
        let packed = packed(name)?;
        let size = fs::metadata(&packed).map_err(Failure::at(&packed))?.len();
        complete(name, &files(&packed)?)?;
        if size > MOST {
            return Err(Failure::new(format!("{name} takes {size} bytes packed, and a registry no more than {MOST}")));
        }
        eprintln!("{name}: {size} bytes packed");
    }
    Ok(())
}

/// Packs every package, then builds and tests them from what was packed, in a workspace of their own below the target
/// folder. The heavy dependencies are not compiled again.
pub fn run() -> Result<(), Failure> {
    let mut steps = Steps::new();
    pack(&mut steps)?;
    let folder = unpack()?;
    let within = |arguments: &[&str]| -> Result<_, Failure> {
        let mut command = cargo(arguments);
        command.args(["--release", "--offline", "--manifest-path"]).arg(folder.join("Cargo.toml"));
        command.arg("--target-dir").arg(target()?);
        Ok(command)
    };
    steps.run("Command, from its package", &mut within(&["build", "--package", "neural-vault"])?)?;
    let mut tests = within(&["test", "--features", "neural-vault-core/std"])?;
    for name in PACKAGES.iter().filter(|name| **name != "neural-vault") {
        tests.args(["--package", name]);
    }
    steps.run("Tests, from the packages", &mut tests)?;
    steps.summary();
    Ok(())
}

/// The file that cargo packed.
fn packed(name: &str) -> Result<PathBuf, Failure> {
    Ok(target()?.join("package").join(format!("{name}-{}.crate", version()?)))
}

/// The version of all packages.
pub fn version() -> Result<String, Failure> {
    let manifest = root().join("Cargo.toml");
    let text = fs::read_to_string(&manifest).map_err(Failure::at(&manifest))?;
    let section = text.split("[workspace.package]").nth(1).unwrap_or_default();
    let line = section.lines().find_map(|line| line.strip_prefix("version = \""));
    let version = line.and_then(|line| line.strip_suffix('"')).map(str::to_owned);
    version.ok_or_else(|| Failure::new(format!("{}: no version", manifest.display())))
}

/// The files of a packed package, by their path in it.
fn files(packed: &Path) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let mut archive = open(packed)?;
    let mut files = BTreeMap::new();
    for entry in archive.entries().map_err(Failure::at(packed))? {
        let mut entry = entry.map_err(Failure::at(packed))?;
        let path = entry.path().map_err(Failure::at(packed))?.to_string_lossy().replace('\\', "/");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(Failure::at(packed))?;
        files.insert(path.split_once('/').map_or(path.clone(), |(_, name)| name.to_owned()), bytes);
    }
    Ok(files)
}

/// Checks that a package explains itself and carries its licence: the text, not a link that git did not follow.
fn complete(name: &str, files: &BTreeMap<String, Vec<u8>>) -> Result<(), Failure> {
    let lacks = |file: &str| Err(Failure::new(format!("the package {name} has no {file}")));
    if !files.contains_key("README.md") {
        return lacks("README.md");
    }
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"].into_iter().filter(|_| name != DATA) {
        let text = fs::read(root().join(licence)).map_err(Failure::at(Path::new(licence)))?;
        if files.get(licence) != Some(&text) {
            return lacks(&format!("{licence} like the project's"));
        }
    }
    if name == DATA && !files.keys().any(|file| file.ends_with("ATTRIBUTION.md")) {
        return lacks("attribution");
    }
    Ok(())
}

/// Unpacks all packages into a workspace in which they depend on each other as they lie there.
fn unpack() -> Result<PathBuf, Failure> {
    let folder = target()?.join("package/unpacked");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Failure::at(&folder))?;
    }
    fs::create_dir_all(&folder).map_err(Failure::at(&folder))?;
    let version = version()?;
    let (mut members, mut patches) = (String::new(), String::new());
    for name in PACKAGES {
        let packed = packed(name)?;
        open(&packed)?.unpack(&folder).map_err(Failure::at(&packed))?;
        members += &format!("    \"{name}-{version}\",\n");
        patches += &format!("{name} = {{ path = \"{name}-{version}\" }}\n");
    }
    // The same profile and lock file as in the workspace, so that what is compiled is used again.
    let manifest = root().join("Cargo.toml");
    let text = fs::read_to_string(&manifest).map_err(Failure::at(&manifest))?;
    let profile = text.find("[profile.release]").map_or("", |at| &text[at..]);
    let written =
        format!("[workspace]\nresolver = \"3\"\nmembers = [\n{members}]\n\n[patch.crates-io]\n{patches}\n{profile}");
    let file = folder.join("Cargo.toml");
    fs::write(&file, written).map_err(Failure::at(&file))?;
    let lock = root().join("Cargo.lock");
    fs::copy(&lock, folder.join("Cargo.lock")).map_err(Failure::at(&lock))?;
    Ok(folder)
}

fn open(packed: &Path) -> Result<Archive<GzDecoder<File>>, Failure> {
    Ok(Archive::new(GzDecoder::new(File::open(packed).map_err(Failure::at(packed))?)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_package_without_its_readme_or_its_licence_is_refused() {
        let mut files = BTreeMap::from([("README.md".to_owned(), Vec::new())]);
        let refusal = |files: &_| complete("neural-vault-core", files).err().map(|failure| failure.message);
        assert!(refusal(&files).unwrap().contains("LICENSE-APACHE"));
        // What git leaves of a link where it makes none.
        files.insert("LICENSE-APACHE".to_owned(), b"../LICENSE-APACHE".to_vec());
        assert!(refusal(&files).unwrap().contains("LICENSE-APACHE"));
        for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
            files.insert(name.to_owned(), fs::read(root().join(name)).unwrap());
        }
        assert_eq!(refusal(&files), None);
        files.remove("README.md");
        assert!(refusal(&files).unwrap().contains("README.md"));
    }
}
