//! Tests of the evaluation's report in a browser, at the widths of a desktop and of a phone.

use std::path::Path;

use crate::steps::{Failure, Steps};
use crate::workspace::{cargo, command};

/// Where Chromium may be installed.
const PROGRAMS: [&str; 3] = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/// Installs Chromium if there is none, then runs the browser tests.
pub fn run() -> Result<(), Failure> {
    let mut steps = Steps::new();
    let found = || PROGRAMS.into_iter().find(|program| Path::new(program).exists());
    if found().is_none() && std::env::var_os("CHROMIUM").is_none() {
        steps.run("Package lists", command("apt-get").args(["update", "-qq"]))?;
        steps.run(
            "Chromium",
            command("apt-get").args(["install", "-y", "-qq", "--no-install-recommends", "chromium"]),
        )?;
    }
    let mut tests = cargo(&["test", "--release", "--workspace", "--test", "browser"]);
    if let (Some(program), None) = (found(), std::env::var_os("CHROMIUM")) {
        tests.env("CHROMIUM", program);
    }
    steps.run("Pages", &mut tests)?;
    steps.summary();
    Ok(())
}
