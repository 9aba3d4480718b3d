//! Models with random weights, random inputs and the ONNX engines of this machine, for the benches.

mod int8_onnx;
mod limits;
pub mod table;
pub mod workloads;

use std::sync::LazyLock;

use neural_vault::engine::{Device, Engine};
use neural_vault::model::{Model, ModelError, Provenance, initialise, reference_dims};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Features of a frame on the fsaverage5 mesh.
pub const FULL_WIDTH: usize = 20_484;

/// Components of an embedding.
pub const LATENT: usize = 128;

/// Seeds weights and recordings, so that every run measures the same numbers.
pub const SEED: u64 = 2026;

/// The reference encoder for `features` features, with random weights.
///
/// # Errors
/// When the core does not support this width.
pub fn random_model(features: usize) -> Result<Model, ModelError> {
    initialise(reference_dims(features), Provenance::default(), SEED)
}

/// The usable ONNX engines of this machine; the first call names the missing ones on standard error.
#[must_use]
pub fn onnx_engines() -> Vec<Engine> {
    static USABLE: LazyLock<Vec<Engine>> = LazyLock::new(|| {
        let mut engines = vec![Engine::OnnxRuntime(Device::Cpu), Engine::Tract];
        engines.retain(|engine| match engine.probe() {
            Ok(()) => true,
            Err(error) => {
                eprintln!("{} is left out: {error}", engine.name());
                false
            }
        });
        engines
    });
    USABLE.clone()
}

/// ONNX Runtime on a GPU, where its library finds one.
#[must_use]
pub fn gpu_engine() -> Option<Engine> {
    let engine = Engine::OnnxRuntime(Device::Cuda);
    engine.probe().is_ok().then_some(engine)
}

/// `count` standard normal values, always the same.
#[must_use]
pub fn normal_values(count: usize) -> Vec<f32> {
    StandardNormal.sample_iter(ChaCha8Rng::seed_from_u64(SEED)).take(count).collect()
}

/// A random direction of [`LATENT`] components, another for every seed.
#[must_use]
pub fn unit_vector(seed: u64) -> Vec<f32> {
    let mut vector: Vec<f32> = StandardNormal.sample_iter(ChaCha8Rng::seed_from_u64(seed)).take(LATENT).collect();
    let length = vector.iter().map(|component: &f32| component * component).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|component| *component /= length);
    vector
}

/// Any error; it ends the benches.
pub type Stop = Box<dyn std::error::Error>;
