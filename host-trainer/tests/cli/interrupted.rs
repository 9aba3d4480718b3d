//! Runs that are stopped and continued end with the weights of uninterrupted ones.
#![cfg(unix)]

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::folder::{Folder, Run};

const TRAIN: [&str; 12] =
    ["train", "data.csv", "--out", "out", "--steps", "300", "--windows", "1,2", "--engine", "tract", "--seed", "3"];
const FILES: [&str; 4] = ["out/model.nvb", "out/model.onnx", "out/model.safetensors", "out/train.jsonl"];
const CHECKPOINT: &str = "out/checkpoint.safetensors";

/// Starts the run and waits until its log has `lines`.
fn start(folder: &Folder, options: &[&str], lines: usize) -> Child {
    let arguments = [&TRAIN[..], options].concat();
    let mut child = folder.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while fs::read_to_string(folder.path("out/train.jsonl")).map_or(0, |log| log.lines().count()) < lines {
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it could be stopped");
        assert!(begun.elapsed() < Duration::from_secs(60), "the run does not begin");
        sleep(Duration::from_millis(1));
    }
    child
}

/// Starts the run and stops it with Ctrl-C after some steps.
fn interrupt(folder: &Folder) -> Run {
    let child = start(folder, &[], 5);
    let signal = format!("kill -INT {}", child.id());
    assert!(Command::new("sh").args(["-c", &signal]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn assert_same_end(folder: &Folder) {
    let whole = Folder::with_recordings();
    whole.does(&TRAIN);
    for name in FILES {
        assert!(folder.read(name) == whole.read(name), "{name} differs from the uninterrupted run's");
    }
    assert_eq!(folder.names(), whole.names());
}

#[test]
fn ctrl_c_keeps_a_checkpoint_from_which_the_run_ends_the_same() {
    let folder = Folder::with_recordings();
    interrupt(&folder).failed(130, &["stopped after step ", "the same command with --resume continues"]);
    assert_eq!(folder.names(), ["data.csv", "out", CHECKPOINT, "out/train.jsonl"]);
    let run = folder.does(&[&TRAIN[..], &["--resume"]].concat());
    assert!(run.stderr.contains("continuing at step "), "{}", run.stderr);
    assert_same_end(&folder);
}

#[test]
fn a_killed_run_goes_on_from_its_last_checkpoint_and_ends_the_same() {
    let folder = Folder::with_recordings();
    let every = ["--checkpoint-every", "5"];
    let mut child = start(&folder, &every, 13);
    child.kill().unwrap();
    child.wait().unwrap();
    // A kill may leave the temporary file of a checkpoint that was being written.
    for name in folder.names().iter().filter(|name| name.starts_with("out/.neural-vault-")) {
        fs::remove_file(folder.path(name)).unwrap();
    }
    let run = folder.does(&[&TRAIN[..], &every, &["--resume"]].concat());
    let step = run.stderr.split("continuing at step ").nth(1).unwrap().lines().next().unwrap().parse::<u64>().unwrap();
    assert!(step >= 10 && step.is_multiple_of(5), "{}", run.stderr);
    assert_same_end(&folder);
}

#[test]
fn a_second_run_does_not_overwrite_a_checkpoint() {
    let folder = Folder::with_recordings();
    interrupt(&folder).failed(130, &[]);
    folder.refuses(&TRAIN, 2, &[CHECKPOINT, "is there", "--resume", "--force"]);
}

#[test]
fn a_run_is_not_continued_with_other_settings_or_recordings() {
    let folder = Folder::with_recordings();
    interrupt(&folder).failed(130, &[]);
    let resume = [&TRAIN[..], &["--resume"]].concat();
    let says = "was made with other settings: --margin 0.75 was 0.1 in the checkpoint; continue it with its own";
    folder.refuses(
        &[&resume[..], &["--margin", "0.75"]].concat(),
        4,
        &[CHECKPOINT, says, "--force instead of --resume"],
    );
    let others = ["--dropout", "0.2", "--steps", "500", "--windows", "1,3", "--seed", "4"];
    let resumed = [&TRAIN[..4], &others, &["--engine", "tract", "--resume"]].concat();
    let says = "settings: --steps 500 was 300 in the checkpoint; --dropout 0.2 was 0.1 in the checkpoint; --seed 4 was 3 in \
                the checkpoint; --windows 1,3 was 1,2 in the checkpoint; ";
    folder.refuses(&resumed, 4, &[says]);
    let reference = [&TRAIN[..4], &["--recipe", "reference", "--engine", "tract", "--resume"]].concat();
    folder.refuses(&reference, 4, &["settings: --recipe reference was whitened in the checkpoint; "]);
    let linear = [&TRAIN[..4], &["--recipe", "linear", "--resume"]].concat();
    folder.refuses(&linear, 2, &["recipe linear is fitted at once: there is nothing to --resume"]);
    let says = [CHECKPOINT, "other recordings or sessions", "that it began with, or begin anew by --force"];
    folder.refuses(&[&resume[..], &["--sessions", "run00,run01"]].concat(), 4, &says);
    let text = String::from_utf8(folder.read("data.csv")).unwrap();
    let (head, last) = text.trim_end().rsplit_once(',').unwrap();
    assert_ne!(last, "0.5");
    folder.write("data.csv", format!("{head},0.5\n"));
    folder.refuses(&resume, 4, &says);
}

#[test]
fn there_must_be_a_checkpoint_to_continue() {
    let folder = Folder::with_recordings();
    let says = [CHECKPOINT, "cannot be read", "start without --resume"];
    folder.refuses(&[&TRAIN[..], &["--resume"]].concat(), 4, &says);
}

#[test]
fn a_damaged_checkpoint_is_not_continued() {
    let folder = Folder::with_recordings();
    interrupt(&folder).failed(130, &[]);
    let sound = folder.read(CHECKPOINT);
    for bytes in [&sound[..sound.len() / 2], &[], b"\x02\0\0\0\0\0\0\0{}"] {
        folder.write(CHECKPOINT, bytes);
        folder.refuses(&[&TRAIN[..], &["--resume"]].concat(), 4, &[CHECKPOINT, "not a checkpoint"]);
    }
}

#[test]
fn a_model_that_could_not_be_written_leaves_its_checkpoint() {
    let folder = Folder::with_recordings();
    let child = start(&folder, &["--checkpoint-every", "5"], 5);
    fs::create_dir(folder.path("out/model.onnx")).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(7), "{said}");
    assert!(said.contains("model.onnx") && said.contains("a folder of this name is in the way"), "{said}");
    assert_eq!(folder.names(), ["data.csv", "out", CHECKPOINT, "out/model.onnx", "out/train.jsonl"]);
    fs::remove_dir(folder.path("out/model.onnx")).unwrap();
    folder.does(&[&TRAIN[..], &["--resume"]].concat());
    assert_same_end(&folder);
}

#[test]
fn an_unfinished_run_is_described_and_begun_anew_only_by_force() {
    let folder = Folder::with_recordings();
    interrupt(&folder).failed(130, &[]);
    for path in ["out", CHECKPOINT] {
        let found = folder.does(&["inspect", path, "--json"]).json();
        assert_eq!(
            (&found["kind"], &found["steps"], &found["recipe"]),
            (&"checkpoint".into(), &300.into(), &"whitened".into())
        );
        assert_eq!((&found["settings"]["seed"], &found["file"]), (&3.into(), &CHECKPOINT.into()));
        assert!(
            (1..300).contains(&found["step"].as_u64().unwrap()) && found["values"].as_u64().unwrap() > 1000,
            "{found}"
        );
    }
    folder.does(&[&TRAIN[..], &["--force"]].concat());
    assert_same_end(&folder);
}
