//! ONNX Runtime and tract train alike.
#![allow(clippy::unwrap_used)]

use neural_vault::dataset::synth;
use neural_vault::engine::{Device, Engine};
use neural_vault::model::{Provenance, initialise};
use neural_vault::training::{Mining, Settings, Trainer, TrainingData};
use neural_vault_core::encoder::Dims;

const STEPS: u64 = 20;
const TOLERANCE: f32 = 1e-4;

/// The losses of a run with dropout on recordings that leave the loss well above zero.
fn losses(engine: Engine, window: usize, mining: Mining) -> Vec<f32> {
    let recordings = synth(3, 9, 24, 2, 1.5, 5);
    let dims = Dims { features: 24, d_model: 32, heads: 4, layers: 2, feed_forward: 64, latent: 32, positions: 16 };
    let settings = Settings { steps: STEPS, batch: 32, rows: 14, window, mining, seed: 2, ..Settings::default() };
    assert!(settings.dropout > 0.0);
    let data = TrainingData::prepare(recordings, window).unwrap();
    let model = initialise(dims, Provenance::default(), settings.seed).unwrap();
    let mut trainer = Trainer::new(model, data, settings, engine, 1).unwrap();
    (0..STEPS).map(|_| trainer.step().unwrap().loss).collect()
}

#[test]
fn both_engines_have_the_same_losses_over_twenty_steps() {
    for window in [1, 3] {
        for mining in [Mining::Random, Mining::BatchHard] {
            let [tract, onnx_runtime] =
                [Engine::Tract, Engine::OnnxRuntime(Device::Cpu)].map(|engine| losses(engine, window, mining));
            assert!(tract.iter().all(|&loss| loss > 0.01), "{tract:?}");
            for (step, (a, b)) in tract.iter().zip(&onnx_runtime).enumerate() {
                assert!((a - b).abs() <= TOLERANCE, "window {window}, {mining:?}, step {step}: {a} and {b}");
            }
        }
    }
}
