//! Several inputs, their labels, standard input, pipes and folders.

use std::io::Write;
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::folder::{Folder, Run};
use super::samples::npy;

/// Runs the command with these bytes as standard input.
fn run_on(folder: &Folder, bytes: &[u8], arguments: &[&str]) -> Run {
    let mut command = folder.command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    // A command that refuses its input may end before all of it is written.
    let _ = input.write_all(bytes);
    drop(input);
    Run::from(child.wait_with_output().unwrap())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn several_inputs_are_read_as_one_dataset_with_their_labels() {
    let folder = Folder::new();
    for (name, value) in [("1.NPY", 1.0), ("2.npy", 2.0), ("3.npy", 3.0)] {
        folder.write(name, npy(&[2, 2], &[value, 0.0, value, 1.0]));
    }
    let run = folder.does(&["inspect", "ada/r1=1.NPY", "ada/r2=2.npy", "3.npy"]);
    assert!(run.stdout.contains("labels      2 (3, ada)"), "{}", run.stdout);
    assert!(run.stdout.contains(", r1, r2"), "{}", run.stdout);
    let says = ["2.npy: label `ada` is in 1.NPY too", "different sessions"];
    folder.refuses(&["inspect", "ada=1.NPY", "ada=2.npy"], 3, &says);
    folder.refuses(&["inspect", "ada=absent.npy"], 3, &["absent.npy: cannot be read"]);
}

#[test]
fn standard_input_is_recognised_by_its_content() {
    let folder = Folder::new();
    let csv = b"video,timestep,prediction\nada,0,1\nada,0,2\n";
    let array = npy(&[1, 2], &[1.0, 2.0]);
    for (bytes, label) in [(csv.to_vec(), "ada"), (gzip(csv), "ada"), (array.clone(), "stdin"), (gzip(&array), "stdin")]
    {
        let run = run_on(&folder, &bytes, &["inspect", "-"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(run.stdout.starts_with("standard input: sound recordings"), "{}", run.stdout);
        assert!(run.stdout.contains(&format!("labels      1 ({label})")), "{}", run.stdout);
    }
    let run = run_on(&folder, &array, &["inspect", "ada/r1=-"]);
    assert!(run.stdout.contains("labels      1 (ada)"), "{}", run.stdout);
    run_on(&folder, b"\x7fELF\0\0", &["inspect", "-"]).failed(3, &["standard input: unknown kind of recording"]);
    run_on(&folder, b"", &["inspect", "-"]).failed(3, &["standard input: the file is empty"]);
}

#[cfg(unix)]
#[test]
fn a_process_substitution_is_read_once() {
    let folder = Folder::new();
    folder.write("long.csv", "video,timestep,prediction\n".to_owned() + &"ada,0,1\n".repeat(20_000) + "ada,1,x\n");
    let program = env!("CARGO_BIN_EXE_neural-vault");
    for script in ["<(cat long.csv)", "<(gzip -c long.csv)"] {
        let mut bash = std::process::Command::new("bash");
        bash.args(["-c", &format!("{program} inspect {script}")]).current_dir(folder.path("."));
        let run = Run::from(bash.output().unwrap());
        run.failed(3, &["/dev/fd/", "line 20002, column `prediction`: `x` is not a number"]);
    }
}

#[test]
fn a_folder_is_read_at_any_depth_and_what_is_left_out_is_noted() {
    let folder = Folder::new();
    for path in ["bids/sub-01/ses-1/func", "bids/sub-02"] {
        std::fs::create_dir_all(folder.path(path)).unwrap();
    }
    folder.write("bids/sub-01/ses-1/func/sub-01_ses-1_run-2_preds.npy", npy(&[1, 2], &[1.0, 2.0]));
    folder.write("bids/sub-02/preds.npy", npy(&[1, 2], &[3.0, 4.0]));
    folder.write("bids/participants.tsv", "participant_id\tage\nsub-01\t30\n");
    folder.write("bids/README", "recordings\n");
    let run = folder.does(&["inspect", "bids"]);
    assert!(run.stdout.contains("labels      2 (sub-01, sub-02)"), "{}", run.stdout);
    assert!(run.stdout.contains("ses-1_run-2"), "{}", run.stdout);
    for says in ["note: left out: bids/participants.tsv: line 1: no column `video`", "note: 1 file is left out"] {
        assert!(run.stderr.contains(says), "{}", run.stderr);
    }
}

#[test]
fn values_without_a_header_need_a_width() {
    let folder = Folder::new();
    folder.write("face.bin", [1.0_f32, 2.0, 3.0, 4.0].map(f32::to_le_bytes).concat());
    folder.refuses(&["inspect", "face.bin"], 3, &["face.bin: nothing says how many features", "--width"]);
    let run = folder.does(&["inspect", "face.bin", "--width", "2"]);
    assert!(run.stdout.contains("2 rows x 2 features"), "{}", run.stdout);
    folder.refuses(&["inspect", "face.bin", "--width", "0"], 2, &["`0` is not a number of features"]);
}

#[test]
fn options_of_reading_without_recordings_are_refused() {
    let folder = Folder::with_model();
    folder.refuses(&["export", "model", "--blocks", "2"], 2, &["--data"]);
}

#[test]
fn control_characters_of_a_file_are_shown_as_escapes() {
    let folder = Folder::new();
    folder.write("bad.csv", "video,\u{1b}[2J,prediction\nada,0,1\n");
    folder.refuses(&["inspect", "bad.csv"], 3, &["`\\u{1b}[2J`"]);
}
