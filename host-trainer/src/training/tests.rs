//! Four AdamW steps compared with PyTorch's, on both engines.

use std::collections::BTreeMap;

use neural_vault_core::encoder::{Dims, Fill};
use neural_vault_testkit::vector;
use safetensors::SafeTensors;
use serde::Deserialize;

use super::optimiser::{AdamW, clip_factor, sum_of_squares};
use super::{Settings, Trainer};
use crate::dataset::Synthetic;
use crate::engine::{Data, Device, Engine, Feed};
use crate::graph::loss::Mining;
use crate::graph::step::{Objective, StepOptions, training_step};

/// Tolerances of the vectors' README.
const LOSS: f64 = 1e-5;
const NORM: f64 = 1e-4;
const MOVEMENT: f64 = 0.01;

#[derive(Deserialize)]
struct Expected {
    loss: f64,
    grad_norm_before_clip: f64,
}

#[test]
fn tract_follows_pytorch_for_four_steps() {
    follow(Engine::Tract);
}

#[test]
fn onnx_runtime_follows_pytorch_for_four_steps() {
    follow(Engine::OnnxRuntime(Device::Cpu));
}

#[test]
fn only_the_reference_s_recipe_fills_gaps_as_the_reference_does() {
    let data = Synthetic { classes: 2, timesteps: 6, features: 8, sessions: 2, noise: 0.5, seed: 1 }.recordings();
    for (settings, fill) in [(Settings::reference(), Fill::Reference), (Settings::whitened(), Fill::Mean)] {
        let trainer = Trainer::begin(data.clone(), settings, Engine::Tract, 1).unwrap();
        assert_eq!(trainer.data.standardiser.fill, fill);
        assert_eq!(trainer.model().unwrap().fill(), fill);
    }
}

fn follow(engine: Engine) {
    let bytes = vector("train_step.safetensors");
    let expected: Vec<Expected> = serde_json::from_slice(&vector("train_step.json")).unwrap();
    let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = metadata.metadata().clone().unwrap();
    let number = |name: &str| metadata[name].parse::<f64>().unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let floats = |name: &str| -> Vec<f32> {
        let data = file.tensor(name).unwrap().data();
        data.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
    };
    let shape = |name: &str| file.tensor(name).unwrap().shape().to_vec();
    let x = shape("x");
    let width = shape("before.proj.weight")[0];
    let dims = Dims {
        features: x[2],
        d_model: width,
        heads: number("heads") as usize,
        layers: 2,
        feed_forward: shape("before.enc.layers.0.linear1.weight")[0],
        latent: shape("before.head.3.weight")[0],
        positions: shape("before.pos.pe")[1],
    };
    let triplets: Vec<i64> = {
        let data = file.tensor("triplets").unwrap().data();
        data.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b)).collect()
    };
    let count = shape("triplets")[2];
    let options = StepOptions {
        rows: x[0],
        window: x[1],
        objective: Objective::Triplet { mining: Mining::Random { count }, margin: number("margin") as f32 },
        dropout: false,
    };
    let step = training_step(&dims, &options).unwrap();
    let mut session = engine.open(&step.model, 1).unwrap();
    let frames = floats("x");
    let table = floats("before.pos.pe");
    let before: Vec<Vec<f32>> = step.parameters.iter().map(|(name, _)| floats(&format!("before.{name}"))).collect();
    let mut parameters = before.clone();
    let mut adam = AdamW::new(parameters.iter().map(Vec::len), number("weight_decay") as f32);
    for (expected, triplets) in expected.iter().zip(triplets.chunks_exact(3 * count)) {
        let table_shape = [1, dims.positions, dims.d_model];
        let mut feeds = vec![
            Feed { name: "frames", shape: &x, data: Data::F32(&frames) },
            Feed { name: "pos.pe", shape: &table_shape, data: Data::F32(&table) },
        ];
        for ((name, shape), data) in step.parameters.iter().zip(&parameters) {
            feeds.push(Feed { name, shape, data: Data::F32(data) });
        }
        let choice = [count];
        for (name, rows) in ["anchor", "positive", "negative"].into_iter().zip(triplets.chunks_exact(count)) {
            feeds.push(Feed { name, shape: &choice, data: Data::I64(rows) });
        }
        let outputs = session.run(&feeds).unwrap();
        let loss = f64::from(outputs.output(0).unwrap()[0]);
        assert!((loss - expected.loss).abs() <= LOSS, "loss {loss}, PyTorch {}", expected.loss);
        let gradients: Vec<&[f32]> = (1..=parameters.len()).map(|i| outputs.output(i).unwrap()).collect();
        let norm = gradients.iter().map(|g| sum_of_squares(g)).sum::<f64>().sqrt();
        let reference = expected.grad_norm_before_clip;
        assert!((norm / reference - 1.0).abs() <= NORM, "norm {norm}, PyTorch {reference}");
        let update = adam.begin(number("lr"), clip_factor(norm, number("clip")));
        for (index, (parameter, gradient)) in parameters.iter_mut().zip(gradients).enumerate() {
            adam.apply(update, index, parameter, gradient);
        }
    }
    let mut worst = BTreeMap::new();
    for (((name, _), before), got) in step.parameters.iter().zip(&before).zip(&parameters) {
        let after = floats(&format!("after.{name}"));
        let third = dims.d_model;
        // The key bias has no gradient at all: AdamW divides rounding noise by itself there.
        let counted = |i: usize| !name.ends_with("in_proj_bias") || !(third..2 * third).contains(&i);
        let mut error = 0.0;
        let mut moved = 0.0;
        for i in (0..after.len()).filter(|&i| counted(i)) {
            error += f64::from(got[i] - after[i]).powi(2);
            moved += f64::from(after[i] - before[i]).powi(2);
        }
        worst.insert(name, (error / moved).sqrt());
    }
    for (name, share) in worst {
        assert!(share <= MOVEMENT, "{name}: off by {:.2} % of its movement", share * 100.0);
    }
}
