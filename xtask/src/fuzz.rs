//! Fuzzing: the checks of `fuzz/checks` under libFuzzer, compiled with the coverage of the pinned compiler.

use std::fs;
use std::path::PathBuf;

use crate::release::host;
use crate::steps::{Failure, Steps};
use crate::workspace::{cargo, command, root, target};

/// The coverage that libFuzzer reads: counters of edges, and the operands of comparisons.
const COVERAGE: &str = "--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
                        -Cllvm-args=-sanitizer-coverage-trace-compares";

/// How long a target is fuzzed where nothing else is asked.
pub const MINUTES: u64 = 15;

/// Runs after which a target is fuzzed no longer.
const RUNS: u64 = 5_000_000;

/// Memory, in MB, that no input of a few kilobytes may need more of.
const MEMORY: u32 = 2048;

/// Fuzzes one target, or all in turn, for some minutes or [`RUNS`] each; what is found stays in the target folder.
///
/// Inputs that reach new code are kept beside the committed corpus, which [`merge`] makes of both.
pub fn run(name: Option<&str>, minutes: u64) -> Result<(), Failure> {
    let mut steps = Steps::new();
    let programs = build(&mut steps, &["--bins"])?;
    for name in chosen(name)? {
        let (found, findings) = (target()?.join("fuzz/found").join(&name), target()?.join("fuzz").join(&name));
        for folder in [&found, &findings] {
            fs::create_dir_all(folder).map_err(Failure::at(folder))?;
        }
        let mut fuzz = command(&programs.join(&name).to_string_lossy());
        fuzz.arg(format!("-max_total_time={}", minutes * 60)).arg(format!("-rss_limit_mb={MEMORY}"));
        fuzz.arg(format!("-runs={RUNS}")).args(["-timeout=10", "-print_final_stats=1"]);
        fuzz.arg(format!("-artifact_prefix={}/finding-", findings.display()));
        steps.run(&format!("Fuzzing {name}"), fuzz.arg(found).args(inputs(&name)))?;
    }
    steps.summary();
    Ok(())
}

/// Makes the committed corpus of a target the smallest set that reaches what it and the inputs found reach.
///
/// The seeds stay as they are.
pub fn merge(name: &str) -> Result<(), Failure> {
    let mut steps = Steps::new();
    let programs = build(&mut steps, &["--bins"])?;
    for name in chosen(Some(name))? {
        let (committed, found) = (corpus(&name), target()?.join("fuzz/found").join(&name));
        let merged = target()?.join("fuzz/merged").join(&name);
        for folder in [&merged, &found] {
            fs::create_dir_all(folder).map_err(Failure::at(folder))?;
        }
        let mut merge = command(&programs.join(&name).to_string_lossy());
        // Edges alone: how often each is reached would keep a thousand inputs where a hundred do.
        merge.args(["-set_cover_merge=1", "-use_counters=0"]).args([&merged, &committed, &found]);
        steps.run(&format!("Smallest corpus of {name}"), &mut merge)?;
        fs::remove_dir_all(&committed).map_err(Failure::at(&committed))?;
        fs::rename(&merged, &committed).map_err(Failure::at(&committed))?;
    }
    steps.summary();
    Ok(())
}

/// Says what the corpus and the seeds of a target, or of each, reach of the files that it is for.
pub fn coverage(name: Option<&str>) -> Result<(), Failure> {
    let mut steps = Steps::new();
    let programs = build(&mut steps, &["--bin", "coverage"])?;
    for name in chosen(name)? {
        let mut coverage = command(&programs.join("coverage").to_string_lossy());
        steps.run(&format!("Coverage of {name}"), coverage.arg(&name).args(inputs(&name)))?;
    }
    steps.summary();
    Ok(())
}

/// Compiles programs with coverage; returns their folder.
fn build(steps: &mut Steps, programs: &[&str]) -> Result<PathBuf, Failure> {
    let (host, folder) = (host(steps)?, target()?.join("fuzz"));
    let mut build = cargo(&["build", "--release", "--locked", "--manifest-path", "fuzz/Cargo.toml", "--target", &host]);
    build.args(programs).arg("--target-dir").arg(&folder);
    // The flags are unstable. They are set for this step only, so that all others use stable features.
    build.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", COVERAGE).env_remove("CARGO_ENCODED_RUSTFLAGS");
    steps.run("Targets with coverage", &mut build)?;
    Ok(folder.join(host).join("release"))
}

/// The target of this name, or all.
fn chosen(name: Option<&str>) -> Result<Vec<String>, Failure> {
    let folder = root().join("fuzz/targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(Failure::at(&folder))? {
        let file = entry.map_err(Failure::at(&folder))?.path();
        names.extend(file.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    names.sort();
    match name {
        None => Ok(names),
        Some(name) if names.iter().any(|known| known == name) => Ok(vec![name.to_owned()]),
        Some(name) => Err(Failure { message: format!("no target {name}; there are {}", names.join(", ")), status: 2 }),
    }
}

/// The folders of a target's inputs: its corpus, and its seeds if there are any.
fn inputs(name: &str) -> Vec<PathBuf> {
    let seeds = root().join("fuzz/seeds").join(name);
    [corpus(name), seeds].into_iter().filter(|folder| folder.is_dir()).collect()
}

fn corpus(name: &str) -> PathBuf {
    root().join("fuzz/corpus").join(name)
}
