//! Enrolling new identities: by a refit, on a frozen linear model, and with a warning on a trained encoder.

use neural_vault::dataset::{Synthetic, write_csv};

use super::folder::Folder;
use super::samples::FEATURES;

/// `known.csv` of three labels and five sessions, and `all.csv` with two more labels.
pub fn folder() -> Folder {
    let folder = Folder::new();
    let all = Synthetic { classes: 5, timesteps: 6, features: FEATURES, sessions: 5, noise: 0.5, seed: 3 }.recordings();
    write_csv(&all, &folder.path("all.csv")).unwrap();
    write_csv(&all.restrict_labels(&all.labels[..3]).unwrap(), &folder.path("known.csv")).unwrap();
    folder
}

pub fn train(folder: &Folder, options: &[&str]) {
    let train = [
        "train",
        "known.csv",
        "--out",
        "model",
        "--engine",
        "tract",
        "--force",
        "--sessions",
        "run00,run01,run02,run03",
    ];
    folder.does(&[&train[..], options].concat());
}

const ENROLL: [&str; 8] = ["enroll", "all.csv", "--model", "model", "--label", "class04", "-o", "r.nve"];
const SESSIONS: [&str; 2] = ["--sessions", "run00,run01,run02,run03"];

fn enroll<'a>(options: &[&'a str]) -> Vec<&'a str> {
    [&ENROLL[..], &SESSIONS, options].concat()
}

fn verdict(folder: &Folder, model: &str, label: &str) -> i32 {
    let verify =
        ["verify", "all.csv", "--model", model, "--enrolment", "r.nve", "--session", "run04", "--label", label];
    folder.run(&verify).code
}

#[test]
fn a_refit_takes_the_new_label_in_and_replaces_the_model() {
    let folder = folder();
    train(&folder, &["--steps", "60"]);
    let run = folder.does(&enroll(&["--refit", "again", "--engine", "tract", "--probe-sessions", "run04"]));
    for part in [
        "again: model ",
        "with class04 in it",
        "their v2 keys end",
        "threshold for the EER, on trials of EER ",
        " % (cross-fitting: models trained on 2 of 4 sessions, each session of the rest against prototypes of the other 1; \
         probes of 6 frames; 16 genuine and 48 impostor trials)",
        "its own EER is likely lower",
        "on run04: FMR ",
        "note: again/training.safetensors (",
    ] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
    let inspect = folder.does(&["inspect", "again", "--json"]).json();
    assert_eq!(inspect["labels"], serde_json::json!(["class00", "class01", "class02", "class04"]));
    assert_eq!(verdict(&folder, "again", "class04"), 0);
    assert_eq!(verdict(&folder, "again", "class00"), 1);
    assert_eq!(verdict(&folder, "model", "class04"), 4);
    // The archive went along: one more label can follow.
    let second = ["enroll", "all.csv", "--model", "again", "--label", "class03", "-o", "s.nve", "--threshold", "0.5"];
    folder.does(&[&second[..], &["--refit", "third", "--engine", "tract"]].concat());
}

#[test]
fn a_refit_needs_the_archive_of_its_own_model_and_a_label_that_is_new() {
    let folder = folder();
    train(&folder, &["--recipe", "linear"]);
    let refit = ["--refit", "again", "--threshold", "0.5"];
    let known = ["enroll", "all.csv", "--model", "model", "--label", "class01", "-o", "r.nve"];
    folder.refuses(&[&known[..], &refit].concat(), 3, &["class01 trained the model already", "without --refit"]);
    let file = ["enroll", "all.csv", "--model", "model/model.nvb", "--label", "class04", "-o", "r.nve"];
    folder.refuses(&[&file[..], &refit].concat(), 2, &["--refit needs the model's folder"]);
    let archive = folder.read("model/training.safetensors");
    train(&folder, &["--recipe", "linear", "--open-set"]);
    folder.write("model/training.safetensors", &archive);
    folder.refuses(&enroll(&refit), 4, &["training.safetensors", "belongs to model", "not"]);
    std::fs::remove_file(folder.path("model/training.safetensors")).unwrap();
    folder.refuses(&enroll(&refit), 4, &["training.safetensors", "cannot be read"]);
}

