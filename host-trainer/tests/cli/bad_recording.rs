//! Recordings that cannot be used: each has its own message, exit code 3, and nothing is written.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::folder::Folder;
use super::samples::npy;

const HEADER: &str = "video,timestep,prediction\n";

/// Trains on a file of these bytes, which must be refused with code 3 and a message that says each of `says`.
#[track_caller]
fn refused(name: &str, bytes: impl AsRef<[u8]>, says: &[&str]) {
    let folder = Folder::new();
    folder.write(name, bytes);
    let mut all = vec![name];
    all.extend(says);
    folder.refuses(&["train", name, "--out", "out", "--engine", "tract"], 3, &all);
}

/// Four timesteps of two labels and two features.
fn sound() -> String {
    let lines = ["a,0", "a,1", "b,0", "b,1"].iter().enumerate();
    HEADER.to_owned() + &lines.map(|(k, row)| format!("{row},{k}.5\n{row},{k}.25\n")).collect::<String>()
}

#[test]
fn the_unchanged_recording_of_these_tests_trains() {
    let folder = Folder::new();
    folder.write("sound.csv", sound());
    folder.does(&["train", "sound.csv", "--out", "out", "--engine", "tract", "--steps", "1"]);
}

#[test]
fn a_missing_file_is_named() {
    let folder = Folder::new();
    folder.refuses(&["train", "absent.csv", "--out", "out"], 3, &["absent.csv", "cannot be read", "check the path"]);
}

#[test]
fn a_missing_column_is_named_with_those_found() {
    let text = sound().replace("prediction", "value");
    refused("columns.csv", text, &["line 1", "`prediction`", "`value`", "rename a column"]);
}

#[test]
fn a_missing_label_column_names_the_option() {
    let text = sound().replace("video", "subject");
    refused("columns.csv", text, &["line 1", "`video`", "`subject`", "--label-column"]);
}

#[test]
fn a_timestep_with_too_few_values_is_refused() {
    let text = sound().replace("b,0,2.25\n", "");
    let says = ["line 6", "label `b`, timestep 0", "1 values where the others have 2", "one line per feature"];
    refused("ragged.csv", text, &says);
}

#[test]
fn a_line_with_too_many_fields_is_refused() {
    let text = sound().replace("a,1,1.5", "a,1,1,5");
    refused("fields.csv", text, &["line 4", "4 fields where the header has 3", "quote cells"]);
}

#[test]
fn a_prediction_that_is_text_is_refused() {
    let text = sound().replace("a,1,1.25", "a,1,high");
    refused("text.csv", text, &["line 5, column `prediction`", "`high` is not a number", "correct the cell"]);
}

#[test]
fn a_timestep_that_is_not_a_number_is_refused() {
    let text = sound().replace("b,1,3.5", "b,one,3.5");
    refused("time.csv", text, &["line 8, column `timestep`", "`one` is not a whole number", "correct the cell"]);
}

#[test]
fn an_empty_file_is_refused() {
    refused("empty.csv", "", &["the file is empty", "write it again"]);
}

#[test]
fn a_header_without_rows_is_refused() {
    refused("header.csv", HEADER, &["there are no rows", "at least one timestep"]);
}

#[test]
fn a_csv_cut_anywhere_in_a_line_is_refused() {
    let whole = sound();
    // Inside the last line, from after its first byte to before its value's first digit.
    for cut in [whole.len() - 8, whole.len() - 7, whole.len() - 6, whole.len() - 5] {
        refused("cut.csv", &whole[..cut], &["line 9", "ends in the middle of the line", "copy or download it again"]);
    }
}

#[test]
fn a_csv_cut_inside_its_last_value_is_used_with_a_note() {
    let folder = Folder::new();
    let whole = sound();
    folder.write("cut.csv", &whole[..whole.len() - 2]);
    let run = folder.does(&["inspect", "cut.csv"]);
    assert!(run.stderr.contains("line 9 ends without a newline; its value may be cut short"), "{}", run.stderr);
}

#[test]
fn gzip_cut_at_any_length_is_refused() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(sound().as_bytes()).unwrap();
    let whole = gzip.finish().unwrap();
    for length in (10..whole.len()).step_by(7).chain([whole.len() - 8, whole.len() - 1]) {
        refused("cut.csv.gz", &whole[..length], &["gzip data is cut short", "copy or download it again"]);
    }
}

#[test]
fn gzip_with_a_flipped_bit_is_refused() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(sound().as_bytes()).unwrap();
    let mut bytes = gzip.finish().unwrap();
    let checksum = bytes.len() - 8;
    bytes[checksum] ^= 1;
    refused("flipped.csv.gz", bytes, &["gzip data is damaged", "copy or download it again"]);
}

#[test]
fn a_repeated_label_and_timestep_is_refused() {
    let text = sound() + "a,1,7\na,1,8\n";
    refused("twice.csv", text, &["line 10", "label `a`, timestep 1", "second time", "`session` column"]);
}

#[test]
fn a_recording_of_nothing_but_nan_is_refused() {
    let text = HEADER.to_owned() + "a,0,nan\na,1,NaN\nb,0,\nb,1,nan\n";
    refused("nan.csv", text, &["every value is NaN", "check the export"]);
}

