//! Every command that writes, where it cannot: exit code 7, what was wrong and what to do next, and nothing changed.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::path::PathBuf;

use super::folder::{Folder, Run};
use super::samples::secret;

/// A command that writes, and what it names where it cannot.
struct Writer {
    command: &'static str,
    /// What cannot be written on a full disk.
    file: &'static str,
    /// Blocks of 512 bytes after which the disk is full; fewer than the output has.
    blocks: &'static [u32],
}

const fn writer(command: &'static str, file: &'static str, blocks: &'static [u32]) -> Writer {
    Writer { command, file, blocks }
}

const WRITERS: [Writer; 29] = [
    writer("synth -o new.csv --features 4", "new.csv", &[0, 4]),
    writer("synth -o data.csv --force", "data.csv", &[0, 4]),
    writer("convert data.csv -o new.npz", "new.npz", &[0, 4]),
    writer("convert data.csv -o new.csv.gz", "new.csv.gz", &[0, 4]),
    writer("convert data.csv -o new.parquet", "new.parquet", &[0, 4]),
    writer("train data.csv --out new --recipe linear", "new/training.safetensors", &[0, 4]),
    writer("train data.csv --out linear --recipe linear --open-set --force", "linear/training.safetensors", &[0, 4]),
    writer("train data.csv --out new --recipe linear --no-archive", "new/model.safetensors", &[0, 4]),
    writer("train data.csv --out new --engine tract --steps 2", "new/train.jsonl", &[0]),
    writer("import model/model.safetensors --out new", "new/model.safetensors", &[0, 40]),
    writer("import model/model.safetensors --out linear --force", "linear/model.safetensors", &[0, 40]),
    writer("export model --force", "model/model.onnx", &[0, 40]),
    writer("export model --weights f16", "model/model.f16.nvb", &[0, 10]),
    writer("export model --positions 4 --hex 0x12000000", "model/model.p4.onnx", &[0, 10]),
    writer("embed data.csv --model model -o new.npy", "new.npy", &[0, 1]),
    writer("enroll data.csv --model model --label class00 --threshold 0.5 -o new.nve", "new.nve", &[0]),
    writer("enroll data.csv --model model --label class00 --threshold 0.5 -o class00.nve --force", "class00.nve", &[0]),
    writer(
        "enroll more.csv --model linear --label class03 --threshold 0.5 -o new.nve --refit new",
        "new/training.safetensors",
        &[0, 4],
    ),
    writer("enroll data.csv --model model --all --threshold 0.5 -o new", "new/class00.nve", &[0]),
    writer("man -o new", "new/neural-vault", &[0, 8]),
    writer("completions -o new", "new/", &[0, 8]),
    writer("gallery class00.nve -o new.nvg", "new.nvg", &[0]),
    writer("secret -o new", "new", &[0]),
    writer("evaluate data.csv --recipe linear --methods linear --no-sweeps --replicates 20 -o new", "new", &[0, 4]),
    writer(
        "evaluate data.csv --recipe linear --methods linear --no-sweeps --replicates 20 --report new --scores new.csv",
        "new",
        &[0, 4],
    ),
    writer("compare results.json results.json --report new", "new", &[0, 1]),
    writer("demo --out new --engine tract --steps 1", "new/haxby_slice_runs00-05.csv.gz", &[0, 40]),
    writer("token pin -o new --port unix:absent", "new", &[]),
    writer("runtime install --folder new", "new", &[]),
];

/// A folder with all that the commands read.
fn folder() -> Folder {
    let folder = Folder::with_enrolment();
    folder.does(&["train", "data.csv", "--recipe", "linear", "--out", "linear"]);
    folder.does(&["synth", "-o", "more.csv", "--classes", "4", "--features", "24", "--timesteps", "6"]);
    let evaluate = "evaluate data.csv --recipe linear --methods linear --no-sweeps --replicates 20 -o results.json";
    folder.does(&evaluate.split(' ').collect::<Vec<_>>());
    folder.write("secret", secret(1));
    folder.does(&DERIVE);
    folder
}