#[test]
fn a_frozen_linear_model_takes_a_label_it_never_saw() {
    let folder = folder();
    train(&folder, &["--recipe", "linear", "--open-set"]);
    let frozen = enroll(&["--frozen", "--json", "--probe-sessions", "run04", "--development-sessions", "run03"]);
    let unknown = folder.does(&["inspect", "all.csv", "--json"]).json();
    assert_eq!(unknown["labels"].as_array().unwrap().len(), 5);
    // The known labels of run03 trained the model; only labels it never saw may choose the threshold.
    folder.refuses(&frozen, 2, &["session run03 trained the model"]);
    let new = Synthetic { classes: 5, timesteps: 6, features: FEATURES, sessions: 5, noise: 0.5, seed: 3 }
        .recordings()
        .restrict_labels(&["class03", "class04"])
        .unwrap();
    write_csv(&new, &folder.path("all.csv")).unwrap();
    let result = folder.does(&frozen).json();
    assert_eq!(result["policy"]["centred"], true);
    assert_eq!((&result["outcome"]["genuine_trials"], &result["outcome"]["impostor_trials"]), (&2.into(), &2.into()));
    assert_eq!(verdict(&folder, "model", "class04"), 0);
    assert_eq!(verdict(&folder, "model", "class03"), 1);
}

#[test]
fn frozen_enrolment_needs_a_linear_model_and_a_gallery() {
    let folder = folder();
    train(&folder, &["--steps", "2"]);
    folder.refuses(&enroll(&["--frozen"]), 2, &["--frozen needs a linear model", "--recipe linear --open-set"]);
    train(&folder, &["--recipe", "linear", "--open-set"]);
    let alone = Synthetic { classes: 5, timesteps: 6, features: FEATURES, sessions: 5, noise: 0.5, seed: 3 }
        .recordings()
        .restrict_labels(&["class04"])
        .unwrap();
    write_csv(&alone, &folder.path("all.csv")).unwrap();
    folder.refuses(&enroll(&["--frozen"]), 2, &["the gallery is class04 alone", "other labels"]);
}

#[test]
fn enrolling_a_label_that_did_not_train_the_encoder_gives_a_warning() {
    let folder = folder();
    train(&folder, &["--steps", "2"]);
    let run = folder.does(&enroll(&["--threshold", "0.5"]));
    assert!(
        run.stderr.contains("warning: the model never saw class04") && run.stderr.contains("--refit"),
        "{}",
        run.stderr
    );
    let known =
        ["enroll", "all.csv", "--model", "model", "--label", "class01", "-o", "r.nve", "--force", "--threshold", "0.5"];
    assert!(!folder.does(&known).stderr.contains("warning"));
}

#[test]
fn a_threshold_can_be_chosen_for_a_false_match_rate() {
    let folder = folder();
    train(&folder, &["--steps", "30"]);
    let known = [
        "enroll",
        "known.csv",
        "--model",
        "model",
        "--label",
        "class01",
        "-o",
        "r.nve",
        "--force",
        "--sessions",
        "run04",
    ];
    let result =
        folder.does(&[&known[..], &["--fmr", "0.2", "--windows", "1", "--window", "1", "--json"]].concat()).json();
    assert_eq!(result["development"]["target"], "false_match_rate");
    assert_eq!(result["development"]["target_fmr_percent"], 20.0);
    assert_eq!(result["policy"]["windows"], 1);
    folder.refuses(&[&known[..], &["--fmr", "0.001"]].concat(), 2, &["1000 impostor development trials", "--fmr"]);
    folder.refuses(&[&known[..], &["--fmr", "1.5"]].concat(), 2, &["--fmr 1.5"]);
}

#[test]
fn a_refit_whose_threshold_cannot_be_cross_fitted_is_refused_before_it_trains() {
    let folder = folder();
    let train = ["train", "known.csv", "--out", "model", "--recipe", "linear", "--sessions"];
    folder.does(&[&train[..], &["run00,run01"]].concat());
    let refit = |sessions| [&ENROLL[..], &["--refit", "again", "--sessions", sessions]].concat();
    folder.refuses(&refit("run01"), 2, &["2 sessions: cross-fitting a threshold needs four", "give --threshold"]);
    let says = ["run02, run03 hold scans of class04 alone", "give --threshold, or --development-sessions"];
    folder.refuses(&refit("run02,run03"), 2, &says);
}
