//! Folders, several inputs and the formats as a list.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::ffi::OsStr;

use super::find::by_name;
use super::*;
use crate::dataset::fixtures::{array, folder_of, load_folder, npz};

#[test]
fn help_and_messages_list_the_formats_of_every_reader() {
    for reader in READERS {
        assert!(formats().to_lowercase().contains(&reader.name().to_lowercase()), "{}", formats());
        assert!(reader.endings().iter().all(|ending| kinds().contains(ending)), "{}", kinds());
    }
}

#[test]
fn every_name_is_recognised_whatever_its_case() {
    for name in ["a.csv", "a.CSV.gz", "a.npz", "a.Npy"] {
        assert!(by_name(name.as_ref()).is_some(), "{name}");
    }
    for name in ["a.gz", "a.csvx", "csv", ""] {
        assert!(by_name(name.as_ref()).is_none(), "{name}");
    }
}

#[test]
fn a_folder_is_read_as_one_whatever_its_name() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("recordings.csv");
    std::fs::create_dir(&folder).unwrap();
    assert!(matches!(load(&[folder.into()], &LoadOptions::default()), Err(DatasetError::NoRecordings { .. })));
}

#[test]
fn a_folder_names_labels_by_file_and_sessions_by_subfolder() {
    let one = |value: f32| array(&[value, value], &[1, 2]);
    let dataset = load_folder(&[
        ("face/run01.npy", one(2.0)),
        ("face/run00.npz", npz(&[("preds", one(1.0))])),
        ("cat.npy", one(0.0)),
        (".hidden.npy", b"no array".to_vec()),
        ("readme.txt", b"no array".to_vec()),
    ])
    .unwrap();
    assert_eq!(dataset.labels, ["cat", "face"]);
    assert_eq!(dataset.sessions, ["", "run00", "run01"]);
    assert_eq!(dataset.values, [0.0, 0.0, 1.0, 1.0, 2.0, 2.0]);
}

#[test]
fn recordings_at_any_depth_are_named_by_their_paths() {
    let one = |value: f32| array(&[value, value], &[1, 2]);
    let csv = b"video,timestep,prediction\nada,0,5\nada,0,6\n".to_vec();
    let dataset = load_folder(&[
        ("bids/sub-01/ses-1/sub-01_ses-1_preds.npy", one(1.0)),
        ("bids/sub-01/ses-2/sub-01_ses-2_preds.npy", one(2.0)),
        ("clips/beach/preds.npy", one(3.0)),
        ("face/day1/run01.NPY", one(4.0)),
        ("tables/ada.csv", csv),
    ])
    .unwrap();
    assert_eq!(dataset.labels, ["ada", "beach", "face", "sub-01"]);
    assert_eq!(dataset.sessions, ["", "clips", "day1/run01", "ses-1", "ses-2"]);
    assert_eq!(dataset.values, [5.0, 6.0, 3.0, 3.0, 4.0, 4.0, 1.0, 1.0, 2.0, 2.0]);
    assert!(dataset.notes.is_empty(), "{:?}", dataset.notes);
}

#[test]
fn the_files_of_a_folder_read_one_by_one_have_the_names_that_they_have_in_the_folder() {
    let one = |value: f32| array(&[value, value], &[1, 2]);
    let csv = b"video,session,timestep,prediction\nada,day,0,5\nada,day,0,6\n".to_vec();
    let folder = folder_of(&[
        ("bids/sub-01/ses-1/sub-01_ses-1_preds.npy", one(1.0)),
        ("clips/beach/preds.npy", one(3.0)),
        ("preds.npy", one(4.0)),
        ("table.csv", csv),
        ("values.bin", 1.0f32.to_le_bytes().repeat(2)),
        ("values.segments.json", br#"{"segments": [[0.0, 1.0]], "features": 2}"#.to_vec()),
        ("notes.txt", Vec::new()),
    ]);
    for label in [None, Some("given".to_owned())] {
        let options = LoadOptions { width: Some(2), ..LoadOptions::default() };
        let whole = Input { label: label.clone(), ..folder.path().into() };
        let whole = load(&[whole], &options).unwrap();
        let (files, notes) = files(folder.path()).unwrap();
        assert_eq!(files.len(), 5, "{files:?}");
        assert!(notes.iter().any(|note| note.contains("notes.txt")), "{notes:?}");
        let files: Vec<Input> = files.into_iter().map(|file| Input { label: label.clone(), ..file }).collect();
        let parts: Vec<Dataset> =
            files.iter().map(|file| load(std::slice::from_ref(file), &options).unwrap()).collect();
        let names = |dataset: &Dataset| -> Vec<(String, String)> {
            let scans = dataset.scans();
            let name = |scan: &crate::dataset::Scan| {
                (dataset.labels[scan.label as usize].clone(), dataset.sessions[scan.session as usize].clone())
            };
            scans.iter().map(name).collect()
        };
        let mut of_parts: Vec<(String, String)> = parts.iter().flat_map(names).collect();
        of_parts.sort();
        assert_eq!(of_parts, names(&whole));
        let values = files.iter().find(|file| file.path().unwrap().ends_with("values.bin")).unwrap();
        let read = files_read(values, &options).unwrap();
        assert!(read.len() == 2 && read[1].ends_with("values.segments.json"), "{read:?}");
    }
}

#[test]
fn what_is_left_out_of_a_folder_is_noted() {
    let one = array(&[1.0_f32, 2.0], &[1, 2]);
    let others = ["a.mat", "b/readme.TXT", "b/c.mat", "d.mat", ".hidden.mat", "LICENCE"];
    let mut files: Vec<(&str, Vec<u8>)> = others.iter().map(|&name| (name, vec![1])).collect();
    files.push(("face.npy", one));
    files.push(("participants.csv", b"participant_id,age\nsub-01,33\n".to_vec()));
    let folder = folder_of(&files);
    let dataset = load(&[folder.path().into()], &LoadOptions::default()).unwrap();
    assert_eq!(dataset.labels, ["face"]);
    let notes = dataset.notes.join("\n").replace(&format!("{}/", folder.path().display()), "");
    let expected = "left out: participants.csv: line 1: no column `video`; found `participant_id`, `age`; rename a \
                    column\n5 files are left out (3 .mat, 1 .txt, 1 without an ending): LICENCE, a.mat, b/c.mat, ...";
    assert_eq!(notes, expected);
}

#[test]
fn a_link_to_a_folder_above_is_not_followed_without_end() {
    let folder = folder_of(&[("a/face.npy", array(&[1.0_f32, 2.0], &[1, 2]))]);
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.path(), folder.path().join("a/b")).unwrap();
    assert_eq!(load(&[folder.path().into()], &LoadOptions::default()).unwrap().rows.len(), 1);
}

