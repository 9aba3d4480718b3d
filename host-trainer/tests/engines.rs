//! ONNX Runtime, on the processor and on a GPU where there is one, and tract train to the same losses, and embed what
//! core embeds.
#![allow(clippy::unwrap_used)]

use neural_vault::dataset::{Standardiser, Synthetic};
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
