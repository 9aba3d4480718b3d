//! Decides each conditional branch of an answer wrongly, one a run, and requires that no run releases anything.
//!
//! A token in QEMU holds an enrolment and gets a scan of another person, for each of the three purposes that release
//! something. A clean run logs every instruction from the first byte of the request that asks for the release to the last
//! byte of its answer. Then, for each conditional branch among these, the same run is made twice from the start: with the
//! branch never taken and with it always taken, from before the request's first byte on. A debugger writes the changed
//! instruction into the code.

mod branch;
mod run;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::machine::Setup;
use branch::{Branch, Fault};
use run::{Bench, Outcome, Release};

/// Runs at the same time.
const WORKERS: usize = 2;

/// Tries all branches; prints a JSON document with the counts, and fails if anything was released.
pub fn try_all(setup: &Setup) -> Result<(), Box<dyn Error>> {
    let bench = Bench::prepare(setup)?;
    let (mut rows, mut released) = (Vec::new(), Vec::new());
    for release in Release::ALL {
        let (code, executed) = bench.trace(release)?;
        let branches = branch::among(&code, executed);
        let found = runs(&bench, release, &branches)?;
        eprintln!("{}: {} branches, {found:?}", release.name(), branches.len());
        for (branch, fault, outcome) in &found.released {
            released.push(format!("{} at {:#x}, {fault:?} taken: {outcome:?}", release.name(), branch.address));
        }
        rows.push(row(release, branches.len(), &found));
    }
    let schema = "neural-vault/branch-skip/1";
    println!(
        "{{\n  \"schema\": \"{schema}\",\n  \"requests\": [\n{}\n  ],\n  \"released\": {}\n}}",
        rows.join(",\n"),
        released.len()
    );
    if released.is_empty() { Ok(()) } else { Err(released.join("\n").into()) }
}

/// How often each outcome was seen, and the runs that released something.
#[derive(Debug, Default)]
struct Found {
    counts: BTreeMap<&'static str, usize>,
    /// Answered runs whose attempt was not counted.
    uncounted: usize,
    released: Vec<(Branch, Fault, Outcome)>,
}

fn runs(bench: &Bench, release: Release, branches: &[Branch]) -> Result<Found, Box<dyn Error>> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Found::default()));
    let work = |worker: usize| -> Result<(), String> {
        let folder = bench.folder(worker).map_err(|error| error.to_string())?;
        while let Some(branch) = branches.get(next.fetch_add(1, Ordering::Relaxed)) {
            for fault in [Fault::Never, Fault::Always] {
                let failed = |error: Box<dyn Error>| format!("{:#x}, {fault:?}: {error}", branch.address);
                let (outcome, counted) = bench.run(&folder, release, branch, fault).map_err(failed)?;
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                *found.counts.entry(outcome.name()).or_default() += 1;
                found.uncounted += usize::from(counted == Some(false));
                if outcome.is_a_release() {
                    found.released.push((branch.clone(), fault, outcome));
                }
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|worker| scope.spawn(move || work(worker))).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "a worker panicked".to_owned())?)
    })?;
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn row(release: Release, branches: usize, found: &Found) -> String {
    let counts: Vec<String> = found.counts.iter().map(|(name, count)| format!("\"{name}\": {count}")).collect();
    let (runs, uncounted) = (found.counts.values().sum::<usize>(), found.uncounted);
    format!(
        "    {{\"request\": \"{}\", \"branches\": {branches}, \"runs\": {runs}, {}, \"attempt_not_counted\": {uncounted}}}",
        release.name(),
        counts.join(", ")
    )
}

/// Copies the files of a token.
fn copy_token(from: &Path, to: &Path) -> std::io::Result<()> {
    for file in crate::FILES {
        std::fs::copy(from.join(file), to.join(file))?;
    }
    Ok(())
}
