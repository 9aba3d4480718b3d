//! Instructions of the hot path's workloads under valgrind, compared with the committed counts.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::crates_io;
use crate::firmware_size::numbers;
use crate::steps::{Failure, Steps};
use crate::thumb;
use crate::workspace::{cargo, root};

/// Relative increase of instructions that is allowed; an equal decrease asks for new counts.
const TOLERANCE: f64 = 0.03;

/// Counts the instructions, and compares them with the committed file or rewrites it.
pub fn run(write: bool) -> Result<(), Failure> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(Failure::new("instructions are counted on x86-64 Linux".to_owned()));
    }
    let mut steps = Steps::new();
    thumb::install(&mut steps, "Valgrind", &["valgrind"], || thumb::is_there("valgrind"))?;
    let runner = runner(&mut steps)?;
    let mut bench = cargo(&["bench", "--package", "neural-vault-kernels", "--features", "instructions"]);
    bench.args(["--bench", "instructions"]).env("GUNGRAUN_RUNNER", runner).env("NO_COLOR", "1");
    let found = counts(&steps.output("Instructions", &mut bench)?);
    if found.is_empty() {
        return Err(Failure::new("nothing was counted".to_owned()));
    }
    steps.summary();
    println!();
    for (work, count) in &found {
        println!("{work:24} {count:>10}");
    }
    let path = root().join("benches/instructions.json");
    let refused = |error: std::io::Error| Failure::new(format!("{}: {error}", path.display()));
    if write {
        return std::fs::write(&path, document(&found)).map_err(refused);
    }
    println!("{}", compare(&found, &numbers(&std::fs::read_to_string(&path).map_err(refused)?))?);
    Ok(())
}

/// The runner of the library's version, installed if it is missing.
fn runner(steps: &mut Steps) -> Result<PathBuf, Failure> {
    // An optimised build takes twice as long, and the runner only starts valgrind.
    crates_io::install(steps, "gungraun-runner", &version()?, &["--debug"])
}

/// The version of the library, which the kernels' manifest pins.
fn version() -> Result<String, Failure> {
    let manifest = std::fs::read_to_string(root().join("kernels/Cargo.toml")).unwrap_or_default();
    let line = manifest.lines().find(|line| line.starts_with("gungraun = "));
    let version = line.and_then(|line| line.split_once("\"=")?.1.split_once('"'));
    let unpinned = || Failure::new("kernels/Cargo.toml pins no version of gungraun".to_owned());
    version.map(|(version, _)| version.to_owned()).ok_or_else(unpinned)
}

/// Workloads and their instructions, from a line `instructions::core::work NAME:(...)`, then one `Instructions: COUNT|...`.
fn counts(output: &str) -> Vec<(String, f64)> {
    let mut counts = Vec::new();
    let mut work = None;
    for line in output.lines() {
        if let Some((_, named)) = line.split_once("::work ") {
            work = named.split(':').next();
        } else if let Some(count) = line.trim_start().strip_prefix("Instructions:") {
            let count = count.split('|').next().and_then(|count| count.trim().parse().ok());
            if let (Some(work), Some(count)) = (work.take(), count) {
                counts.push((work.to_owned(), count));
            }
        }
    }
    counts
}

fn document(counts: &[(String, f64)]) -> String {
    let mut text = "{\n  \"schema\": \"neural-vault/instructions/1\"".to_owned();
    for (work, count) in counts {
        let _ = write!(text, ",\n  \"{work}\": {count}");
    }
    text + "\n}\n"
}

/// Fails if a workload takes more instructions than committed; returns a message about those that take fewer.
fn compare(found: &[(String, f64)], committed: &[(String, f64)]) -> Result<String, Failure> {
    const REWRITE: &str = "cargo xtask instructions --write";
    if !found.iter().map(|(work, _)| work).eq(committed.iter().map(|(work, _)| work)) {
        return Err(Failure::new(format!("the list of workloads differs from the committed one; run\n  {REWRITE}")));
    }
    let (mut more, mut fewer) = (String::new(), String::new());
    for ((work, found), (_, committed)) in found.iter().zip(committed) {
        let change = found / committed - 1.0;
        let percent = 100.0 * change.abs();
        if change > TOLERANCE {
            let _ = write!(more, "\n  {work}: {found} instructions, {percent:.1} % more than {committed}");
        } else if change < -TOLERANCE {
            let _ = write!(fewer, "\n  {work}: {found} instructions, {percent:.1} % fewer than {committed}");
        }
    }
    match (more.is_empty(), fewer.is_empty()) {
        (false, _) => Err(Failure::new(format!(
            "workloads take more instructions than committed:{more}\nif that is intended, run\n  {REWRITE}"
        ))),
        (true, false) => Ok(format!(
            "workloads take fewer instructions than committed:{fewer}\nto notice later increases, run\n  {REWRITE}"
        )),
        (true, true) => Ok("as committed".to_owned()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn named(counts: &[(&str, f64)]) -> Vec<(String, f64)> {
        counts.iter().map(|(work, count)| ((*work).to_owned(), *count)).collect()
    }

    #[test]
    fn counts_are_read_from_the_output_of_the_runner() {
        let output = "instructions::core::work key_v1:(key_v1())\n  Instructions:        45969|N/A        (*****)\n\
                      instructions::core::work key_v2:(key_v2())\n  Instructions:        50080|50079      (No change)\n\
                      Gungraun result: Ok. 2 without regressions\n";
        assert_eq!(counts(output), named(&[("key_v1", 45969.0), ("key_v2", 50080.0)]));
    }

    #[test]
    fn a_document_holds_the_counts() {
        let counts = named(&[("key_v1", 45969.0), ("encode", 14_648_252.0)]);
        assert_eq!(numbers(&document(&counts)), counts);
    }

    #[test]
    fn more_instructions_fail_and_name_the_workload() {
        let committed = named(&[("a", 1000.0), ("b", 1000.0)]);
        assert_eq!(compare(&named(&[("a", 1029.0), ("b", 971.0)]), &committed).ok(), Some("as committed".to_owned()));
        let failure = compare(&named(&[("a", 900.0), ("b", 1031.0)]), &committed).err().unwrap();
        assert!(failure.message.contains("b: 1031 instructions, 3.1 % more than 1000"), "{}", failure.message);
        assert!(!failure.message.contains("a: "), "{}", failure.message);
    }

    #[test]
    fn fewer_instructions_pass_and_ask_for_new_counts() {
        let text = compare(&named(&[("a", 960.0)]), &named(&[("a", 1000.0)])).ok().unwrap();
        assert!(text.contains("a: 960 instructions, 4.0 % fewer than 1000") && text.contains("--write"), "{text}");
    }

    #[test]
    fn another_list_of_workloads_fails() {
        assert!(compare(&named(&[("a", 1.0)]), &named(&[("b", 1.0)])).is_err());
        assert!(compare(&named(&[("a", 1.0)]), &[]).is_err());
    }

    #[test]
    fn the_manifest_pins_a_version() {
        assert!(version().is_ok_and(|version| version.split('.').count() == 3));
    }
}
