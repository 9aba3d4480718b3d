//! Whether time and memory accesses depend on secrets: each secret is marked as undefined, and memcheck reports every branch
//! and every address that is computed from it.
//!
//! `cargo xtask timing` runs this under valgrind. Results are marked as defined where they are public from then on.

mod board;
#[allow(dead_code)] // Only the host uses all of it.
#[path = "../../host-trainer/src/files.rs"]
mod files;
mod keys;
mod leaks;
mod marks;
mod scans;
#[allow(dead_code)] // Only the token uses all of it.
#[path = "../../firmware-example/src/seal.rs"]
mod seal;
mod sealing;
#[allow(dead_code)]
#[path = "../../host-trainer/src/secret.rs"]
mod secret;
mod secret_file;
mod session;
mod stack;

use std::process::ExitCode;

use crabgrind::valgrind::{RunningMode, count_errors, running_mode};

/// A function, or several that belong together, with its name.
type Workload = (&'static str, fn());

fn workloads() -> Vec<Workload> {
    let mut all = Vec::new();
    all.extend(keys::WORKLOADS);
    all.extend(session::WORKLOADS);
    all.extend(sealing::WORKLOADS);
    all.extend(scans::WORKLOADS);
    all.extend(secret_file::WORKLOADS);
    all
}

/// `timing` runs every workload, for the task to judge the reports, and `leaks` those that must be reported, both under
/// valgrind; `stack` looks at the dead stack after each call, without it.
fn main() -> ExitCode {
    let is_right = match (std::env::args().nth(1).as_deref(), running_mode()) {
        (Some("timing"), RunningMode::Valgrind) => !reported(&workloads()).is_empty(),
        (Some("leaks"), RunningMode::Valgrind) => reported(leaks::WORKLOADS).iter().all(|found| *found > 0),
        (Some("stack"), RunningMode::Native) => stack::table(),
        _ => {
            eprintln!("run this by `cargo xtask timing`");
            return ExitCode::from(2);
        }
    };
    if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs workloads; prints and returns how often memcheck reported each.
fn reported(workloads: &[Workload]) -> Vec<usize> {
    let report = |(name, work): &Workload| {
        let before = count_errors();
        work();
        let found = count_errors() - before;
        println!("{name:54} {found:>7}");
        found
    };
    workloads.iter().map(report).collect()
}
