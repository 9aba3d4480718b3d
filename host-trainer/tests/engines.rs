//! ONNX Runtime, on the processor and on a GPU where there is one, and tract train to the same losses, and embed what
//! core embeds.
#![allow(clippy::unwrap_used)]

use neural_vault::connectome::{Parcels, Person, Run, fit};
use neural_vault::dataset::{RegionNumbers, Standardiser, Synthetic};
use neural_vault::embedding::{Embedder, EmbeddingEngine, Frames};
use neural_vault::engine::{Data, Device, Engine, Feed};
use neural_vault::model::{Model, Provenance, initial_weights, initialise, onnx};
use neural_vault::training::{Mining, Objective, ProxyAnchor, Settings, Trainer, TrainingData, Triplet};
use neural_vault_core::encoder::{Dims, Fill};

const STEPS: u64 = 20;
const TOLERANCE: f32 = 1e-4;

/// The losses of a run with dropout on recordings that leave the loss well above zero.
fn losses(engine: Engine, objective: &Objective) -> Vec<f32> {
    let recordings =
        Synthetic { classes: 3, timesteps: 9, features: 24, sessions: 2, noise: 1.5, seed: 5 }.recordings();
    let settings = Settings { steps: STEPS, objective: objective.clone(), seed: 2, ..Settings::reference() };
    assert!(settings.dropout > 0.0);
    let data = TrainingData::prepare(recordings, settings).unwrap();
    let features = data.features();
    let dims = Dims { features, d_model: 32, heads: 4, layers: 2, feed_forward: 64, latent: 32, positions: 16 };
    let model = initialise(dims, Provenance::default(), 2).unwrap();
    let mut trainer = Trainer::new(&model, data, engine, 1).unwrap();
    (0..STEPS).map(|_| trainer.step().unwrap().loss).collect()
}

#[test]
fn all_engines_have_the_same_losses_over_twenty_steps() {
    let mut objectives = vec![Objective::ProxyAnchor(ProxyAnchor { windows: vec![1, 3, 5], ..ProxyAnchor::default() })];
    for window in [1, 3] {
        for mining in [Mining::Random, Mining::BatchHard] {
            let triplet = Triplet { batch: 32, rows: 14, window, mining, ..Triplet::default() };
            objectives.push(Objective::Triplet(triplet));
        }
    }
    for objective in &objectives {
        let tract = losses(Engine::Tract, objective);
        assert!(tract.iter().all(|&loss| loss > 0.01), "{tract:?}");
        for engine in engines().into_iter().filter(|&engine| engine != Engine::Tract) {
            for (step, (a, b)) in tract.iter().zip(losses(engine, objective)).enumerate() {
                assert!((a - b).abs() <= TOLERANCE, "{objective:?}, {}, step {step}: {a} and {b}", engine.name());
            }
        }
    }
}

#[test]
fn a_seed_determines_the_losses_of_every_engine() {
    let objective = Objective::ProxyAnchor(ProxyAnchor { windows: vec![1, 3], ..ProxyAnchor::default() });
    for objective in [objective, Objective::Triplet(Triplet { batch: 32, rows: 14, ..Triplet::default() })] {
        for engine in engines() {
            assert_eq!(losses(engine, &objective), losses(engine, &objective), "{}", engine.name());
        }
    }
}

/// The engines that must be there, and ONNX Runtime on a GPU where the library finds one.
fn engines() -> Vec<Engine> {
    let cuda = Engine::OnnxRuntime(Device::Cuda);
    let cuda = cuda.probe().is_ok().then_some(cuda);
    [Engine::Tract, Engine::OnnxRuntime(Device::Cpu)].into_iter().chain(cuda).collect()
}

const FEATURES: usize = 24;

/// A model with statistics far from zero, so that it matters what replaces a value.
fn model(dims: Dims, fill: Fill) -> Model {
    let mut weights = initial_weights(dims, 3).unwrap();
    let mean = (0..FEATURES).map(|k| 3.0 - k as f32 * 0.5).collect();
    let inv_std = (0..FEATURES).map(|k| 0.5 + k as f32 * 0.1).collect();
    weights.set_standardiser(Standardiser { mean, inv_std, fill });
    Model::new(&weights, Provenance::default()).unwrap()
}

#[test]
fn frames_with_values_that_are_not_finite_embed_on_every_engine_as_on_core() {
    let transformer =
        Dims { features: FEATURES, d_model: 32, heads: 4, layers: 2, feed_forward: 64, latent: 32, positions: 16 };
    let mut values: Vec<f32> = (0..7 * FEATURES).map(|k| (k as f32 * 0.7).sin() * 4.0).collect();
    let finite = values.clone();
    for (at, value) in [(0, f32::NAN), (30, f32::INFINITY), (31, f32::NEG_INFINITY), (55, f32::NAN), (100, f32::NAN)] {
        values[at] = value;
    }
    for dims in [transformer, Dims::linear(FEATURES, 32, 16)] {
        let mut by_rule = Vec::new();
        for fill in Fill::ALL {
            let model = model(dims, fill);
            let embed = |engine, values: &[f32]| {
                let scan = Frames { name: "scan", values, features: FEATURES };
                Embedder::open(&model, engine).unwrap().embed(&[scan], 3).unwrap().concat()
            };
            for values in [&finite, &values] {
                let core = embed(EmbeddingEngine::Core, values);
                for engine in engines() {
                    let found = embed(EmbeddingEngine::Onnx(engine), values);
                    for (a, b) in core.iter().zip(&found) {
                        assert!((a - b).abs() <= 1e-5, "{fill:?}, {}: {a} and {b}", engine.name());
                    }
                }
                by_rule.push(core);
            }
        }
        let distance = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert_eq!(by_rule[0], by_rule[2], "finite frames do not depend on the rule");
        assert!(distance(&by_rule[1], &by_rule[3]) > 1e-3, "the rules differ");
    }
}

