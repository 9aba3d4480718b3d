//! The project's tasks, so that nobody types them twice: `cargo xtask help`.

mod bench;
mod bounds;
mod compiler;
mod core_figures;
mod core_images;
mod crates_io;
mod dead_stack;
mod demo;
mod deny;
mod docs;
mod embedding_hash;
mod features;
mod firmware;
mod firmware_size;
mod fuzz;
mod image;
mod instructions;
mod kernel_bits;
mod model_check;
mod mutants;
mod onnxruntime;
mod package;
mod panics;
mod python;
mod release;
mod report;
mod reproduce;
mod steps;
mod tally;
mod test;
mod thumb;
mod timing;
mod workspace;

use std::process::exit;

use steps::Failure;

const HELP: &str = "\
Usage: cargo xtask TASK

Tasks:
  test            all checks: formatting, lints, docs, tests, the token's target, licences
  test core       the quick round: formatting, lints and tests of the core and its kernels
  python          the Python package: its wheel in an environment of its own, stubs, types, docstrings and tests
  bench [FILTER]  the speed of the hot path, beside ONNX Runtime and tract
  bench --table [--json]  the same in one table, with shares of what the machine can do and what the core takes of a token
  instructions [--write]
                  the instructions that the hot path takes under valgrind, compared with the committed counts
  demo [ARGS]     a scan from recording to key, on the data that ships with the project
  deny            licences, sources, second versions and security advisories of all dependencies, by cargo-deny; its first run
                  compiles it, some minutes
  docs            the documentation as a book in target/book; its first run compiles mdBook, some minutes
  package         what could be published, packed, then built and tested from what was packed
  release [PART...]
                  images of the token, an archive of the program for this machine with manual, completions and licences,
                  the Python package's wheel; bills of materials, a manifest, checksums. Parts: images, program, wheel
  reproduce [PART...]
                  whether two releases in two folders are the same bytes; images and program if no part is given, which
                  takes half an hour, or images alone, some minutes
  report          the evaluation's report in a browser, at the widths of a desk and of a phone
  report --picture
                  its picture in the README, from the demo's recordings; some minutes
  firmware run [BOARD]
                  the token in QEMU with the demo's model, its link a socket
  firmware test   the token's tests: host, power cuts, every board, QEMU against the committed run and sizes
  firmware size [--json | --write]
                  its sizes and instruction counts: shown, or written to the committed file
  firmware core [--json]
                  what the core takes of a Cortex-M4: instructions, memory and code, beside what it may
  branch-skip [--write]
                  a token in QEMU with each conditional branch of its release decided wrongly in turn: what it releases
  model-check [DEPTH [SCENARIO]]
                  the token's records and attempts in every state that so many commands, power cuts and changed bits lead
                  to; 2 from every scenario unless asked otherwise
  fuzz [TARGET] [MINUTES]
                  one target of fuzz/targets, or each of them, under libFuzzer; 15 minutes or 5 million runs each
  fuzz merge TARGET
                  the committed corpus of a target made anew, as small as can be, with what fuzzing has found
  fuzz coverage [TARGET]
                  what the committed inputs of a target, or of each, reach of the files that it is for
  timing          whether branches or addresses depend on secrets, by memcheck, and what calls leave of secrets on the stack
  mutants [PACKAGE [FILE]]
                  small changes of the code of core, session or token, of which each should fail a test; hours
  mutants --table [PACKAGE [FILE]]
                  the scores of what was tried so far
  embedding-hash  whether an embedding has the same bits however it is compiled, and on a Cortex-M4 in QEMU
  kernel-bits     whether it has the same bits by every instruction set of this processor, over 100,000 scans a format
  help            this text";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if compiler::is_called() {
        exit(compiler::run(&arguments).unwrap_or_else(|failure| fail(&failure)));
    }
    let (task, rest) = match arguments.split_first() {
        Some((task, rest)) => (task.as_str(), rest),
        None => ("help", &[][..]),
    };
    let outcome = match (task, rest) {
        ("test", []) => test::run(),
        ("test", [core]) if core == "core" => test::core(),
        ("python", []) => python::run(),
        ("bench", arguments) => bench::run(arguments),
        ("demo", arguments) => demo::run(arguments),
        ("deny", []) => deny::run(),
        ("docs", []) => docs::run(),
        ("package", []) => package::run(),
        ("release", parts) => release::run(parts),
        ("reproduce", parts) => reproduce::run(parts),
        ("report", []) => report::run(),
        ("report", [picture]) if picture == "--picture" => report::picture(),
        ("firmware", [core]) if core == "core" => core_figures::run(false),
        ("firmware", [core, json]) if core == "core" && json == "--json" => core_figures::run(true),
        ("firmware", arguments) => firmware::run(arguments),
        ("model-check", []) => model_check::run("2", None),
        ("model-check", [depth]) => model_check::run(depth, None),
        ("model-check", [depth, scenario]) => model_check::run(depth, Some(scenario)),
        ("fuzz", arguments) => fuzz(arguments),
        ("mutants", arguments) => mutants(arguments),
        ("embedding-hash", []) => embedding_hash::run(),
        ("instructions", []) => instructions::run(false),
        ("instructions", [write]) if write == "--write" => instructions::run(true),
        ("branch-skip", []) => firmware::branch_skip(false),
        ("branch-skip", [write]) if write == "--write" => firmware::branch_skip(true),
        ("timing", []) => timing::run(),
        ("kernel-bits", []) => kernel_bits::run(),
        ("help" | "--help" | "-h", []) => {
            println!("{HELP}");
            Ok(())
        }
        _ => Err(Failure { message: format!("no such task: {}\n\n{HELP}", arguments.join(" ")), status: 2 }),
    };
    if let Err(failure) = outcome {
        exit(fail(&failure));
    }
}

/// Prints why the task failed; returns the status to exit with.
fn fail(failure: &Failure) -> i32 {
    eprintln!("\n{}", failure.message);
    failure.status
}

/// The task `fuzz` with its arguments.
fn fuzz(arguments: &[String]) -> Result<(), Failure> {
    let minutes = |text: &String| {
        text.parse().map_err(|_| Failure { message: format!("{text} is no number of minutes"), status: 2 })
    };
    match arguments {
        [] => fuzz::run(None, fuzz::MINUTES),
        [coverage] if coverage == "coverage" => fuzz::coverage(None),
        [coverage, target] if coverage == "coverage" => fuzz::coverage(Some(target)),
        [merge, target] if merge == "merge" => fuzz::merge(target),
        [target] => fuzz::run(Some(target), fuzz::MINUTES),
        [target, time] => fuzz::run(Some(target), minutes(time)?),
        _ => Err(Failure { message: "give a target of fuzz/targets, and minutes".to_owned(), status: 2 }),
    }
}

/// The task `mutants` with its arguments.
fn mutants(arguments: &[String]) -> Result<(), Failure> {
    let (is_table, names) = match arguments.split_first() {
        Some((table, names)) if table == "--table" => (true, names),
        _ => (false, arguments),
    };
    let (package, file) = match names {
        [] => (None, None),
        [package] => (Some(package.as_str()), None),
        [package, file] => (Some(package.as_str()), Some(file.as_str())),
        _ => return Err(Failure { message: "give a package, and a part of a file's path".to_owned(), status: 2 }),
    };
    if is_table { mutants::show(package, file) } else { mutants::run(package, file) }
}
