//! `demo`: train, enrol, verify and derive on the real recordings that ship with the project.

use std::convert::Infallible;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use neural_vault_core::key::{DeviceSecret, KeyBuffer, KeyError, derive_v1};
use neural_vault_core::verify::{AttemptCounter, VerifyError, verify};
use serde::Serialize;
use zeroize::Zeroizing;

use super::arguments::{DeviceArgument, GraphEngine};
use super::console::Console;
use super::enroll::identifier;
use super::failure::{DATA, Failure, MODEL, OUTPUT};
use super::secret::{Digits, Key, new_secret};
use crate::dataset::{Dataset, LoadOptions, load};
use crate::embedding::{Embedder, EmbeddingEngine};
use crate::engine::Engine;
use crate::enrolment::{Attempts, Enrolment, Policy, Request, Target, cross_fitted, enrol};
use crate::evaluation::verification::{Scores, score};
use crate::files;
use crate::hex;
use crate::model::Model;
use crate::training::{Recipe, Settings};

/// Haxby et al. 2001, one slice of subject 1; see `models/data/haxby/ATTRIBUTION.md`.
const RECORDINGS: &[u8] = include_bytes!("../../../models/data/haxby/haxby_slice_runs00-05.csv.gz");
const FILE: &str = "haxby_slice_runs00-05.csv.gz";

const TRAINING: [&str; 4] = ["run00", "run01", "run02", "run03"];
const ENROLMENT: &str = "run04";
const PROBE: &str = "run05";

/// What the demo's keys are for.
const APPLICATION: &str = "neural-vault demo";

/// Attempts that each enrolment has; a genuine scan restores them.
const ATTEMPTS: u32 = 50;

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
    let trials = Trials::run(&mut embedder, &dataset, &records, &secret)?;
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

/// Every block of the probe run against every enrolment, by the core's own verification.
struct Trials {
    scores: Scores,
    /// One for each enrolment.
    rows: Vec<Row>,
}

/// What became of the probes against one enrolment.
struct Row {
    genuine_accepted: bool,
    impostors_rejected: usize,
    impostors: usize,
    key: Option<Digits>,
}

impl Trials {
    fn run(
        embedder: &mut Embedder,
        dataset: &Dataset,
        records: &[Enrolment],
        secret: &DeviceSecret,
    ) -> Result<Self, Failure> {
        let probes = dataset.restrict_sessions(&[PROBE])?;
        let scans = probes.scans();
        let window = records.first().map_or(1, |record| record.policy.window());
        let embeddings = embedder.scans(&probes, &scans, window)?;
        let mut scores = Scores::default();
        let mut rows = Vec::new();
        for record in records {
            let mut row = Row { genuine_accepted: false, impostors_rejected: 0, impostors: 0, key: None };
            let enrolment = record.to_core().map_err(|error| Failure::new(MODEL, error))?;
            let mut attempts = InMemory(ATTEMPTS);
            for (scan, embedding) in scans.iter().zip(&embeddings) {
                let score = score(&record.prototype, embedding);
                let mut buffer = KeyBuffer::empty();
                let application = APPLICATION.as_bytes();
                let key = match verify(&enrolment, embedding, secret, application, &mut attempts, &mut buffer) {
                    Ok(key) => Some(Digits::new(key.expose_secret())),
                    Err(VerifyError::Rejected) => None,
                    Err(error) => return Err(Failure::new(DATA, error)),
                };
                if probes.labels[scan.label as usize] == record.label {
                    scores.genuine.push(score);
                    row.genuine_accepted = key.is_some();
                    row.key = key;
                } else {
                    scores.impostor.push(score);
                    row.impostors += 1;
                    row.impostors_rejected += usize::from(key.is_none());
                }
            }
            rows.push(row);
        }
        Ok(Self { scores, rows })
    }
}

/// Attempts in memory: a token keeps them in flash.
struct InMemory(u32);

impl AttemptCounter for InMemory {
    type Error = Infallible;

    fn remaining(&mut self) -> Result<u32, Infallible> {
        Ok(self.0)
    }

    fn persist_decrement(&mut self) -> Result<(), Infallible> {
        self.0 = self.0.saturating_sub(1);
        Ok(())
    }

    fn restore(&mut self) -> Result<(), Infallible> {
        self.0 = ATTEMPTS;
        Ok(())
    }
}

/// The result with `--json`.
#[derive(Serialize)]
struct Summary<'a> {
    folder: String,
    digest: String,
    protocol: &'a str,
    eer_percent: f64,
    genuine: usize,
    impostor: usize,
    genuine_accepted: usize,
    impostors_rejected: usize,
    enrolments: Vec<EnrolmentSummary<'a>>,
}

#[derive(Serialize)]
struct EnrolmentSummary<'a> {
    label: &'a str,
    threshold: f32,
    genuine_accepted: bool,
    impostors_rejected: usize,
    impostors: usize,
    enrolment: String,
    key_v1: Digits,
    key_v2: Option<&'a Digits>,
}

impl<'a> EnrolmentSummary<'a> {
    fn new(folder: &Path, record: &'a Enrolment, row: &'a Row) -> Result<Self, KeyError> {
        Ok(Self {
            label: &record.label,
            threshold: record.threshold.cosine(),
            genuine_accepted: row.genuine_accepted,
            impostors_rejected: row.impostors_rejected,
            impostors: row.impostors,
            enrolment: enrolment_file(folder, &record.label).display().to_string(),
            key_v1: Key::derive(32, |key| derive_v1(&record.prototype, key))?.digits(),
            key_v2: row.key.as_ref(),
        })
    }
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

impl Summary<'_> {
    fn text(&self) -> Zeroizing<String> {
        let Self { folder, protocol, eer_percent, genuine, impostor, genuine_accepted, impostors_rejected, .. } = self;
        let mut text = format!("{:14} {:>9}  own block  other blocks rejected\n", "enrolment", "threshold");
        for EnrolmentSummary { label, threshold, genuine_accepted, impostors_rejected, impostors, .. } in
            &self.enrolments
        {
            let own = if *genuine_accepted { "accepted" } else { "rejected" };
            let _ = writeln!(text, "{label:14} {threshold:>9.4}  {own:9}  {impostors_rejected} of {impostors}");
        }
        let _ = writeln!(
            text,
            "genuine accepted {genuine_accepted} of {genuine}, impostors rejected {impostors_rejected} of {impostor}"
        );
        let _ = writeln!(text, "EER {eer_percent:.1} % ({protocol})");
        let end = format!("model, bundle, enrolments and device secret are in {folder}\n");
        // With room for what follows: memory that grows leaves copies of the keys behind.
        let mut whole = Zeroizing::new(String::with_capacity(text.len() + end.len() + 256));
        whole.push_str(&text);
        if let Some((first, v2)) = self.enrolments.iter().find_map(|record| Some((record, record.key_v2?))) {
            let _ = writeln!(whole, "keys of {}", first.label);
            for (scheme, key) in [("v1", &first.key_v1), ("v2", v2)] {
                whole.push_str("  ");
                whole.push_str(scheme);
                whole.push(' ');
                whole.push_str(&key.line());
            }
        }
        whole.push_str(&end);
        whole
    }
}

fn enrolment_file(folder: &Path, label: &str) -> PathBuf {
    folder.join("enrolments").join(format!("{label}.nve"))
}
