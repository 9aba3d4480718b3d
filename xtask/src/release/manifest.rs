//! What a release was made of and with: digests, compilers, flags, lock files and commit.

use std::process::Command;

use serde_json::{Map, json};

use super::{Artefacts, digest, read};
use crate::steps::{Failure, Steps};
use crate::thumb::Toolchain;
use crate::workspace::{command, manifests, root};

/// Says how the release was made, as a JSON document without folders of the machine.
pub fn document(
    steps: &mut Steps,
    artefacts: &Artefacts,
    token: Option<&Toolchain>,
    time: u64,
    version: &str,
) -> Result<String, Failure> {
    let mut digests = Map::new();
    for (file, bytes) in artefacts {
        digests.insert(file.clone(), json!({"sha256": digest(bytes), "bytes": bytes.len()}));
    }
    let mut lock_files = Map::new();
    for manifest in manifests()? {
        let file = manifest.replace("Cargo.toml", "Cargo.lock");
        let bytes = read(&root().join(&file))?;
        lock_files.insert(file, digest(&bytes).into());
    }
    let mut compilers = Map::new();
    let mut host = lines(steps.output("Compiler", command("rustc").arg("-vV"))?);
    host.extend(first_line(command("cc").arg("--version")));
    // The libraries that a program is linked with at its start.
    host.extend(first_line(command("ldd").arg("--version")));
    compilers.insert("host".to_owned(), host.into());
    if let Some(token) = token {
        compilers.insert("token".to_owned(), token.versions().into());
    }
    let document = json!({
        "schema": "neural-vault/build/1",
        "version": version,
        "commit": steps.output("Commit", command("git").args(["rev-parse", "HEAD"]))?.trim(),
        "time": time,
        "compilers": compilers,
        "flags": {
            "host": "cargo auditable build --release --locked, by the profile of Cargo.toml, CARGO_INCREMENTAL=0",
            "token": "cargo build --profile firmware, by the profile of firmware-example/Cargo.toml, with \
                      firmware-example/.cargo/config.toml",
            "both": "xtask/src/compiler.rs as RUSTC_WRAPPER: -C metadata by name, version and settings of the package, \
                     --remap-path-prefix by its name and version",
        },
        "lock_files": lock_files,
        "artefacts": digests,
    });
    let text = serde_json::to_string_pretty(&document).map_err(|error| Failure::new(error.to_string()))?;
    Ok(text + "\n")
}

/// The first line that a program prints, if it is there.
fn first_line(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    lines(String::from_utf8_lossy(&output.stdout).into_owned()).into_iter().next()
}

fn lines(text: String) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}
