//! Licences, sources and security advisories of the dependencies, by cargo-deny.

use std::process::Stdio;

use crate::steps::{Failure, Steps};
use crate::workspace::cargo;

/// Runs cargo-deny if it is installed. Returns a sentence on what could not be checked.
pub fn run(steps: &mut Steps) -> Result<Option<String>, Failure> {
    if !quietly(&["deny", "--version"]) {
        return Ok(Some(
            "licences and advisories were not checked: cargo-deny is not installed \
             (`cargo install --locked cargo-deny`)"
                .to_owned(),
        ));
    }
    steps.run("Licences", &mut cargo(&["deny", "check", "licenses", "bans", "sources"]))?;
    // The advisories are a remote git repository: failing to reach it says nothing about this project.
    if !quietly(&["deny", "fetch", "db"]) {
        return Ok(Some(
            "advisories were not checked: their database could not be fetched (`cargo deny fetch db`)".to_owned(),
        ));
    }
    steps.run("Advisories", &mut cargo(&["deny", "check", "advisories"]))?;
    Ok(None)
}

fn quietly(arguments: &[&str]) -> bool {
    let mut command = cargo(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
