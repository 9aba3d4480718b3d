//! What the long CSV reader accepts, and the messages for what it refuses.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod groups;
mod properties;

use std::path::Path;

use neural_vault_testkit::{vector, vector_path};

use crate::dataset::fixtures::{folder_of, gzip, load_as, load_with, message};
use crate::dataset::{Dataset, Input, LoadOptions, load};

#[derive(serde::Deserialize)]
struct PivotVector {
    names: Vec<String>,
    labels: Vec<u32>,
    matrix: Vec<Vec<Option<f32>>>,
}

#[test]
fn pivots_as_the_reference_vectors() {
    let expected: PivotVector = serde_json::from_slice(&vector("pivot.json")).unwrap();
    let dataset = load(&[vector_path("pivot.csv").into()], &LoadOptions::default()).unwrap();
    assert_eq!(dataset.labels, expected.names);
    assert_eq!(dataset.rows.iter().map(|row| row.label).collect::<Vec<_>>(), expected.labels);
    let expected: Vec<f32> = expected.matrix.iter().flatten().map(|cell| cell.unwrap_or(f32::NAN)).collect();
    assert_eq!(bits(&dataset.values), bits(&expected));
}

#[test]
fn the_shipped_recording_has_48_scans_of_9_frames() {
    let file = neural_vault_models::file("data/haxby/haxby_slice_runs00-05.csv.gz");
    let dataset = load(&[file.into()], &LoadOptions::default()).unwrap();
    assert_eq!((dataset.labels.len(), dataset.sessions.len(), dataset.features), (8, 6, 530));
    let scans = dataset.scans();
    assert_eq!(scans.len(), 48);
    assert!(scans.iter().all(|scan| scan.rows.len() == 9));
    assert!(dataset.notes.is_empty());
}

#[test]
fn columns_may_come_in_any_order_with_others_between() {
    let text = "prediction,note,session,timestep,video\n1.5,x,s1,0,b\n2.5,y,s1,0,b\n3.5,\"x,y\",s0,0,a\n4.5,,s0,0,a\n";
    let dataset = load_as("any.csv", text.as_bytes()).unwrap();
    assert_eq!(dataset.labels, ["a", "b"]);
    assert_eq!(dataset.sessions, ["s0", "s1"]);
    assert_eq!(dataset.values, [3.5, 4.5, 1.5, 2.5]);
}

#[test]
fn another_column_may_hold_the_label() {
    let text = "video,timestep,prediction,subject\nv,0,1,ann\nv,0,2,ann\nv,1,3,bob\nv,1,4,bob\n";
    let dataset = load_with("subjects.csv", text.as_bytes(), Some("subject")).unwrap();
    assert_eq!(dataset.labels, ["ann", "bob"]);
    assert_eq!(dataset.sessions, [""]);
}

#[test]
fn timesteps_sort_as_numbers_and_may_be_written_as_floats() {
    let text = "video,timestep,prediction\na,10,10\na,9.0,9\na,-1,-1\n";
    let dataset = load_as("unsorted.csv", text.as_bytes()).unwrap();
    assert_eq!(dataset.values, [-1.0, 9.0, 10.0]);
}

