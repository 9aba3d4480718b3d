//! Results that cannot be written: exit code 7, and no incomplete file.

use super::folder::Folder;

/// Runs a command on a full disk; nothing may be new or changed.
#[track_caller]
fn disk_full(folder: &Folder, blocks: u32, arguments: &[&str], says: &[&str]) {
    let before = folder.contents();
    folder.run_on_full_disk(blocks, arguments).failed(7, says);
    assert!(folder.contents() == before, "{arguments:?} left {:?}", folder.names());
}

#[test]
fn synth_on_a_full_disk_leaves_no_file() {
    let folder = Folder::new();
    for name in ["new.csv", "new.csv.gz"] {
        disk_full(&folder, 4, &["synth", "-o", name], &[name, "cannot be written", "nothing was left"]);
    }
}

#[test]
fn embed_on_a_full_disk_leaves_no_file() {
    let folder = Folder::with_model();
    disk_full(&folder, 1, &["embed", "data.csv", "--model", "model", "-o", "e.npy"], &["cannot write e.npy"]);
}

#[test]
fn enroll_on_a_full_disk_keeps_the_earlier_enrolment() {
    let folder = Folder::with_enrolment();
    let enroll = ["enroll", "data.csv", "--model", "model", "--label", "class00", "--threshold", "0.5", "-o"];
    disk_full(&folder, 0, &[&enroll[..], &["new.nve"]].concat(), &["cannot write new.nve"]);
    disk_full(&folder, 0, &[&enroll[..], &["class00.nve", "--force"]].concat(), &["cannot write class00.nve"]);
}

#[test]
fn export_on_a_full_disk_keeps_the_earlier_files() {
    let folder = Folder::with_model();
    disk_full(&folder, 40, &["export", "model", "--force"], &["cannot write model/model.onnx"]);
}

#[test]
fn import_on_a_full_disk_leaves_an_empty_folder() {
    let folder = Folder::with_model();
    folder
        .run_on_full_disk(40, &["import", "model/model.safetensors", "--out", "out"])
        .failed(7, &["cannot write out/model"]);
    assert!(!folder.names().iter().any(|name| name.starts_with("out/")), "{:?}", folder.names());
}

#[test]
fn training_on_a_full_disk_keeps_only_whole_lines_of_its_log() {
    let folder = Folder::with_recordings();
    let train = ["train", "data.csv", "--out", "out", "--steps", "9", "--engine", "tract", "--force"];
    // Space for the log, none for the model.
    folder.run_on_full_disk(40, &train).failed(7, &["cannot write out/model.safetensors"]);
    assert_eq!(folder.names(), ["data.csv", "out", "out/train.jsonl"]);
    assert_eq!(log_lines(&folder), 9);
    // Space for some lines only.
    folder.run_on_full_disk(1, &train).failed(7, &["cannot write out/train.jsonl"]);
    assert_eq!(folder.names(), ["data.csv", "out", "out/train.jsonl"]);
    assert!((1..9).contains(&log_lines(&folder)));
    // Space for the log, none for the checkpoint.
    let checkpoint = [&train[..], &["--checkpoint-every", "2"]].concat();
    folder.run_on_full_disk(40, &checkpoint).failed(7, &["cannot write out/checkpoint.safetensors"]);
    assert_eq!(folder.names(), ["data.csv", "out", "out/train.jsonl"]);
    assert_eq!(log_lines(&folder), 2);
}

#[test]
fn a_folder_in_the_way_of_a_model_is_named_before_the_run() {
    let folder = Folder::with_recordings();
    let train = ["train", "data.csv", "--out", "out", "--steps", "3", "--engine", "tract", "--checkpoint-every", "2"];
    std::fs::create_dir_all(folder.path("out/model.onnx")).unwrap();
    folder.refuses(&train, 7, &["out/model.onnx", "a folder of this name is in the way"]);
}

/// Lines of the log; each is a whole JSON object that ends with a newline.
fn log_lines(folder: &Folder) -> usize {
    let log = String::from_utf8(folder.read("out/train.jsonl")).unwrap();
    assert!(log.ends_with('\n'), "{log}");
    let steps: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    steps.len()
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = Folder::with_model();
    // Where no folder can be, whoever runs the test.
    folder.write("file", "");
    let enroll =
        ["enroll", "data.csv", "--model", "model", "--label", "class00", "--threshold", "0.5", "-o", "file/r.nve"];
    for (arguments, says) in [
        (&["synth", "-o", "file/new.csv"][..], "file/new.csv"),
        (
            &["train", "data.csv", "--out", "file/out", "--steps", "1", "--engine", "tract"],
            "cannot make the folder file/out",
        ),
        (&["import", "model/model.safetensors", "--out", "file/out"], "cannot make the folder file/out"),
        (&["embed", "data.csv", "--model", "model", "-o", "absent/e.npy"], "cannot write absent/e.npy"),
        (&enroll, "cannot write file/r.nve"),
        (&["demo", "--out", "file/demo"], "cannot make the folder file/demo"),
    ] {
        folder.refuses(arguments, 7, &[says]);
    }
}

#[cfg(unix)]
#[test]
fn an_output_that_is_not_a_regular_file_is_not_replaced() {
    let folder = Folder::with_model();
    let _socket = std::os::unix::net::UnixListener::bind(folder.path("socket")).unwrap();
    let names = folder.names();
    folder.run(&["synth", "-o", "socket"]).failed(7, &["socket", "not a regular file"]);
    folder.run(&["embed", "data.csv", "--model", "model", "-o", "socket"]).failed(7, &["socket", "not a regular file"]);
    assert_eq!(folder.names(), names);
    assert!(!folder.path("socket").is_file());
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_does_not_fit_on_the_disk_is_a_failure() {
    let folder = Folder::with_model();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = folder.command(&["inspect", "model"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write to standard output"));
}
