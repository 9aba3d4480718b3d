//! Recordings that a recipe cannot learn from: an error or a note gives the reason, and weights are never NaN.

use std::fmt::Write;

use super::folder::Folder;

/// Labels with their recordings; a recording is a list of frames.
type Recordings<'a> = &'a [(&'a str, &'a [&'a [&'a [f32]]])];

fn csv(recordings: Recordings<'_>) -> String {
    let mut text = "video,session,timestep,prediction\n".to_owned();
    for (label, sessions) in recordings {
        for (session, frames) in sessions.iter().enumerate() {
            for (timestep, frame) in frames.iter().enumerate() {
                for value in *frame {
                    writeln!(text, "{label},run{session},{timestep},{value}").unwrap();
                }
            }
        }
    }
    text
}

fn train(recipe: &str) -> Vec<&str> {
    let mut train = vec!["train", "data.csv", "--out", "out", "--engine", "tract", "--force", "--recipe", recipe];
    train.extend(if recipe == "linear" { &[][..] } else { &["--steps", "3"] });
    train
}

#[track_caller]
fn refused(recordings: Recordings<'_>, says: &[&str]) {
    let folder = Folder::new();
    folder.write("data.csv", csv(recordings));
    for recipe in ["whitened", "linear"] {
        folder.refuses(&train(recipe), 3, says);
    }
}

/// Trains by both recipes, each of which must print `says` and leave a sound model.
#[track_caller]
fn trained(recordings: Recordings<'_>, says: &[&str]) {
    let folder = Folder::new();
    folder.write("data.csv", csv(recordings));
    for recipe in ["whitened", "linear"] {
        let run = folder.does(&train(recipe));
        for part in says.iter().filter(|part| recipe == "whitened" || !part.contains("no recording has")) {
            assert!(run.stderr.contains(part), "`{part}` is not in: {}", run.stderr);
        }
        assert_eq!(folder.does(&["inspect", "out", "--json"]).json()["sound"], true);
        folder.does(&["embed", "data.csv", "--model", "out", "-o", "e.npy", "--force"]);
    }
}

const A: &[&[f32]] = &[&[1.0, 0.1], &[1.2, 0.3], &[0.9, -0.2]];
const B: &[&[f32]] = &[&[-1.0, 0.2], &[-1.1, -0.3], &[-0.8, 0.1]];

#[test]
fn labels_with_a_single_recording_give_a_note() {
    trained(&[("a", &[A, A]), ("b", &[B])], &["one recording of b", "--blocks"]);
}

#[test]
fn windows_longer_than_every_recording_give_a_note() {
    trained(&[("a", &[A, A]), ("b", &[B, B])], &["no recording has the 9 frames"]);
}

#[test]
fn a_label_with_a_single_frame_is_refused() {
    refused(&[("a", &[A, A]), ("b", &[&B[..1]])], &["label `b` has one row"]);
}

#[test]
fn features_that_never_change_are_refused() {
    let flat: [&[f32]; 3] = [&[0.5, 7.0]; 3];
    refused(&[("a", &[&flat]), ("b", &[&flat])], &["all frames are equal"]);
}

#[test]
fn frames_that_are_copies_within_their_label_are_refused() {
    refused(&[("a", &[&[A[0]; 3]]), ("b", &[&[B[0]; 3]])], &["copies of each other", "--recipe reference"]);
}

#[test]
fn labels_with_equal_means_are_refused() {
    refused(&[("a", &[A]), ("b", &[A])], &["the same mean frame"]);
}

#[test]
fn a_single_feature_and_copies_of_a_feature_are_trained_on() {
    let one: [&[&[f32]]; 2] = [&[&[1.0], &[1.2], &[0.9]], &[&[-1.0], &[-0.8], &[-1.3]]];
    trained(&[("a", &[one[0]]), ("b", &[one[1]])], &[]);
    let copies: [&[&[f32]]; 2] =
        [&[&[1.0, 1.0, 5.0], &[1.2, 1.2, 5.0], &[0.9, 0.9, 5.0]], &[&[-1.0, -1.0, 5.0], &[-0.8, -0.8, 5.0]]];
    trained(&[("a", &[copies[0]]), ("b", &[copies[1]])], &["1 of 3 features are constant"]);
}
