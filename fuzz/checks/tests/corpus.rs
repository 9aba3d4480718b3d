//! Every input of the committed corpora, and every seed, passes its check, without libFuzzer.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use neural_vault_fuzz_checks::TARGETS;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// Names of what is in a folder, without their endings.
fn names(name: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder(name)).unwrap();
    entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_target_has_a_check_a_program_and_a_corpus() {
    let checks: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(checks, names("targets"));
    assert_eq!(checks, names("corpus"));
    assert!(names("seeds").is_subset(&checks));
}

#[test]
fn every_input_of_a_corpus_passes_its_check() {
    for (name, check) in TARGETS {
        let files = |of: &str| fs::read_dir(folder(of).join(name)).into_iter().flatten();
        let mut inputs: Vec<PathBuf> = files("corpus").map(|entry| entry.unwrap().path()).collect();
        assert!(!inputs.is_empty(), "{name}");
        inputs.extend(files("seeds").map(|entry| entry.unwrap().path()));
        inputs.sort();
        for input in inputs {
            let bytes = fs::read(&input).unwrap();
            let passed = std::panic::catch_unwind(|| check(&bytes));
            assert!(passed.is_ok(), "{}", input.display());
        }
    }
}
