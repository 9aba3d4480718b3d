//! `demo`: train, enrol, verify and derive on the real recordings that ship with the project.

mod summary;
mod trials;

use std::path::{Path, PathBuf};

use clap::Args;
use neural_vault_core::key::DeviceSecret;

use super::arguments::{DeviceArgument, GraphEngine};
use super::console::Console;
use super::enroll::identifier;
use super::failure::{DATA, Failure, OUTPUT};
use super::secret::new_secret;
use crate::dataset::{Dataset, LoadOptions, load};
use crate::embedding::{Embedder, EmbeddingEngine};
use crate::engine::Engine;
use crate::enrolment::{Attempts, Enrolment, Policy, Request, Target, cross_fitted, enrol};
use crate::files;
use crate::hex;
use crate::model::Model;
use crate::training::{Recipe, Settings};
use summary::{EnrolmentSummary, Summary};
use trials::Trials;

/// Haxby et al. 2001, one slice of subject 1; see `models/data/haxby/ATTRIBUTION.md`.
const RECORDINGS: &[u8] = include_bytes!("../../../../models/data/haxby/haxby_slice_runs00-05.csv.gz");
const FILE: &str = "haxby_slice_runs00-05.csv.gz";

const TRAINING: [&str; 4] = ["run00", "run01", "run02", "run03"];
const ENROLMENT: &str = "run04";
const PROBE: &str = "run05";

/// Run the whole path on the real fMRI that ships with the project: train, enrol, verify, derive.
#[derive(Args)]
pub struct Arguments {
    /// Folder for the model, the enrolments and the device secret.
    #[arg(long, value_name = "DIR", default_value = "neural-vault-demo")]
    out: PathBuf,
    /// Training steps; the recipe's own are 1000.
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
    let dataset = load(&recordings, &LoadOptions::default())?;
    console.note(format!(
        "real fMRI (Haxby et al. 2001): {} labels, {} runs, {} frames of {} voxels",
        dataset.labels.len(),
        dataset.sessions.len(),
        dataset.rows.len(),
        dataset.features
    ));

    let engine = arguments.engine.choose(DeviceArgument::Cpu, console)?;
    let training = dataset.restrict_sessions(&TRAINING)?;
    let settings = Settings { steps: arguments.steps, seed: arguments.seed, ..Settings::whitened() };
    let train = |training: &Dataset| train(training, &settings, engine, console);
    let model = train(&training)?;
    let policy = Policy::plain(model.provenance().window);
    let (threshold, development) = cross_fitted(&training, &policy, Target::EqualErrorRate, train)?;
    console.note(format!(
        "threshold {:.4} at the EER, {:.1} %, of {} genuine and {} impostor development trials: {}",
        threshold.cosine(),
        development.eer_percent.unwrap_or(f64::NAN),
        development.genuine,
        development.impostor,
        development.protocol
    ));
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
        let path = enrolment_file(folder, label);
        record.write(&path)?;
        Attempts::forget(&path)?;
        records.push(record);
    }
    let trials = Trials::run(&mut embedder, &dataset.restrict_sessions(&[PROBE])?, &records, &secret)?;
    report(console, folder, &model, &records, &trials)
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

fn report(
    console: &Console,
    folder: &Path,
    model: &Model,
    records: &[Enrolment],
    trials: &Trials,
) -> Result<(), Failure> {
    let eer = trials.scores.eer().map_err(|e| Failure::new(DATA, e))?;
    let protocol = format!(
        "trained on {}, enrolled on {ENROLMENT}, probes {PROBE}; one block of nine frames a scan, window {}",
        TRAINING.join(" "),
        model.provenance().window
    );
    let enrolments = records.iter().zip(&trials.rows).map(|(record, row)| EnrolmentSummary::new(folder, record, row));
    let summary = Summary {
        folder: folder.display().to_string(),
        digest: hex::encode(model.digest()),
        protocol: &protocol,
        eer_percent: eer.percent,
        genuine: trials.scores.genuine.len(),
        impostor: trials.scores.impostor.len(),
        genuine_accepted: trials.rows.iter().filter(|row| row.genuine_accepted).count(),
        impostors_rejected: trials.rows.iter().map(|row| row.impostors_rejected).sum(),
        enrolments: enrolments.collect::<Result<_, _>>().map_err(|e| Failure::new(DATA, e))?,
    };
    console.secret_result("demo", &summary.text(), &summary)
}

fn enrolment_file(folder: &Path, label: &str) -> PathBuf {
    folder.join("enrolments").join(format!("{label}.nve"))
}