#[test]
fn a_constant_feature_gives_a_note() {
    let folder = Folder::new();
    let flat = HEADER.to_owned() + "a,0,1\na,0,7\na,1,2\na,1,7\nb,0,3\nb,0,7\nb,1,4\nb,1,7\n";
    folder.write("flat.csv", flat);
    let run = folder.does(&["train", "flat.csv", "--out", "out", "--engine", "tract", "--steps", "1"]);
    assert!(run.stderr.contains("note: flat.csv: 1 of 2 features are constant"), "{}", run.stderr);
    assert!(folder.path("out/model.nvb").exists());
}

#[test]
fn a_single_label_is_not_trained_on() {
    let text: String = sound().lines().filter(|line| !line.starts_with('b')).map(|line| format!("{line}\n")).collect();
    refused("one.csv", text, &["only one class, `a`", "at least two labels"]);
}

#[test]
fn a_label_with_a_single_row_is_not_trained_on() {
    let text = HEADER.to_owned() + "a,0,1\na,1,2\nb,0,3\n";
    refused("rows.csv", text, &["label `b` has one row", "at least two rows a label"]);
}

#[test]
fn a_label_with_a_single_window_is_not_trained_on() {
    let folder = Folder::new();
    folder.write("short.csv", sound());
    let says = ["short.csv", "label `a` has one window of 2 frames", "shorten --window"];
    folder.refuses(
        &["train", "short.csv", "--out", "out", "--recipe", "reference", "--window", "2", "--engine", "tract"],
        3,
        &says,
    );
}

#[test]
fn a_scan_with_another_number_of_features_is_refused() {
    let folder = Folder::with_enrolment();
    folder.write("narrow.csv", sound());
    let says = ["narrow.csv", "a frame has 2 features, the model takes 24", "same parcellation"];
    folder.refuses(&["embed", "narrow.csv", "--model", "model", "-o", "e.npy"], 3, &says);
    folder.refuses(&["embed", "narrow.csv", "--model", "model", "-o", "e.npy", "--engine", "tract"], 3, &says);
    let verify = ["verify", "narrow.csv", "--model", "model", "--enrolment", "class00.nve", "--label", "a"];
    folder.refuses(&verify, 3, &says);
    folder.refuses(&["enroll", "narrow.csv", "--model", "model", "--label", "a", "-o", "a.nve"], 3, &says);
}

#[test]
fn a_window_longer_than_the_position_table_is_refused() {
    let folder = Folder::with_model();
    let says = ["513", "1 to 512 frames"];
    let train = ["train", "data.csv", "--out", "out", "--recipe", "reference", "--window", "513"];
    let embed = ["embed", "data.csv", "--model", "model", "-o", "e.npy", "--window", "513"];
    let enroll = ["enroll", "data.csv", "--model", "model", "--label", "class00", "-o", "a.nve", "--window", "513"];
    for arguments in [&train[..], &embed, &enroll] {
        folder.refuses(arguments, 2, &says);
    }
}

#[test]
fn a_window_longer_than_the_model_takes_is_refused() {
    let folder = Folder::with_model();
    for engine in ["core", "tract", "onnxruntime"] {
        let embed = ["embed", "data.csv", "--model", "model", "-o", "e.npy", "--window", "17", "--engine", engine];
        folder.refuses(&embed, 2, &["a window of 17 frames: the model takes 1 to 16", "choose another --window"]);
    }
}

#[test]
fn numpy_files_that_are_cut_or_of_another_kind_are_refused() {
    let whole = npy(&[4, 2], &[1.0; 8]);
    refused("cut.npy", &whole[..whole.len() - 3], &["the file"]);
    refused("text.npy", "not an array at all", &["the file"]);
    refused("cut.npz", b"PK\x03\x04", &["the file"]);
    refused("cube.npy", npy(&[2, 2, 2], &[1.0; 8]), &["[2, 2, 2]", "two axes, timesteps x features"]);
}

#[test]
fn a_file_of_an_unknown_format_is_refused_with_a_list_of_the_known_ones() {
    refused("recording.txt", sound(), &["unknown kind of recording", ".csv.gz"]);
}

#[test]
fn an_unknown_session_or_label_is_refused_with_a_list_of_the_known_ones() {
    let folder = Folder::with_enrolment();
    let says = ["data.csv", "no session `run09`", "`run00`, `run01`, `run02`"];
    folder.refuses(&["train", "data.csv", "--out", "out", "--sessions", "run09"], 2, &says);
    let enroll = ["enroll", "data.csv", "--model", "model", "--label", "nobody", "-o", "n.nve"];
    folder.refuses(&enroll, 2, &["data.csv", "no label `nobody`", "`class00`, `class01`, `class02`"]);
    let verify = ["verify", "data.csv", "--model", "model", "--enrolment", "class00.nve", "--label", "nobody"];
    folder.refuses(&verify, 2, &["data.csv", "no label `nobody`", "`class00`, `class01`, `class02`"]);
    folder.refuses(&[&verify[..7], &["class00", "--session", "run09"]].concat(), 2, &says);
}
