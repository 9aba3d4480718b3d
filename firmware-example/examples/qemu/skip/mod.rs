//! Decides each conditional branch of an answer wrongly, one a run, and requires that no run releases anything.
//!
//! A token in QEMU holds an enrolment and is asked for what an accepted scan releases, when it must refuse: the scan is
//! another person's, its attempts are used up, or its policy forbids it. A clean run logs every instruction from the first byte of the request that asks for the release to the last
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
use run::{Bench, Case, Outcome};

/// Runs at the same time.
const WORKERS: usize = 2;

/// How often a run is tried whose machine could not be started or was ended from outside.
const TRIES: usize = 5;

/// Tries all branches; prints a JSON document with the counts, and fails if anything was released.
pub fn try_all(setup: &Setup) -> Result<(), Box<dyn Error>> {
    let bench = Bench::prepare(setup)?;
    let (mut rows, mut released) = (Vec::new(), Vec::new());
    for case in Case::ALL {
        let (code, executed) = bench.trace(case)?;
        let branches = branch::among(&code, executed);
        let found = runs(&bench, case, &branches)?;
        eprintln!("{case:?}: {} branches, {:?}", branches.len(), found.counts);
        for (branch, fault) in &found.uncounted {
            eprintln!("not counted: {:#x}, {fault:?} taken", branch.address);
        }
        for (branch, fault, outcome) in &found.released {
            released.push(format!("{case:?}, {:#x} {fault:?} taken: {outcome:?}", branch.address));
        }
        rows.push(row(case, branches.len(), &found));
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
    /// Rejections whose attempt was not counted.
    uncounted: Vec<(Branch, Fault)>,
    released: Vec<(Branch, Fault, Outcome)>,
}

fn runs(bench: &Bench, case: Case, branches: &[Branch]) -> Result<Found, Box<dyn Error>> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Found::default()));
    let work = |worker: usize| -> Result<(), String> {
        let folder = bench.folder(worker).map_err(|error| error.to_string())?;
        while let Some(branch) = branches.get(next.fetch_add(1, Ordering::Relaxed)) {
            for fault in [Fault::Never, Fault::Always] {
                let failed = |error: Box<dyn Error>| format!("{:#x}, {fault:?}: {error}", branch.address);
                let run = || bench.run(&folder, case, branch, fault);
                let tried = (1..TRIES).find_map(|_| run().ok());
                let (outcome, counted) = tried.map_or_else(run, Ok).map_err(failed)?;
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                *found.counts.entry(outcome.name()).or_default() += 1;
                if counted == Some(false) {
                    found.uncounted.push((branch.clone(), fault));
                }
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

fn row(case: Case, branches: usize, found: &Found) -> String {
    let counts: Vec<String> = found.counts.iter().map(|(name, count)| format!("\"{name}\": {count}")).collect();
    let (runs, uncounted) = (found.counts.values().sum::<usize>(), found.uncounted.len());
    format!(
        "    {{\"request\": \"{}\", \"reason\": \"{}\", \"branches\": {branches}, \"runs\": {runs}, {}, \"attempt_not_counted\": {uncounted}}}",
        case.release.name(),
        case.reason.name(),
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
