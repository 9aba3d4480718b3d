//! The evaluation's report in a browser: its tests, at the widths of a desk and of a phone, and its picture in the README.

use std::ffi::OsString;
use std::path::Path;

use crate::steps::{Failure, Steps};
use crate::workspace::{cargo, command, root, target};

/// Where Chromium may be installed.
const PROGRAMS: [&str; 3] = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
/// The evaluation that the picture shows.
const SHOWN: [&str; 8] = [
    "evaluate",
    "models/data/haxby/haxby_slice_runs00-05.csv.gz",
    "--protocol",
    "in-sample",
    "--protocol",
    "folds",
    "--probe-windows",
    "9",
];
/// The summary's width and height in pixels.
const WINDOW: &str = "--window-size=1280,690";

/// Runs the browser tests.
pub fn run() -> Result<(), Failure> {
    let mut steps = Steps::new();
    let chromium = chromium(&mut steps)?;
    let mut tests = cargo(&["test", "--release", "--workspace", "--test", "browser"]);
    steps.run("Pages", tests.env("CHROMIUM", chromium))?;
    steps.summary();
    Ok(())
}

/// Makes `docs/images/report.png` again: the summary of a report on the demo's recordings.
pub fn picture() -> Result<(), Failure> {
    let mut steps = Steps::new();
    let chromium = chromium(&mut steps)?;
    let page = target()?.join("report.html");
    let mut evaluation = cargo(&["run", "--release", "--"]);
    steps.run("Evaluation", evaluation.args(SHOWN).args(["--force", "--report"]).arg(&page))?;
    let picture = format!("--screenshot={}", root().join("docs/images/report.png").display());
    let mut browser = command(&chromium.to_string_lossy());
    browser.args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", WINDOW, &picture]).arg(&page);
    steps.run("Picture", &mut browser)?;
    steps.summary();
    Ok(())
}

/// The program that `CHROMIUM` names or that is installed; installs Chromium if there is none.
fn chromium(steps: &mut Steps) -> Result<OsString, Failure> {
    if let Some(program) = std::env::var_os("CHROMIUM") {
        return Ok(program);
    }
    let found = PROGRAMS.into_iter().find(|program| Path::new(program).exists());
    if found.is_none() {
        steps.run("Package lists", command("apt-get").args(["update", "-qq"]))?;
        steps.run(
            "Chromium",
            command("apt-get").args(["install", "-y", "-qq", "--no-install-recommends", "chromium"]),
        )?;
    }
    Ok(found.unwrap_or(PROGRAMS[0]).into())
}