#[test]
fn several_inputs_are_joined_to_one_dataset() {
    let files = [
        ("1.npy", array(&[1.0_f32, 2.0], &[2, 1])),
        ("2.npy", array(&[3.0_f32], &[1, 1])),
        ("c.csv", b"video,session,timestep,prediction\nbob,r1,0,4\n".to_vec()),
        ("wide.npy", array(&[1.0_f32, 2.0], &[1, 2])),
    ];
    let folder = folder_of(&files);
    let input =
        |names: &str, file: &str| Input::parse(OsStr::new(&format!("{names}{}", folder.path().join(file).display())));
    let load = |inputs: &[Input]| load(inputs, &LoadOptions::default());
    let joined = load(&[input("", "c.csv"), input("bob/r2=", "1.npy"), input("ada=", "2.npy")]).unwrap();
    assert_eq!(joined.labels, ["ada", "bob"]);
    assert_eq!(joined.sessions, ["", "r1", "r2"]);
    assert_eq!(joined.values, [3.0, 4.0, 1.0, 2.0]);
    assert_eq!(joined.rows[3], Row { label: 1, session: 2, timestep: 1, run: 0 });
    assert!(joined.origin.to_str().unwrap().ends_with("c.csv and 2 more"));

    let message = load(&[input("ada=", "1.npy"), input("ada=", "2.npy")]).unwrap_err().to_string();
    assert!(message.contains("2.npy: label `ada` is in ") && message.contains("1.npy too"), "{message}");
    let message = load(&[input("", "1.npy"), input("", "wide.npy")]).unwrap_err().to_string();
    assert!(message.contains("wide.npy: 2 features, but ") && message.contains("1.npy has 1"), "{message}");
    assert_eq!(load(&[input("eve/r9=", "c.csv")]).unwrap().labels, ["eve"]);
}

#[test]
fn a_label_given_to_a_file_of_several_is_refused() {
    let folder = folder_of(&[("c.csv", b"video,timestep,prediction\na,0,4\nb,0,5\n".to_vec())]);
    let input = Input { label: Some("ada".into()), ..folder.path().join("c.csv").into() };
    let message = load(&[input], &LoadOptions::default()).unwrap_err().to_string();
    assert!(
        message.ends_with("c.csv: it holds 2 labels (`a`, `b`), which cannot all be `ada`; leave that label out"),
        "{message}"
    );
}

#[test]
fn a_label_of_nothing_but_white_space_is_refused() {
    let message = load_folder(&[(" .npy", array(&[1.0_f32], &[1, 1]))]).unwrap_err().to_string();
    assert!(message.contains(" .npy: the label is empty"), "{message}");
}

#[test]
fn two_recordings_of_different_width_are_both_named() {
    let files = [("a.npy", array(&[1.0_f32, 2.0], &[1, 2])), ("b.npy", array(&[1.0_f32], &[1, 1]))];
    let message = load_folder(&files).unwrap_err().to_string();
    assert!(message.contains("b.npy: 1 features, but ") && message.contains("a.npy has 2"), "{message}");
}

#[test]
fn one_recording_kept_twice_is_refused() {
    let one = array(&[1.0_f32], &[1, 1]);
    let message = load_folder(&[("a.npy", one.clone()), ("a.npz", npz(&[("preds", one)]))]).unwrap_err().to_string();
    assert!(message.contains("a.npz: label `a` is in ") && message.contains("a.npy too; keep one"), "{message}");
}

#[test]
fn a_folder_without_recordings_is_refused() {
    let message = load_folder(&[("readme.txt", vec![])]).unwrap_err().to_string();
    assert!(message.contains("no recordings in it or below it: 1 file is left out (1 .txt)"), "{message}");
}