#[test]
fn one_timestep_written_in_two_ways_is_one_row() {
    let text = "video,timestep,prediction\na,1,1\na,1.0,2\na,2,3\na,2,4\n";
    let dataset = load_as("mixed.csv", text.as_bytes()).unwrap();
    assert_eq!(dataset.values, [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn empty_cells_nan_and_infinities_are_read_as_such() {
    let text = "video,timestep,prediction\na,0,\na,0,NaN\na,0,nan\na,0,inf\na,0,-Inf\na,0, 1.5 \n";
    let dataset = load_as("special.csv", text.as_bytes()).unwrap();
    assert!(dataset.values[..3].iter().all(|value| value.is_nan()));
    assert_eq!(dataset.values[3..], [f32::INFINITY, f32::NEG_INFINITY, 1.5]);
}

#[test]
fn windows_line_ends_a_byte_order_mark_and_blank_lines_are_accepted() {
    let text = "\u{feff}video,timestep,prediction\r\na,0,1\r\n\r\na,0,2\r\n";
    let dataset = load_as("windows.csv", text.as_bytes()).unwrap();
    assert_eq!(dataset.values, [1.0, 2.0]);
}

#[test]
fn a_line_end_in_a_label_is_a_newline_whatever_those_of_the_file() {
    for end in ["\n", "\r", "\r\n"] {
        let text = ["prediction,timestep,video", "1,0,\"a", "b\"", "2,1,\"a", "b\"", ""].join(end);
        assert_eq!(load_as("lines.csv", text.as_bytes()).unwrap().labels, ["a\nb"], "{end:?}");
    }
}

#[test]
fn line_ends_of_several_kinds_may_be_mixed() {
    let text = "video,timestep,prediction\r\na,0,1\ra,0,2\n\r\na,0,3\r\n\ra,0,4\na,0,x\r\n";
    let message = message("mixture.csv", text.as_bytes());
    assert!(message.starts_with("mixture.csv: line 8, column `prediction`: `x` is not a number"), "{message}");
    let text = text.replace("a,0,x\r\n", "");
    assert_eq!(load_as("mixture.csv", text.as_bytes()).unwrap().values, [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn gzip_is_recognised_by_its_bytes_and_may_have_several_members() {
    let members = [gzip(b"video,timestep,prediction\na,0,1\n"), gzip(b"a,0,2\n")].concat();
    for name in ["members.csv.gz", "unnamed.csv"] {
        assert_eq!(load_as(name, &members).unwrap().values, [1.0, 2.0]);
    }
}

#[test]
fn plain_text_whose_name_still_says_gzip_is_read() {
    assert_eq!(load_as("unpacked.csv.gz", b"video,timestep,prediction\na,0,1\n").unwrap().values, [1.0]);
}

#[test]
fn a_whole_last_line_without_a_newline_is_read_with_a_note() {
    let dataset = load_as("open.csv", b"video,timestep,prediction\na,0,1.25").unwrap();
    assert_eq!(dataset.values, [1.25]);
    assert!(dataset.notes[0].contains("line 2 ends without a newline"), "{:?}", dataset.notes);
}

#[test]
fn each_kind_of_bad_file_has_its_own_message_with_the_place() {
    let cases: &[(&str, &str, &str)] = &[
        ("empty.csv", "", "the file is empty"),
        ("blank.csv", "\n\n", "the file is empty"),
        ("header.csv", "video,timestep,prediction\n", "there are no rows"),
        (
            "column.csv",
            "video,time,prediction\na,0,1\n",
            "line 1: no column `timestep`; found `video`, `time`, `prediction`",
        ),
        ("text.csv", "video,timestep,prediction\na,0,1\na,0,x1\n", "line 3, column `prediction`: `x1` is not a number"),
        ("time.csv", "video,timestep,prediction\na,0.5,1\n", "line 2, column `timestep`: `0.5` is not a whole number"),
        ("name.csv", "video,timestep,prediction\n,0,1\n", "line 2, column `video`: `` is not a name"),
        ("na.csv", "video,timestep,prediction\nNA,0,1\n", "line 2, column `video`: `NA` is not a name"),
        ("space.csv", "video,timestep,prediction\n\" \",0,1\n", "line 2, column `video`: ` ` is not a name"),
        (
            "session.csv",
            "video,session,timestep,prediction\na,nan,0,1\n",
            "line 2, column `session`: `nan` is not a name",
        ),
        (
            "two.csv",
            "# by hand\nvideo,timestep,prediction,prediction\na,0,1,2\n",
            "line 2: 2 columns `prediction`; rename all but one",
        ),
        ("cr.csv", "video,timestep,prediction\ra,0,1\r\ra,0,x\r", "line 4, column `prediction`: `x`"),
        ("quoted.csv", "video,timestep,prediction\n\"a\nb\",0,1\na,0,x\n", "line 4, column `prediction`: `x`"),
        ("first.csv", "video,timestep,prediction\n\"a\nb\",0,x\n", "line 2, column `prediction`: `x`"),
        ("comment.csv", "# one\n\n# two\nvideo,timestep,prediction\na,0,x\n", "line 5, column `prediction`: `x`"),
        (
            "mixed.csv",
            "video;timestep;prediction\na;0;1,5\na;0;2.5\n",
            "line 3, column `prediction`: `2.5` is not a number like those before it",
        ),
        (
            "escape.csv",
            "video,\u{1b}[2J,prediction\na,0,1\n",
            "line 1: no column `timestep`; found `video`, `\\u{1b}[2J`, `prediction`",
        ),
        ("fields.csv", "video,timestep,prediction\na,0,1\na,0,1,2\na,0,1\n", "line 3: 4 fields where the header has 3"),
        (
            "ragged.csv",
            "video,timestep,prediction\na,0,1\na,0,2\na,1,1\nb,0,1\nb,0,2\n",
            "line 4: label `a`, timestep 1 has 1 values where the others have 2",
        ),
        (
            "twice.csv",
            "video,timestep,prediction\na,0,1\na,0,2\na,1,1\na,1,2\na,0,1\na,0,2\n",
            "line 6: label `a`, timestep 0 is there a second time",
        ),
        (
            "adjacent.csv",
            "video,session,timestep,prediction\na,r,0,1\na,r,0,2\na,r,0,1\na,r,0,2\nb,r,0,1\nb,r,0,2\n",
            "line 4: label `a`, session `r`, timestep 0 is there a second time",
        ),
        ("blanks.csv", "video,timestep,prediction\n\n\na,0,1\n\na,0,x\n", "line 6, column `prediction`: `x`"),
        ("crlf.csv", "video,timestep,prediction\r\na,0,1\r\na,0,x\r\n", "line 3, column `prediction`: `x`"),
        ("bom.csv", "\u{feff}video,timestep,prediction\na,0,1\na,0,x\n", "line 3, column `prediction`: `x`"),
        (
            "blankrun.csv",
            "video,timestep,prediction\na,0,1\n\na,0,2\n\na,0,3\n\na,0,4\n\nb,0,1\nb,0,2\nc,0,1\nc,0,2\n",
            "line 6: label `a`, timestep 0 is there a second time",
        ),
        (
            "header2.csv",
            "video,timestep,prediction\na,0,1\nvideo,timestep,prediction\na,1,1\n",
            "line 3, column `timestep`",
        ),
        ("nans.csv", "video,timestep,prediction\na,0,nan\na,1,\n", "every value is NaN"),
        ("kind.txt", "video,timestep,prediction\na,0,1\n", "unknown kind of recording"),
    ];
    for (name, text, expected) in cases {
        let message = message(name, text.as_bytes());
        assert!(message.starts_with(&format!("{name}: {expected}")), "{message}");
    }
}

#[test]
fn a_file_of_another_format_is_named_as_what_it_is() {
    let cases: [(&[u8], &str); 5] = [
        (b"PK\x03\x04\x14\0\x1b[2J", "it is a ZIP archive or an Excel workbook; unpack it"),
        (b"BZh91AY", "it is bzip2 data"),
        (b"a,b\0\n", "it is binary data"),
        (b"\xff\xfe\0\0v\0\0\0", "it is UTF-32 text"),
        (b"\x93NUMPY\x01\0", "it is a NumPy array; end its name in .npy"),
    ];
    for (bytes, expected) in cases {
        for (name, bytes) in [("other.csv", bytes.to_vec()), ("other.csv.gz", gzip(bytes))] {
            let message = message(name, &bytes);
            assert!(message.starts_with(&format!("{name}: {expected}")), "{message}");
        }
    }
}

#[test]
fn names_that_differ_in_white_space_or_unicode_form_are_one() {
    let text = " video , timestep, prediction\nZo\u{eb},0,1\n\"Zoe\u{308} \",1,2\n";
    let dataset = load_as("names.csv", text.as_bytes()).unwrap();
    assert_eq!((dataset.labels, dataset.values), (vec!["Zo\u{eb}".to_owned()], vec![1.0, 2.0]));
    assert!(dataset.notes.len() == 1 && dataset.notes[0].contains("white space around labels"), "{:?}", dataset.notes);
}

#[test]
fn a_given_label_takes_the_place_of_a_missing_column() {
    let folder = folder_of(&[("a.csv", b"timestep,prediction\n0,1\n1,2\n".to_vec())]);
    let input = Input { label: Some("ada".into()), ..folder.path().join("a.csv").into() };
    assert_eq!(load(&[input], &LoadOptions::default()).unwrap().labels, ["ada"]);
}

#[test]
fn a_pipe_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("63");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let text = "video,timestep,prediction\na,0,1\na,0,2\na,1,3\n".to_owned();
    for (bytes, expected) in [
        (text.clone().into_bytes(), "line 4: label `a`, timestep 1 has 1 values where the others have 2"),
        (gzip((text + "a,1,x\n").as_bytes()), "line 5, column `prediction`: `x` is not a number"),
    ] {
        let message = std::thread::scope(|scope| {
            scope.spawn(|| std::fs::write(&pipe, bytes).unwrap());
            load(&[pipe.clone().into()], &LoadOptions::default()).unwrap_err().to_string()
        });
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_label_that_is_not_utf8_is_named() {
    let message = message("latin.csv", b"video,timestep,prediction\ncaf\xe9,0,1\n");
    assert!(message.contains("line 2, column `video`") && message.contains("UTF-8"), "{message}");
}

#[test]
fn a_csv_cut_anywhere_in_its_last_line_is_refused() {
    let whole = "video,timestep,prediction\na,0,1.5\na,0,2.5\na,1,3.5\na,1,-4.5\n";
    let last_line = whole.len() - "a,1,-4.5\n".len();
    // From one character of the line up to the minus sign: a longer cut leaves digits that may be a whole number.
    for cut in last_line + 1..=last_line + 5 {
        let message = message("cut.csv", &whole.as_bytes()[..cut]);
        assert!(message.contains("line 5: the file ends in the middle of the line"), "{cut}: {message}");
    }
    let earlier = message("cut.csv", &whole.as_bytes()[..last_line - 2]);
    assert!(earlier.contains("line 4: the file ends in the middle of the line"), "{earlier}");
    let message = message("cut.csv", &whole.as_bytes()[..last_line]);
    assert!(message.contains("line 4: label `a`, timestep 1 has 1 values where the others have 2"), "{message}");
}

#[test]
fn gzip_cut_at_any_length_is_refused() {
    let text: String = (0..200).map(|k| format!("a,{k},0.{k}\n")).collect();
    let whole = gzip(format!("video,timestep,prediction\n{text}").as_bytes());
    for cut in 1..whole.len() {
        let message = message("cut.csv.gz", &whole[..cut]);
        assert!(message.contains("the gzip data is cut short"), "{cut}: {message}");
    }
}

#[test]
fn damaged_gzip_is_refused() {
    let mut whole = gzip(b"video,timestep,prediction\na,0,1\n");
    let checksum = whole.len() - 8;
    whole[checksum] ^= 1;
    let garbage = [&gzip(b"video,timestep,prediction\na,0,1\n")[..], b"something else follows"].concat();
    for bytes in [&whole[..], &garbage, b"\x1e\x8b\x08\0\0"] {
        let message = message("damaged.csv.gz", bytes);
        assert!(message.contains("the gzip data is damaged"), "{message}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = load(&[Path::new("absent.csv").into()], &LoadOptions::default()).unwrap_err().to_string();
    assert!(error.starts_with("absent.csv: cannot be read"), "{error}");
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}
