//! `demo`: train, enrol, verify and derive on the real recordings that ship with the project.

mod report;
mod trials;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use neural_vault_core::key::DeviceSecret;

use super::arguments::GraphEngine;
use super::console::Console;
use super::enroll_arguments::identities;
use super::error_rate::development_eer;
use super::failure::Failure;
use super::output::{Force, MODEL_FILES, Outputs};
use super::progress::Progress;
use super::secret_file::{new_secret, read_secret};
use crate::dataset::{Dataset, LoadOptions, load};
use crate::embedding::{Embedder, EmbeddingEngine};
use crate::engine::{Device, Engine};
use crate::enrolment::{Attempts, Policy, Request, Target, cross_fitted, enrol_all};
use crate::files::{self, Existing, Readers};
use crate::model::Model;
use crate::training::{Recipe, Settings};
use report::report;
use trials::Trials;

/// Haxby et al. 2001, one slice of subject 1; see `models/data/haxby/ATTRIBUTION.md`.
const RECORDINGS: &[u8] = neural_vault_models::HAXBY_RECORDINGS;
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
    /// Seed of the training; identifiers are always fresh, and a device secret that is there is kept.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The engine that trains.
    #[arg(long, value_enum, default_value_t = GraphEngine::Tract)]
    engine: GraphEngine,
    #[command(flatten)]
    force: Force,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let written = |error: std::io::Error| Failure::unwritten(&error);
    let folder = &arguments.out;
    let recordings = folder.join(FILE);
    // The files of an earlier demo are its own to replace; those of anything else are not.
    let is_own = std::fs::read(&recordings).is_ok_and(|found| found == RECORDINGS);
    let force = Force { force: arguments.force.force || is_own };
    let [weights, onnx, bundle] = MODEL_FILES;
    Outputs::new(force, None::<PathBuf>).folder(folder, &[weights, onnx, bundle, FILE])?;
    files::create_folder(&folder.join("enrolments")).map_err(written)?;
    files::write(&recordings, RECORDINGS, Readers::All, force.existing()).map_err(written)?;
    let secret = device_secret(&folder.join("device-secret"), console)?;
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
    let chosen = cross_fitted(&training, &policy, Target::EqualErrorRate, train)?;
    if let Some(eer) = development_eer(&chosen.development, chosen.measured.as_ref()) {
        let (threshold, target) = (chosen.threshold.cosine(), chosen.development.target);
        console.note(format!("threshold {threshold:.4} for {target}, on trials of {eer}"));
    }
    force.write_model(&model, folder)?;
    let mut embedder = Embedder::open(&model, EmbeddingEngine::Core)?;
    let enrolled = dataset.restrict_sessions(&[ENROLMENT])?;

    let request = Request {
        sessions: &[],
        development: &[],
        probes: &[],
        policy,
        target: Target::EqualErrorRate,
        threshold: Some(chosen),
    };
    let mut records = Vec::new();
    for record in enrol_all(&mut embedder, &model, &enrolled, &identities(&enrolled.labels, None), &request)? {
        let record = record?;
        let path = folder.join("enrolments").join(format!("{}.nve", record.label));
        force.write_enrolment(&record, &path)?;
        Attempts::forget(&path)?;
        records.push((path, record));
    }
    let probes = dataset.restrict_sessions(&[PROBE])?;
    let trials = Trials::run(&mut embedder, &probes, &policy, &records, &secret)?;
    let protocol = format!("trained on {}, enrolled on {ENROLMENT}, tested on {PROBE}", TRAINING.join(", "));
    report(console, &folder.display().to_string(), model.digest(), &protocol, &records, &trials)
}

/// The device secret of an earlier demo, or a new one.
fn device_secret(path: &Path, console: &Console) -> Result<DeviceSecret, Failure> {
    if !path.exists() {
        return new_secret(path, Existing::Keep, DeviceSecret::from_bytes);
    }
    let secret = read_secret(path, DeviceSecret::from_bytes, console)?;
    console.note(format!("note: {} is kept: the device secret of an earlier demo", path.display()));
    Ok(secret)
}

fn train(training: &Dataset, settings: &Settings, engine: Engine, console: &Console) -> Result<Model, Failure> {
    let sessions = training.sessions.join(", ");
    let mut progress = Progress::new(console);
    let mut losses = Vec::new();
    let model = Recipe::Steps(settings.clone()).train(training.clone(), engine, 1, &mut |report| {
        losses.push(report.loss);
        progress.report("training", report.step, settings.steps, &format!("loss {:.4}", report.loss));
        ControlFlow::Continue(())
    })?;
    drop(progress);
    let (first, last) = (losses[0], losses[losses.len() - 1]);
    console.note(format!("trained on {sessions} ({}): loss {first:.4} -> {last:.4}", engine.name()));
    Ok(model)
}
