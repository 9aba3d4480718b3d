//! Evaluates a linear model by leaving sessions out, beside the cosine of raw frames.
//!
//! `cargo run --release --example evaluate`

use std::error::Error;
use std::path::Path;

use neural_vault::dataset::{LoadOptions, load};
use neural_vault::engine::Engine;
use neural_vault::evaluation::evaluate::{Plan, evaluate};
use neural_vault::evaluation::methods::Method;
use neural_vault::evaluation::protocols::{Protocol, SessionChoice};
use neural_vault::training::Recipe;

/// Six runs of fMRI of eight kinds of pictures, see `models/data/haxby/ATTRIBUTION.md`.
const RECORDINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/data/haxby/haxby_slice_runs00-05.csv.gz");

#[allow(dead_code, reason = "a test includes this file")]
fn main() -> Result<(), Box<dyn Error>> {
    for (method, percent) in equal_error_rates(1000)? {
        println!("{method:12} EER {percent:.1} %");
    }
    Ok(())
}

/// The equal error rate of each method in percent; intervals are of `replicates` bootstrap replicates.
pub fn equal_error_rates(replicates: usize) -> Result<Vec<(String, f64)>, Box<dyn Error>> {
    let recordings = load(Path::new(RECORDINGS), &LoadOptions::default())?;
    let plan = Plan {
        methods: vec![Method::NeuralVault, Method::RawCosine],
        sessions: SessionChoice::default(),
        recipe: Recipe::Linear { open_set: false },
        seed: 0,
        seeds: 1,
        windows: vec![9],
        engine: Engine::Tract,
        threads: 1,
        replicates,
        sweeps: false,
    };
    let evaluated = evaluate(&recordings, Protocol::Folds, &plan, &mut |_| ())?;
    let methods = evaluated.into_iter().flat_map(|evaluated| evaluated.result.methods);
    Ok(methods.map(|method| (method.name, method.eer.value)).collect())
}
