//! Damaged files: no reader panics, and a changed model never has the digest of the original.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Cursor, Write};
use std::path::PathBuf;

use neural_vault::dataset::{LoadOptions, Synthetic, load, read_vectors, write_csv};
use neural_vault::engine::Engine;
use neural_vault::enrolment::{Development, Enrolment, Policy, Target};
use neural_vault::model::import::ImportOptions;
use neural_vault::model::{self, Model, Provenance, initialise};
use neural_vault::training::{Objective, Settings, Trainer, TrainingData, Triplet, checkpoint};
use neural_vault_core::encoder::Dims;
use neural_vault_core::verify::Threshold;
use npyz::WriterBuilder;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A way to damage a file.
#[derive(Clone, Debug)]
enum Damage {
    /// Different bytes.
    Random(Vec<u8>),
    /// These bytes written over those at a place, a fraction of the length.
    Overwrite(f64, Vec<u8>),
    /// Only this fraction of the length.
    Cut(f64),
}

impl Damage {
    fn of(&self, sound: &[u8]) -> Vec<u8> {
        let place = |fraction: &f64| (fraction * sound.len() as f64) as usize;
        match self {
            Damage::Random(bytes) => bytes.clone(),
            Damage::Overwrite(at, bytes) => {
                let mut damaged = sound.to_vec();
                damaged[place(at)..].iter_mut().zip(bytes).for_each(|(old, new)| *old = *new);
                damaged
            }
            Damage::Cut(length) => sound[..place(length)].to_vec(),
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let bytes = |most| prop::collection::vec(any::<u8>(), 1..most);
    // Headers are at the front: half of the damage goes there.
    let place = || prop_oneof![0.0..0.05, 0.0..1.0];
    prop_oneof![
        1 => bytes(200).prop_map(Damage::Random),
        4 => (place(), bytes(9)).prop_map(|(at, bytes)| Damage::Overwrite(at, bytes)),
        1 => (0.0..1.0).prop_map(Damage::Cut),
    ]
}

/// Calls `read` with 128 damaged copies of a file.
fn damaged(name: &str, sound: &[u8], read: impl Fn(&PathBuf, &[u8])) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    let config = Config { cases: 128, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&damage(), |damage| {
            let bytes = damage.of(sound);
            std::fs::write(&path, &bytes).unwrap();
            read(&path, &bytes);
            Ok(())
        })
        .unwrap();
}

fn small_model() -> Model {
    let dims = Dims { features: 3, d_model: 16, heads: 2, layers: 1, feed_forward: 16, latent: 16, positions: 4 };
    let provenance = Provenance { labels: vec!["a".into(), "b".into()], window: 1, ..Provenance::default() };
    initialise(dims, provenance, 1).unwrap()
}

#[test]
fn damaged_models_are_refused_or_have_the_same_digest() {
    let folder = TempDir::new().unwrap();
    let written = small_model();
    written.write(folder.path()).unwrap();
    for name in [model::SAFETENSORS, model::ONNX, model::BUNDLE] {
        let sound = std::fs::read(folder.path().join(name)).unwrap();
        damaged(name, &sound, |path, bytes| {
            if let Ok(read) = model::load(path) {
                // Only what the digest does not cover, such as the provenance in words, can have changed.
                assert_eq!(read.digest(), written.digest());
                assert!(name != model::BUNDLE || bytes == sound);
            }
            let _ = model::import::import(path, &ImportOptions::default());
        });
    }
}

#[test]
fn damaged_enrolments_are_refused() {
    let record = Enrolment {
        label: "face".to_owned(),
        id: [7; 16],
        model_digest: [9; 32],
        policy: Policy { window: 1, windows: 2, centred: true },
        threshold: Threshold::new(0.5).unwrap(),
        development: Development {
            protocol: "given".to_owned(),
            target: Target::FalseMatchRate(0.1),
            eer_percent: Some(3.0),
            genuine: 4,
            impostor: 20,
        },
        outcome: None,
        scans: 1,
        sessions: vec!["run04".to_owned()],
        prototype: vec![0.25; 16],
        measured: None,
        is_whole: false,
    };
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sound.nve");
    record.write(&path).unwrap();
    let sound = std::fs::read(&path).unwrap();
    damaged("r.nve", &sound, |path, bytes| assert!(Enrolment::read(path).is_err() || bytes == sound));
}

fn npy<T: npyz::AutoSerialize + Copy>(values: &[T], shape: &[u64]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = npyz::WriteOptions::new().default_dtype().shape(shape).writer(&mut bytes).begin_nd().unwrap();
    writer.extend(values.iter().copied()).unwrap();
    writer.finish().unwrap();
    bytes
}

fn npz(arrays: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        zip.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn damaged_recordings_never_panic() {
    let folder = TempDir::new().unwrap();
    let csv = folder.path().join("r.csv.gz");
    write_csv(
        &Synthetic { classes: 2, timesteps: 3, features: 4, sessions: 2, noise: 1.0, seed: 1 }.recordings(),
        &csv,
    )
    .unwrap();
    let matrix = npy(&[0.5_f32; 12], &[4, 3]);
    let npz = npz(&[("X", &matrix), ("y", &npy(&[0_u8, 0, 1, 1], &[4]))]);
    for (name, sound) in [("r.csv.gz", &std::fs::read(&csv).unwrap()), ("r.npy", &matrix), ("r.npz", &npz)] {
        std::fs::write(folder.path().join(name), sound).unwrap();
        assert!(load(&[folder.path().join(name).into()], &LoadOptions::default()).is_ok(), "{name}");
        damaged(name, sound, |path, _| {
            if let Ok(dataset) = load(&[path.as_path().into()], &LoadOptions::default()) {
                assert_eq!(dataset.values.len(), dataset.rows.len() * dataset.features);
            }
            let _ = read_vectors(path);
        });
    }
}

#[test]
fn damaged_checkpoints_never_panic() {
    let objective = Objective::Triplet(Triplet { batch: 4, rows: 4, ..Triplet::default() });
    let settings = Settings { steps: 9, objective, ..Settings::reference() };
    let trainer = || {
        let data = TrainingData::prepare(
            Synthetic { classes: 2, timesteps: 2, features: 3, sessions: 1, noise: 1.0, seed: 1 }.recordings(),
            settings.clone(),
        )
        .unwrap();
        Trainer::new(&small_model(), data, Engine::Tract, 1).unwrap()
    };
    let mut run = trainer();
    run.step().unwrap();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(checkpoint::FILE);
    checkpoint::save(&run, &path).unwrap();
    let sound = std::fs::read(&path).unwrap();
    let fresh = std::cell::RefCell::new(trainer());
    checkpoint::restore(&mut fresh.borrow_mut(), &path).unwrap();
    assert_eq!(fresh.borrow().steps_done(), 1);
    damaged("c.safetensors", &sound, |path, _| {
        let _ = checkpoint::restore(&mut fresh.borrow_mut(), path);
    });
}
