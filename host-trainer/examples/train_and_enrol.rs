//! Trains a model, enrols a label and verifies scans of a session that neither has seen.
//!
//! `cargo run --release --example train_and_enrol`

use std::error::Error;
use std::ops::ControlFlow;

use neural_vault::dataset::{LoadOptions, load};
use neural_vault::embedding::{Embedder, EmbeddingEngine};
use neural_vault::engine::Engine;
use neural_vault::enrolment::{Identity, Policy, Request, Target, enrol};
use neural_vault::training::{Recipe, Settings};
use rand::RngExt;

/// Six runs of fMRI of eight kinds of pictures, see `models/data/haxby/ATTRIBUTION.md`.
const RECORDINGS: &str = "data/haxby/haxby_slice_runs00-05.csv.gz";

/// What a session's scan is of, and whether the enrolment accepts it.
pub type Verdict = (String, bool);

fn main() -> Result<(), Box<dyn Error>> {
    for (label, accepted) in train_and_enrol("face", 300)? {
        println!("{label:14} {}", if accepted { "accepted" } else { "rejected" });
    }
    Ok(())
}

/// Trains for `steps` steps, enrols `label`, and verifies every scan of the last run.
fn train_and_enrol(label: &str, steps: u64) -> Result<Vec<Verdict>, Box<dyn Error>> {
    let recordings = load(&[neural_vault_models::file(RECORDINGS).into()], &LoadOptions::default())?;

    let training = recordings.restrict_sessions(&["run00", "run01", "run02"])?;
    let recipe = Recipe::Steps(Settings { steps, ..Settings::whitened() });
    let model = recipe.train(training, Engine::Tract, 1, &mut |_| ControlFlow::Continue(()))?;

    let mut embedder = Embedder::open(&model, EmbeddingEngine::Core)?;
    let policy = Policy::plain(model.provenance().window);
    let identity = Identity { label, id: rand::rng().random() };
    let request = Request {
        sessions: &["run03".to_owned()],
        development: &["run04".to_owned()],
        probes: &[],
        policy,
        target: Target::EqualErrorRate,
        threshold: None,
    };
    let record = enrol(&mut embedder, &model, &recordings, identity, &request)?;

    let enrolment = record.to_core()?;
    let probes = recordings.restrict_sessions(&["run05"])?;
    let scans = probes.scans();
    let embeddings = embedder.scans(&probes, &scans, policy.window())?;
    let label_of = |scan: u32| probes.labels[scan as usize].clone();
    Ok(scans
        .iter()
        .zip(&embeddings)
        .map(|(scan, probe)| (label_of(scan.label), enrolment.compare(probe).is_accept()))
        .collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_enrolled_label_is_accepted_and_most_others_are_rejected() {
        let verdicts = train_and_enrol("face", 150).unwrap();
        let (own, others): (Vec<_>, Vec<_>) = verdicts.iter().partition(|(label, _)| label == "face");
        assert!(own.len() == 1 && own[0].1, "{verdicts:?}");
        let rejected = others.iter().filter(|(_, accepted)| !accepted).count();
        assert!(others.len() == 7 && rejected >= 4, "{verdicts:?}");
    }
}
