//! Real predictions of TRIBE v2, which may not be shipped with the project.
//!
//! Run by name: `cargo test --release -p neural-vault --test tribe`. The recordings are looked for in the folder in
//! `NEURAL_VAULT_SHARED_DATA` when it is set, in `../shared/data` from the workspace otherwise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::PathBuf;
use std::process::Command;

use neural_vault::dataset::{LoadOptions, load};
use serde_json::{Value, json};

fn recording(name: &str) -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data");
    let folder = std::env::var_os("NEURAL_VAULT_SHARED_DATA").map_or_else(|| beside.into(), PathBuf::from);
    let path = folder.join(name);
    assert!(
        path.is_file(),
        "{} is absent: put it there, or set NEURAL_VAULT_SHARED_DATA to its folder",
        path.display()
    );
    path
}

fn run(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_neural-vault")).args(arguments).arg("--json").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_recordings_have_the_shapes_of_their_description() {
    let dataset = load(&[recording("tribev2_ads_2videos.csv.gz").into()], &LoadOptions::default()).unwrap();
    assert_eq!((dataset.rows.len(), dataset.features), (68, 20_484));
    assert_eq!(dataset.values[0], 0.085_020_6);
    assert_eq!(dataset.scans().len(), 2);
    let dataset = load(&[recording("tribev2_tiny_2videos_6t_512v.csv.gz").into()], &LoadOptions::default()).unwrap();
    assert_eq!((dataset.rows.len(), dataset.features), (12, 512));
}

#[test]
fn training_by_the_references_settings_lowers_the_loss_and_engines_agree_at_full_width() {
    let data = recording("tribev2_ads_2videos.csv.gz");
    let data = data.to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let trained = run(&["train", data, "--out", out, "--blocks", "4", "--sessions", "block0,block1"]);
    let (first, last) = (trained["first_loss"].as_f64().unwrap(), trained["last_loss"].as_f64().unwrap());
    assert!(last < first / 2.0, "loss {first} to {last}");
    let named =
        |k: usize| (trained["error_rates"][k]["protocol"].clone(), trained["error_rates"][k]["sessions"].clone());
    assert_eq!(named(0), ("in sample".into(), json!(["block0", "block1"])));
    assert_eq!(named(1), ("on held-back sessions".into(), json!(["block2", "block3"])));
    let percent = |k: usize| trained["error_rates"][k]["eer_percent"].as_f64().unwrap();
    println!("loss {first:.4} to {last:.4}, EER {:.2} % in sample, {:.2} % held back", percent(0), percent(1));

    let compared = run(&["embed", data, "--model", out, "--compare"]);
    for pair in compared["pairs"].as_array().unwrap() {
        println!("{} {}", pair["engines"], pair["largest_difference"]);
        assert!(pair["largest_difference"].as_f64().unwrap() <= 1e-5, "{pair}");
    }
}