#[test]
fn an_engine_refuses_more_frames_than_the_position_table_has() {
    let positions = 4;
    let dims = Dims { features: FEATURES, d_model: 32, heads: 4, layers: 1, feed_forward: 64, latent: 32, positions };
    let proto = onnx::to_proto(&model(dims, Fill::Mean)).unwrap();
    for engine in engines() {
        let mut session = engine.open(&proto, 1).unwrap();
        let mut is_run = |time: usize| {
            let values = vec![0.5; 2 * time * FEATURES];
            let shape = [2, time, FEATURES];
            session.run(&[Feed { name: onnx::INPUT, shape: &shape, data: Data::F32(&values) }]).is_ok()
        };
        assert!(is_run(positions), "{}", engine.name());
        assert!(!is_run(positions + 1), "{}", engine.name());
    }
}

/// Frames of regions that follow a few sources, around a level far above their deviations.
fn scan(frames: usize, regions: usize, person: usize) -> Vec<f32> {
    let source = |frame: usize, source: usize| ((frame * (2 * source + 3) + person) as f32 * 0.37).sin();
    let weight = |region: usize, source: usize| ((region * (source + 2)) as f32 + person as f32 * 0.2).cos();
    let value = |frame: usize, region: usize| -> f32 {
        let shared: f32 = (0..4).map(|k| weight(region, k) * source(frame, k)).sum();
        9_000.0 + region as f32 + 20.0 * (shared + 0.5 * source(frame * 7 + region * 13, region + 5))
    };
    (0..frames).flat_map(|frame| (0..regions).map(move |region| (frame, region))).map(|(f, r)| value(f, r)).collect()
}

#[test]
fn connectomes_of_short_and_long_scans_score_on_every_engine_as_on_core() {
    const VERTICES: usize = 3;
    for regions in [3, 20, 128] {
        let frames = 300;
        let background: Vec<Vec<f32>> = (1..4).map(|person| scan(frames, regions, person)).collect();
        let runs = |frames| vec![Run { session: "", frames }];
        let persons = background.iter().map(|frames| Person { label: "ada", runs: runs(frames) });
        let fitted = fit(regions, &persons.collect::<Vec<_>>()).unwrap();
        // Regions of three vertices with a small difference, of which some are missing now and then, and one of no region.
        let numbers = (1..=regions as i64).flat_map(|region| [region; VERTICES]).chain([0]).collect();
        let parcels = Parcels::new(&[RegionNumbers { numbers, ..RegionNumbers::default() }]).unwrap();
        let mut count = 0;
        let mut vertices = |value: f32| {
            count += 1;
            [value - 0.5, if count % 11 == 0 { f32::NAN } else { value }, value + 0.5]
        };
        let mut wide = |values: &[f32]| -> Vec<f32> {
            let frame =
                |frame: &[f32]| frame.iter().flat_map(|value| vertices(*value)).chain([f32::NAN]).collect::<Vec<_>>();
            values.chunks_exact(regions).map(frame).collect::<Vec<_>>().concat()
        };
        for by_parcels in [false, true] {
            let parcels = by_parcels.then_some(&parcels);
            let model =
                Model::connectome(fitted.clone(), parcels, Provenance { window: 2, ..Provenance::default() }).unwrap();
            let features = model.dims().features;
            let embed = |engine, values: &[f32]| {
                let scan = Frames { name: "scan", values, features };
                Embedder::open(&model, engine).unwrap().embed(&[scan], 2).unwrap().concat()
            };
            let scans: Vec<Vec<f32>> = [(10, 5), (25, 6), (1200, 7), (1200, 8)]
                .map(|(frames, person)| {
                    let values = scan(frames, regions, person);
                    if by_parcels { wide(&values) } else { values }
                })
                .to_vec();
            let core: Vec<Vec<f32>> = scans.iter().map(|values| embed(EmbeddingEngine::Core, values)).collect();
            for engine in engines() {
                let found: Vec<Vec<f32>> =
                    scans.iter().map(|values| embed(EmbeddingEngine::Onnx(engine), values)).collect();
                let score = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
                for probe in 0..4 {
                    for prototype in 0..4 {
                        let difference =
                            (score(&core[probe], &core[prototype]) - score(&found[probe], &found[prototype])).abs();
                        let what = format!("{}, {regions} regions, parcels {by_parcels}", engine.name());
                        assert!(difference < 1e-4, "{what}: {difference}");
                    }
                }
            }
        }
    }
}

#[test]
fn an_engine_refuses_a_scan_that_core_refuses_for_a_constant_region() {
    let background: Vec<Vec<f32>> = (1..4).map(|person| scan(60, 4, person)).collect();
    let persons = background.iter().map(|frames| Person { label: "ada", runs: vec![Run { session: "", frames }] });
    let fitted = fit(4, &persons.collect::<Vec<_>>()).unwrap();
    let model = Model::connectome(fitted, None, Provenance { window: 25, ..Provenance::default() }).unwrap();
    let mut constant = scan(30, 4, 5);
    constant.iter_mut().skip(2).step_by(4).for_each(|value| *value = 9_000.0);
    let short = scan(20, 4, 5);
    for engine in engines() {
        let mut embedder = Embedder::open(&model, EmbeddingEngine::Onnx(engine)).unwrap();
        let mut refused =
            |values| embedder.embed(&[Frames { name: "scan", values, features: 4 }], 25).unwrap_err().to_string();
        assert!(refused(&constant).contains("is not finite"), "{}", refused(&constant));
        assert!(refused(&short).contains("25"), "{}", refused(&short));
    }
}