const DERIVE: [&str; 14] = [
    "verify",
    "data.csv",
    "--model",
    "model",
    "--enrolment",
    "class00.nve",
    "--label",
    "class00",
    "--session",
    "run01",
    "--derive",
    "--device-secret",
    "secret",
    "--quiet",
];

/// The files with their bytes, but for the log of a training, which keeps the lines of its steps.
fn files(folder: &Folder) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = folder.contents().into_iter().filter_map(|(path, bytes)| Some((path, bytes?)));
    files.filter(|(path, _)| !path.ends_with("train.jsonl")).collect()
}

#[track_caller]
fn failed(run: &Run, command: &str, says: &[&str]) {
    assert_eq!((run.code, run.stdout.as_str()), (7, ""), "{command}: {}", run.stderr);
    let error = run.stderr.lines().last().unwrap_or_default();
    assert!(error.starts_with("error: ") && says.iter().all(|part| error.contains(part)), "{command}: {error}");
    assert!(!error.contains(".neural-vault-"), "{command} names a temporary file: {error}");
}

#[test]
fn on_a_full_disk_every_command_names_its_file_and_changes_nothing() {
    let folder = folder();
    let before = files(&folder);
    for Writer { command, file, blocks } in &WRITERS {
        let arguments: Vec<&str> = command.split(' ').collect();
        for &blocks in *blocks {
            let run = folder.run_on_full_disk(blocks, &arguments);
            failed(&run, command, &[file, "free some space"]);
            assert!(files(&folder) == before, "{command}, {blocks} blocks, left {:?}", folder.names());
            remove_new(&folder);
        }
    }
    let run = folder.run_on_full_disk(0, &DERIVE);
    failed(&run, "verify --derive", &["class00.nve.attempts: ", "no key is released: free some space"]);
    assert!(files(&folder) == before, "verify left {:?}", folder.names());
}

#[test]
fn in_a_read_only_folder_every_command_names_it_and_changes_nothing() {
    let folder = folder();
    let before = folder.contents();
    for Writer { command, .. } in &WRITERS {
        let run = folder.run_read_only(&command.split(' ').collect::<Vec<_>>());
        let says: &[&str] = match *command {
            "runtime install --folder new" => &["cannot create new: Permission denied", "another folder with --folder"],
            _ => &["you may not write in the folder ", "; write elsewhere, or have its owner let you write there"],
        };
        failed(&run, command, says);
        assert!(folder.contents() == before, "{command} left {:?}", folder.names());
    }
    let run = folder.run_read_only(&DERIVE);
    failed(
        &run,
        "verify --derive",
        &["class00.nve.attempts", "no key is released: ", "have the folder's owner let you"],
    );
    assert!(folder.contents() == before, "verify left {:?}", folder.names());
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_standard_output_does_not_take_is_a_failure_of_every_command() {
    let folder = folder();
    let derive = "derive --enrolment class00.nve --device-secret secret";
    let verify = "verify data.csv --model model --enrolment class00.nve --label class00 --session run01";
    let printed = [
        derive,
        verify,
        &DERIVE.join(" "),
        "inspect model --json",
        "secret -o -",
        "compare results.json results.json",
        "runtime status",
        "completions bash",
        "man train",
        "--help",
        "--version",
    ];
    let written = WRITERS.iter().map(|writer| writer.command).filter(|command| {
        let is_slow_or_cannot = ["demo", "token", "runtime", "evaluate"].iter().any(|slow| command.starts_with(slow));
        !is_slow_or_cannot && !command.contains("--force") && !command.contains("--no-archive")
    });
    for command in printed.into_iter().chain(written) {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = folder.command(&command.split(' ').collect::<Vec<_>>()).stdout(full).output().unwrap();
        let run = Run { stdout: String::new(), ..Run::from(output) };
        failed(&run, command, &["cannot write to standard output: ", "free some space, or write elsewhere"]);
        remove_new(&folder);
    }
}

/// Removes what a command may have begun or written.
fn remove_new(folder: &Folder) {
    for name in
        folder.names().iter().filter(|name| name.starts_with("new") || name.contains(".f16.") || name.contains(".p4."))
    {
        let path = folder.path(name);
        let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    }
}
