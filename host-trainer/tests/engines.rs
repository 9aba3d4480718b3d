//! ONNX Runtime and tract train to the same losses.
#![allow(clippy::unwrap_used)]

use neural_vault::dataset::Synthetic;
use neural_vault::engine::{Device, Engine};
use neural_vault::model::{Provenance, initialise};
use neural_vault::training::{Mining, Objective, ProxyAnchor, Settings, Trainer, TrainingData, Triplet};
use neural_vault_core::encoder::Dims;

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
fn both_engines_have_the_same_losses_over_twenty_steps() {
    let mut objectives = vec![Objective::ProxyAnchor(ProxyAnchor { windows: vec![1, 3, 5], ..ProxyAnchor::default() })];
    for window in [1, 3] {
        for mining in [Mining::Random, Mining::BatchHard] {
            let triplet = Triplet { batch: 32, rows: 14, window, mining, ..Triplet::default() };
            objectives.push(Objective::Triplet(triplet));
        }
    }
    for objective in &objectives {
        let [tract, onnx_runtime] =
            [Engine::Tract, Engine::OnnxRuntime(Device::Cpu)].map(|engine| losses(engine, objective));
        assert!(tract.iter().all(|&loss| loss > 0.01), "{tract:?}");
        for (step, (a, b)) in tract.iter().zip(&onnx_runtime).enumerate() {
            assert!((a - b).abs() <= TOLERANCE, "{objective:?}, step {step}: {a} and {b}");
        }
    }
}
