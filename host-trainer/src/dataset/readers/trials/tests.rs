//! Recordings labelled by the events beside them.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use super::*;
use crate::dataset::fixtures::{array, folder_of};
use crate::dataset::{Input, load};

const EVENTS: &str = "onset\tduration\ttrial_type\n2\t4\tface\n8\t4\thouse\n14\t4\tface\n";
const STEM: &str = "sub-01/func/sub-01_task-x_run-1";

/// A run of ten frames of two features, whose values are the number of the frame, with these files beside it.
fn run(beside: &[(&str, &str)]) -> tempfile::TempDir {
    let values: Vec<f32> = (0..20).map(|at| (at / 2) as f32).collect();
    let recording = (format!("{STEM}_bold.npy"), array(&values, &[10, 2]));
    let beside = beside.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
    let files: Vec<(String, Vec<u8>)> = [recording].into_iter().chain(beside).collect();
    folder_of(&files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect::<Vec<_>>())
}

fn loaded(folder: &Path, options: &LoadOptions) -> Result<Dataset, DatasetError> {
    load(&[folder.into()], options)
}

fn seconds(seconds: f64) -> LoadOptions {
    LoadOptions { frame_seconds: Some(seconds), ..LoadOptions::default() }
}

/// The timesteps of each label.
fn times(dataset: &Dataset) -> Vec<(&str, Vec<i64>)> {
    let of = |label: usize| dataset.rows.iter().filter(move |row| row.label as usize == label);
    let named = |(at, name)| (name, of(at).map(|row| row.timestep).collect());
    dataset.labels.iter().map(String::as_str).enumerate().map(named).collect()
}

#[test]
fn frames_are_labelled_by_the_events_beside_the_recording() {
    let events = format!("{STEM}_events.tsv");
    let folder = run(&[(&events, EVENTS)]);
    let dataset = loaded(folder.path(), &seconds(2.0)).unwrap();
    assert_eq!(times(&dataset), [("face", vec![1, 2, 7, 8]), ("house", vec![4, 5])]);
    assert_eq!(dataset.sessions, ["sub-01/run-1"]);
    assert!(dataset.rows.iter().zip(dataset.values.chunks(2)).all(|(row, frame)| frame == [row.timestep as f32; 2]));
    let notes = dataset.notes.join("; ");
    assert!(notes.contains("labelled by") && notes.contains("4 of 10 frames belong to no event"), "{notes}");
    assert!(!notes.contains("file is left out"), "{notes}");

    let later = loaded(folder.path(), &LoadOptions { lag: 2.0, ..seconds(2.0) }).unwrap();
    assert_eq!(times(&later), [("face", vec![2, 3, 8, 9]), ("house", vec![5, 6])]);
}

#[test]
fn the_time_between_frames_is_that_of_the_json_file_beside() {
    let (events, json) = (format!("{STEM}_events.tsv"), format!("{STEM}_bold.json"));
    let folder = run(&[(&events, EVENTS), (&json, "{\"RepetitionTime\": 2.0}")]);
    assert_eq!(loaded(folder.path(), &LoadOptions::default()).unwrap().rows.len(), 6);
    // A time that is given counts more.
    assert_eq!(loaded(folder.path(), &seconds(4.0)).unwrap().rows.len(), 3);
    let folder = run(&[(&events, EVENTS), (&json, "{\"RepetitionTime\": \"2\"}")]);
    let message = loaded(folder.path(), &LoadOptions::default()).unwrap_err().to_string();
    assert!(message.contains("_bold.json: the file: its RepetitionTime is \"2\"; it must be a number"), "{message}");
}

#[test]
fn without_the_time_between_frames_events_are_refused() {
    let events = format!("{STEM}_events.tsv");
    let folder = run(&[(&events, EVENTS)]);
    let message = loaded(folder.path(), &LoadOptions::default()).unwrap_err().to_string();
    assert!(message.contains("_bold.npy: the time between its frames is not known"), "{message}");
    let ignored = LoadOptions { events: EventTable::Ignored, ..LoadOptions::default() };
    let dataset = loaded(folder.path(), &ignored).unwrap();
    assert_eq!((dataset.labels, dataset.sessions), (vec!["sub-01".to_owned()], vec!["run-1".to_owned()]));
}

#[test]
fn a_label_that_is_given_leaves_the_events_beside_unused() {
    let events = format!("{STEM}_events.tsv");
    let folder = run(&[(&events, EVENTS)]);
    let input = Input { label: Some("ada".to_owned()), ..folder.path().into() };
    assert_eq!(load(std::slice::from_ref(&input), &seconds(2.0)).unwrap().labels, ["ada"]);
    let asked = LoadOptions { events: EventTable::At(folder.path().join(&events)), ..seconds(2.0) };
    let dataset = load(&[input], &asked).unwrap();
    assert_eq!((&dataset.labels[0][..], &dataset.sessions[0][..]), ("face", "ada/run-1"));
}

#[test]
fn events_are_found_in_another_folder_by_the_name_of_the_run() {
    let raw = folder_of(&[
        ("sub-01/func/sub-01_task-x_run-1_events.tsv", EVENTS.as_bytes().to_vec()),
        ("sub-01/func/sub-01_task-x_run-2_events.tsv", b"onset\tduration\ttrial_type\n0\t2\tother\n".to_vec()),
    ]);
    let at = |path: PathBuf| LoadOptions { events: EventTable::At(path), ..seconds(2.0) };
    let folder = run(&[]);
    let dataset = loaded(folder.path(), &at(raw.path().to_owned())).unwrap();
    assert_eq!(dataset.labels, ["face", "house"]);
    let message = loaded(folder.path(), &at(folder.path().join("sub-01"))).unwrap_err().to_string();
    assert!(message.contains("no events of") && message.contains("_bold.npy"), "{message}");
}
