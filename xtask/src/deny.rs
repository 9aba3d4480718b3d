//! Licences, sources, second versions and security advisories of the dependencies of every workspace.
//!
//! Tests hold all but the advisories to `deny.toml` in every run. cargo-deny reads the same file, and compares with the
//! database of advisories as well.

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod page;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod rules;

use std::process::{Command, Stdio};

use crate::crates_io;
use crate::steps::{Failure, Steps};
use crate::workspace::{command, manifests, target};

/// The version of cargo-deny, which takes minutes to install.
const VERSION: &str = "0.20.2";

/// Warnings that mean nothing here: each workspace has some of what the file allows.
const ALLOWED: [&str; 4] =
    ["license-exception-not-encountered", "license-not-encountered", "unmatched-skip", "unnecessary-skip"];

/// Installs cargo-deny unless it is there, and runs all its checks.
pub fn run() -> Result<(), Failure> {
    let mut steps = Steps::new();
    // It only reads: an optimised build would take longer than it saves.
    crates_io::install(&mut steps, "cargo-deny", VERSION, &["--debug"])?;
    let unchecked = check(&mut steps)?;
    steps.summary();
    if let Some(unchecked) = unchecked {
        println!("\nNote: {unchecked}");
    }
    Ok(())
}

/// Runs cargo-deny's checks if [`run`] has installed it. Returns a sentence on what could not be checked.
pub fn check(steps: &mut Steps) -> Result<Option<String>, Failure> {
    let program = target()?.join("cargo-deny").join(VERSION).join("bin/cargo-deny");
    let program = program.with_extension(std::env::consts::EXE_EXTENSION);
    if !program.is_file() {
        return Ok(Some("advisories were not checked: `cargo xtask deny` installs cargo-deny for it".to_owned()));
    }
    let deny = |manifest: &str, arguments: &[&str]| {
        let mut deny = command(&program.to_string_lossy());
        deny.args(["--manifest-path", manifest, "--workspace", "--config", "deny.toml"]).args(arguments);
        deny
    };
    let allowed: Vec<&str> = ALLOWED.iter().flat_map(|warning| ["--allow", warning]).collect();
    for manifest in manifests()? {
        let checks = [&["check"], &allowed[..], &["licenses", "bans", "sources"]].concat();
        steps.run(&format!("Licences, versions and sources of {manifest}"), &mut deny(&manifest, &checks))?;
    }
    // The advisories are a remote git repository: failing to reach it says nothing about this project.
    if !quietly(&mut deny("Cargo.toml", &["fetch", "db"])) {
        return Ok(Some("advisories were not checked: their database could not be fetched".to_owned()));
    }
    for manifest in manifests()? {
        steps.run(&format!("Advisories on {manifest}"), &mut deny(&manifest, &["check", "advisories"]))?;
    }
    Ok(None)
}

fn quietly(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
