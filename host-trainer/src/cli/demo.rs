//! `demo`: train, enrol, verify and derive on the real recordings that ship with the project.

mod report;
mod trials;

use std::path::PathBuf;

use clap::Args;
use neural_vault_core::key::DeviceSecret;

use super::arguments::GraphEngine;
use super::console::Console;
use super::enroll::identifier;
use super::failure::{Failure, OUTPUT};
use super::secret::new_secret;
use crate::dataset::{Dataset, LoadOptions, load};
use crate::embedding::{Embedder, EmbeddingEngine};
use crate::engine::{Device, Engine};
use crate::enrolment::{Attempts, Development, Policy, Request, Target, cross_fitted, enrol};
use crate::files;
use crate::model::Model;
use crate::training::{Recipe, Settings};
use report::report;
use trials::Trials;

/// Haxby et al. 2001, one slice of subject 1; see `models/data/haxby/ATTRIBUTION.md`.
const RECORDINGS: &[u8] = include_bytes!("../../../models/data/haxby/haxby_slice_runs00-05.csv.gz");
const FILE: &str = "haxby_slice_runs00-05.csv.gz";

const TRAINING: [&str; 4] = ["run00", "run01", "run02", "run03"];
const ENROLMENT: &str = "run04";
const PROBE: &str = "run05";

/// Train, enrol, verify and derive keys on the real fMRI that ships with the project.
#[derive(Args)]
pub struct Arguments {
    /// Folder for the model, the enrolments and the device secret.
    #[arg(long, value_name = "DIR", default_value = "neural-vault-demo")]
    out: PathBuf,
    /// Training steps; the recipe's default is 1000.
    #[arg(long, default_value_t = 300)]
    steps: u64,
    /// Seed of the training; identifiers and the device secret are always fresh.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The engine that trains.
    #[arg(long, value_enum, default_value_t = GraphEngine::Tract)]
    engine: GraphEngine,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let written = |error: std::io::Error| Failure::new(OUTPUT, error);
    let folder = &arguments.out;
    files::create_folder(&folder.join("enrolments")).map_err(written)?;
    let recordings = folder.join(FILE);
    files::write_whole(&recordings, RECORDINGS).map_err(written)?;
    let dataset = load(&[recordings.as_path().into()], &LoadOptions::default())?;
    console.note(format!(
        "real fMRI (Haxby et al. 2001): {} labels, {} runs, {} frames of {} voxels",
        dataset.labels.len(),
        dataset.sessions.len(),
        dataset.rows.len(),
        dataset.features
    ));

    let engine = arguments.engine.choose(Device::Cpu, console)?;
    let training = dataset.restrict_sessions(&TRAINING)?;
    let settings = Settings { steps: arguments.steps, seed: arguments.seed, ..Settings::whitened() };
    let train = |training: &Dataset| train(training, &settings, engine, console);
    let model = train(&training)?;
    let policy = Policy::plain(model.provenance().window);
    let (threshold, development) = cross_fitted(&training, &policy, Target::EqualErrorRate, train)?;
    if let Development { protocol, eer_percent: Some(eer), genuine, impostor, .. } = &development {
        console.note(format!(
            "threshold {:.4} at the EER, {eer:.1} %, of {genuine} genuine and {impostor} impostor development trials: {protocol}",
            threshold.cosine()
        ));
    }
    model.write(folder)?;
    let mut embedder = Embedder::open(&model, EmbeddingEngine::Core)?;
    let enrolled = dataset.restrict_sessions(&[ENROLMENT])?;
    let secret = new_secret(&folder.join("device-secret"), DeviceSecret::from_bytes)?;

    let mut records = Vec::new();
    for label in &enrolled.labels {
        let request = Request {
            label,
            sessions: &[],
            development: &[],
            probes: &[],
            policy,
            target: Target::EqualErrorRate,
            threshold: Some((threshold, development.clone())),
            id: identifier(None),
        };
        let record = enrol(&mut embedder, &model, &enrolled, &request)?;
        let path = folder.join("enrolments").join(format!("{label}.nve"));
        record.write(&path)?;
        Attempts::forget(&path)?;
        records.push((path, record));
    }
    let probes = dataset.restrict_sessions(&[PROBE])?;
    let trials = Trials::run(&mut embedder, &probes, &policy, &records, &secret)?;
    let protocol = format!(
        "trained on {}, enrolled on {ENROLMENT}, probes {PROBE}; one block of nine frames a scan, window {}",
        TRAINING.join(" "),
        model.provenance().window
    );
    report(console, &folder.display().to_string(), model.digest(), &protocol, &records, &trials)
}

fn train(training: &Dataset, settings: &Settings, engine: Engine, console: &Console) -> Result<Model, Failure> {
    let sessions = training.sessions.join(", ");
    let bar = console.progress(settings.steps);
    let mut losses = Vec::new();
    let model = Recipe::Steps(settings.clone()).train(training.clone(), engine, 1, &mut |report| {
        losses.push(report.loss);
        bar.set_position(report.step);
        bar.set_message(format!("loss {:.4}", report.loss));
    })?;
    bar.finish_and_clear();
    let (first, last) = (losses[0], losses[losses.len() - 1]);
    console.note(format!("trained on {sessions} ({}): loss {first:.4} -> {last:.4}", engine.name()));
    Ok(model)
}
