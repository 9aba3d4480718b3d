//! Evaluates a linear model by leaving sessions out, beside the cosine of raw frames.
//!
//! `cargo run --release --example evaluate`

use std::error::Error;
use std::ops::ControlFlow;

use neural_vault::dataset::{LoadOptions, load};
use neural_vault::engine::Engine;
use neural_vault::evaluation::evaluate::evaluate;
use neural_vault::evaluation::plan::Plan;
use neural_vault::evaluation::protocols::SessionChoice;
use neural_vault::evaluation::{methods, protocols};
use neural_vault::training::Recipe;

/// Six runs of fMRI of eight kinds of pictures, see `models/data/haxby/ATTRIBUTION.md`.
const RECORDINGS: &str = "data/haxby/haxby_slice_runs00-05.csv.gz";

fn main() -> Result<(), Box<dyn Error>> {
    for (method, percent) in equal_error_rates(1000)? {
        println!("{method:12} EER {percent:.1} %");
    }
    Ok(())
}

/// The equal error rate of each method in percent; intervals are of `replicates` bootstrap replicates.
fn equal_error_rates(replicates: usize) -> Result<Vec<(String, f64)>, Box<dyn Error>> {
    let recordings = load(&[neural_vault_models::file(RECORDINGS).into()], &LoadOptions::default())?;
    let methods: Option<Vec<_>> = ["NeuralVault", "raw cosine"].into_iter().map(methods::find).collect();
    let protocol = protocols::find("folds").ok_or("no such protocol")?;
    let plan = Plan {
        methods: methods.ok_or("no such method")?,
        sessions: SessionChoice::default(),
        model: None,
        recipe: Recipe::Linear { open_set: false },
        seed: 0,
        seeds: 1,
        windows: vec![9],
        lengths: Vec::new(),
        background: None,
        parcels: None,
        engine: Engine::Tract,
        replicates,
        sweeps: false,
    };
    let evaluated = evaluate(&recordings, protocol, &plan, &|_| ControlFlow::Continue(()))?;
    let methods = evaluated.into_iter().flat_map(|evaluated| evaluated.result.methods);
    Ok(methods.map(|method| (method.name, method.eer.value)).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_method_has_a_rate_below_chance() {
        let rates = equal_error_rates(20).unwrap();
        let names: Vec<&str> = rates.iter().map(|(method, _)| &**method).collect();
        assert_eq!(names, ["NeuralVault", "raw cosine"]);
        assert!(rates.iter().all(|(_, percent)| (0.0..50.0).contains(percent)), "{rates:?}");
    }
}
