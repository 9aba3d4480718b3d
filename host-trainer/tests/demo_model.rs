//! The model that ships with the project.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use neural_vault::dataset::{LoadOptions, Scan, load};
use neural_vault::embedding::{Embedder, EmbeddingEngine};
use neural_vault::engine::Engine;
use neural_vault::enrolment::{Chosen, Development, Enrolment, Identity, Policy, Request, Target, enrol};
use neural_vault::model;
use neural_vault_core::budget::{AcceptedRisk, BudgetError, chance};
use neural_vault_core::verify::Threshold;

fn shipped(name: &str) -> PathBuf {
    neural_vault_models::file(name)
}

#[test]
fn the_onnx_file_and_the_bundle_have_the_same_digest() {
    let onnx = model::load(&shipped("haxby-demo/model.onnx")).unwrap();
    let bundle = model::load(&shipped("haxby-demo/model.nvb")).unwrap();
    assert_eq!(onnx.digest(), bundle.digest());
    assert_eq!(onnx.provenance().training_sessions, ["run00", "run01", "run02", "run03"]);
}

#[test]
fn core_and_tract_embed_the_shipped_recordings_to_close_vectors() {
    let model = model::load(&shipped("haxby-demo/model.nvb")).unwrap();
    let recordings =
        load(&[shipped("data/haxby/haxby_slice_runs00-05.csv.gz").into()], &LoadOptions::default()).unwrap();
    let scans = recordings.scans();
    let embed = |engine| Embedder::open(&model, engine).unwrap().scans(&recordings, &scans, 3).unwrap();
    let core = embed(EmbeddingEngine::Core);
    let tract = embed(EmbeddingEngine::Onnx(Engine::Tract));
    assert_eq!(core.len(), 48);
    for (a, b) in core.iter().flatten().zip(tract.iter().flatten()) {
        assert!((a - b).abs() <= 1e-5, "{a} {b}");
    }
}

/// What an audit found, and what stands against it: eight enrolments on run 04 with the demo's threshold, probed with run 05.
#[test]
fn strangers_passed_too_often_for_any_attempt_and_more_often_with_single_frames() {
    let model = model::load(&shipped("haxby-demo/model.i8i16.nvb")).unwrap();
    let path = shipped("data/haxby/haxby_slice_runs00-05.csv.gz");
    let recordings = load(&[path.into()], &LoadOptions::default()).unwrap();
    let mut embedder = Embedder::open(&model, EmbeddingEngine::Core).unwrap();
    let (runs, threshold) = (["run04".to_owned(), "run05".to_owned()], Threshold::new(0.7269).unwrap());
    let by_hand = Development {
        protocol: "the demo's".to_owned(),
        target: Target::ByHand,
        eer_percent: None,
        genuine: 0,
        impostor: 0,
    };
    let records: Vec<Enrolment> = recordings
        .labels
        .iter()
        .map(|label| {
            let request = Request {
                sessions: &runs[..1],
                development: &[],
                probes: &runs[1..],
                policy: Policy::plain(9),
                target: Target::ByHand,
                threshold: Some(Chosen { threshold, measured: None, development: by_hand.clone() }),
            };
            enrol(&mut embedder, &model, &recordings, Identity { label, id: [0; 16] }, &request).unwrap()
        })
        .collect();

    let probes = recordings.restrict_sessions(&["run05"]).unwrap();
    // Strangers accepted of 56, by the length of their probes: with one threshold for all, and with that of each length.
    let mut accepted = |frames: usize| {
        let mut with = [0, 0];
        for record in &records {
            for scan in probes.scans().iter().filter(|scan| probes.labels[scan.label as usize] != record.label) {
                let scan = Scan { rows: scan.rows.start..scan.rows.start + frames, ..*scan };
                let probe = record.probe(&probes, &scan).unwrap();
                let embedding = embedder.scans(&probes, &[probe.scan], 9).unwrap().swap_remove(0);
                for (count, threshold) in with.iter_mut().zip([threshold, probe.threshold]) {
                    *count += u32::from(record.to_core_with(threshold).unwrap().compare(&embedding).is_accept());
                }
            }
        }
        with
    };
    let [one_frame, two, four, eight, whole] = [1, 2, 4, 8, 9].map(&mut accepted);
    assert_eq!([one_frame, two, four, eight, whole].map(|[one_for_all, _]| one_for_all), [7, 7, 5, 4, 5]);
    assert_eq!([one_frame, two, four, eight, whole].map(|[_, of_length]| of_length), [5; 5]);

    let within = |attempts: i32| 1.0 - (1.0 - 5.0_f64 / 56.0).powi(attempts);
    assert!((within(5) - 0.37).abs() < 0.005 && within(50) > 0.99, "what five and fifty misses gave");
    for record in &records {
        let found = record.false_matches();
        assert_eq!((found.matches, found.trials, found.persons), (5, 56, 8));
        assert_eq!(found.attempts(None), Err(BudgetError::Exceeded));
        let stated = chance(found.bound, 5);
        assert!(f64::from(stated) > within(5), "an accepted risk states no less: {stated}");
        let understated = AcceptedRisk { attempts: 5, chance: within(5) as f32 };
        assert_eq!(found.attempts(Some(understated)), Err(BudgetError::AcceptedRisk));
    }
}
