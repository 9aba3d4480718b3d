//! `enroll`: a prototype, a threshold, and the record of both.

use std::path::{Path, PathBuf};

use clap::Args;
use neural_vault_core::verify::Threshold;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::arguments::{DataArguments, cosine, embedding_engines, window_or_own, window_range};
use super::console::{Console, list};
use super::error_rate;
use super::failure::{Failure, USAGE};
use super::names::{self, check_label, name};
use super::output::{Force, LOST_ENROLMENT, MODEL_FILES, Outputs};
use super::scans::note_windows;
use crate::dataset::{Dataset, Scan};
use crate::embedding::{Embedder, EmbeddingEngine, check_width};
use crate::engine::Engine;
use crate::enrolment::{
    Attempts, Chosen, Development, Enrolment, Outcome, Policy, Request, Target, cross_fitted, enrol,
};
use crate::escape::Escaped;
use crate::hex;
use crate::model::Model;
use crate::training::{self, Archive};

/// Error rates on labels that did not train the encoder: `evaluate --protocol unseen` on the shipped fMRI.
const UNKNOWN_LABEL_RISK: &str = "A trained encoder keeps apart the labels it was trained on and little else: on blocks of \
                                  nine fMRI frames its EER for new labels was 32 %, where the frames' own cosine had 25 %.";

/// The files of a model that was trained again.
const REFITTED: [&str; 4] = [MODEL_FILES[0], MODEL_FILES[1], MODEL_FILES[2], training::ARCHIVE];

/// Enrol a label: its prototype, and a threshold from development trials on sessions that did not train the model.
///
/// It also says how many attempts the threshold's false match rate (FMR) allows: as many as keep a stranger's chance at 2 % or
/// below, by the upper end of the FMR's 95 % interval. A token takes no more, and `verify --derive` takes five or fewer.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// The model: its folder, or its .safetensors, .onnx or .nvb file.
    #[arg(long, value_name = "M")]
    model: PathBuf,
    /// The label to enrol.
    #[arg(long, value_name = "L", value_parser = name)]
    label: String,
    /// The enrolment to write; readable by its owner only.
    #[arg(long, short, value_name = "R.nve")]
    output: PathBuf,
    /// Sessions to enrol; all when not given. Repeat it for several, or separate them by commas, with names that hold a
    /// comma in double quotes.
    #[arg(long, value_name = "S,...")]
    sessions: Vec<String>,
    /// Sessions whose scans, of all labels, choose the threshold; the enrolment sessions themselves when not given.
    #[arg(long, value_name = "S,...")]
    development_sessions: Vec<String>,
    /// Frames a window; the model's own when not given.
    #[arg(long, value_name = "T", value_parser = window_range)]
    window: Option<usize>,
    /// Windows of a probe, from its start; when not given, as many as the shortest development probe has.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    windows: Option<u32>,
    /// Choose the threshold for this false match rate, 0 to 1, on the development trials; at the EER when not given.
    #[arg(long, value_name = "RATE", conflicts_with = "threshold")]
    fmr: Option<f64>,
    /// Sessions whose scans the chosen threshold is tested on, to report its error rates.
    #[arg(long, value_name = "S,...")]
    probe_sessions: Vec<String>,
    /// Train the model again with this label's scans added, and write it here.
    #[arg(long, value_name = "DIR", conflicts_with = "frozen")]
    refit: Option<PathBuf>,
    /// Enrol a label that a linear model was not trained on: its scores are centred on the other enrolled labels.
    #[arg(long)]
    frozen: bool,
    /// The threshold, instead of one from development trials.
    #[arg(long, value_name = "COSINE", allow_hyphen_values = true, value_parser = cosine)]
    threshold: Option<Threshold>,
    /// The engine.
    #[arg(long, value_parser = embedding_engines(), default_value = "core")]
    engine: EmbeddingEngine,
    /// Draw the enrolment's identifier from this seed instead of the system: for repeatable tests, not for use.
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    force: Force,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    if let Some(rate) = arguments.fmr
        && !(rate > 0.0 && rate < 1.0)
    {
        return Err(Failure::new(USAGE, format!("--fmr {rate} is not a rate between 0 and 1")));
    }
    let inputs = arguments.data.paths().chain([&*arguments.model]);
    let mut outputs = Outputs::new(arguments.force, inputs);
    if let Some(folder) = &arguments.refit {
        outputs.folder(folder, &REFITTED)?;
    }
    outputs.file(&arguments.output, LOST_ENROLMENT)?;
    let dataset = arguments.data.load(console)?;
    check_label(&arguments.label, &dataset)?;
    let sessions = names::sessions(&arguments.sessions, &dataset)?;
    let development = names::sessions(&arguments.development_sessions, &dataset)?;
    let probes = names::sessions(&arguments.probe_sessions, &dataset)?;
    let mut model = crate::model::load(&arguments.model)?;
    check_width(&dataset, model.dims().features)?;
    let mut threshold = arguments.threshold.map(by_hand);
    let target = arguments.fmr.map_or(Target::EqualErrorRate, Target::FalseMatchRate);
    if let Some(folder) = &arguments.refit {
        let cross_fit = threshold.is_none() && development.is_empty();
        let refit = Refit { model: &model, arguments, dataset: &dataset, sessions: &sessions, target, cross_fit };
        let (refitted, chosen) = refit.run(folder, console)?;
        threshold = threshold.or(chosen);
        model = refitted;
    }
    warn_of_unknown_label(&model, arguments, console)?;
    let digest = *model.digest();
    let mut embedder = Embedder::open(&model, arguments.engine)?;
    let request = Request {
        label: &arguments.label,
        sessions: &sessions,
        development: &development,
        probes: &probes,
        policy: arguments.policy(window_or_own(arguments.window, &model, console)),
        target,
        threshold,
        id: identifier(arguments.seed),
    };
    let record = enrol(&mut embedder, &model, &dataset, &request)?;
    note_windows(&dataset, &used(&dataset, &[&sessions, &development, &probes]), record.policy.window(), console);
    arguments.force.write_enrolment(&record, &arguments.output)?;
    // A counter under this name belongs to an earlier enrolment.
    Attempts::forget(&arguments.output)?;
    let path = arguments.output.display();
    let text = format!(
        "{path}: {} from {} scans ({}), threshold {:.4}\n{}",
        Escaped(&record.label),
        record.scans,
        list(&record.sessions),
        record.threshold.cosine(),
        error_rate::lines(&record)
    );
    note_threshold(&record, console);
    let value = json!({
        "file": path.to_string(), "label": record.label, "id": hex::encode(&record.id), "model_digest": hex::encode(&digest),
        "scans": record.scans, "sessions": record.sessions, "policy": record.policy, "threshold": record.threshold.cosine(),
        "development": record.development, "outcome": record.outcome, "thresholds": error_rate::thresholds(&record),
        "false_matches": error_rate::to_json(&record.false_matches()),
    });
    console.result("enroll", &text, value)
}

impl Arguments {
    fn policy(&self, window: usize) -> Policy {
        Policy { window: window as u32, windows: self.windows.unwrap_or(0), centred: self.frozen }
    }
}

/// The scans of the sessions that are enrolled, which come first, that choose the threshold and that test it.
fn used(dataset: &Dataset, named: &[&[String]; 3]) -> Vec<Scan> {
    let mut scans = dataset.scans();
    if !named[0].is_empty() {
        scans.retain(|scan| named.iter().any(|list| list.contains(&dataset.sessions[scan.session as usize])));
    }
    scans
}

/// Training a model again with one more label.
struct Refit<'a> {
    model: &'a Model,
    arguments: &'a Arguments,
    dataset: &'a Dataset,
    /// The sessions to add; all when empty.
    sessions: &'a [String],
    target: Target,
    /// Whether the threshold is chosen with models of one half of the sessions each.
    cross_fit: bool,
}

impl Refit<'_> {
    fn run(&self, folder: &Path, console: &Console) -> Result<(Model, Option<Chosen>), Failure> {
        let Self { model, arguments, dataset, .. } = self;
        if !arguments.model.is_dir() {
            let text = "--refit needs the model's folder, where its training archive is";
            return Err(Failure::new(USAGE, text));
        }
        match arguments.force.force {
            true => training::remove_checkpoint(folder)?,
            false => training::refuse_checkpoint(folder)?,
        }
        let old = *model.digest();
        let archive = Archive::read(&arguments.model, old)?;
        let new = match self.sessions {
            [] => (*dataset).clone(),
            named => dataset.restrict_sessions(named)?,
        };
        let all = archive.with_label(&new, &arguments.label)?;
        let engine = match arguments.engine {
            EmbeddingEngine::Core => Engine::auto().0,
            EmbeddingEngine::Onnx(engine) => engine,
        };
        let train = |dataset: &Dataset| -> Result<Model, Failure> {
            let bar = console.progress(archive.recipe.steps());
            let model =
                archive.recipe.train(dataset.clone(), engine, 1, &mut |report| bar.set_position(report.step))?;
            bar.finish_and_clear();
            Ok(model)
        };
        let refitted = train(&all)?;
        let chosen = if self.cross_fit {
            let window = window_or_own(arguments.window, &refitted, console);
            Some(cross_fitted(&all, &arguments.policy(window), self.target, train)?)
        } else {
            None
        };
        let digest = *refitted.digest();
        arguments.force.write_model(&refitted, folder)?;
        Archive { dataset: all, recipe: archive.recipe.clone(), model_digest: digest }.write(folder)?;
        console.note(format!(
            "{}: model {} with {} in it; enrolments made with {} and their v2 keys end with that model: enrol every label \
             again with this one",
            folder.display(),
            hex::encode(&digest),
            arguments.label,
            hex::encode(&old)
        ));
        Ok((refitted, chosen))
    }
}

/// Warns if the model was not trained on the label, and refuses a frozen enrolment that its model cannot support.
fn warn_of_unknown_label(model: &Model, arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let linear = model.dims().is_linear();
    if arguments.frozen && !linear {
        let text = "--frozen needs a linear model: `neural-vault train --recipe linear --open-set`; a trained encoder \
                    keeps apart the labels it was trained on and little else";
        return Err(Failure::new(USAGE, text));
    }
    let known = &model.provenance().labels;
    if known.is_empty() && model.labels_digest().is_some() {
        console.note(
            "note: a bundle does not name the labels and sessions that trained it; a threshold chosen on these would be too \
             favourable: give the model's folder, or --development-sessions that did not train it",
        );
    }
    if known.is_empty() || known.contains(&arguments.label) || arguments.frozen {
        return Ok(());
    }
    console.note(format!(
        "warning: the model never saw {}. {UNKNOWN_LABEL_RISK} Enrol with --refit DIR, or with --frozen and a model of \
         `train --recipe linear --open-set`",
        arguments.label
    ));
    Ok(())
}

fn note_threshold(record: &Enrolment, console: &Console) {
    let Development { protocol, target, eer_percent, genuine, impostor } = &record.development;
    match eer_percent {
        Some(eer) => console.note(format!(
            "threshold for {target} of {genuine} genuine and {impostor} impostor trials, whose EER is {eer:.1} %: {protocol}"
        )),
        None => console.note(protocol),
    }
    if let Some(Outcome { sessions, genuine, impostor, rates }) = &record.outcome {
        let percent = |rate: f64, [low, high]: [f64; 2]| {
            format!("{:.1} % [{:.1}, {:.1}]", 100.0 * rate, 100.0 * low, 100.0 * high)
        };
        console.note(format!(
            "on {}: FMR {} of {impostor} trials, FNMR {} of {genuine}",
            sessions.join(", "),
            percent(rates.fmr, rates.fmr_interval),
            percent(rates.fnmr, rates.fnmr_interval)
        ));
    }
}

fn by_hand(threshold: Threshold) -> Chosen {
    let protocol = "threshold given by hand".to_owned();
    let development = Development { protocol, target: Target::ByHand, eer_percent: None, genuine: 0, impostor: 0 };
    Chosen { threshold, measured: None, development }
}

/// A fresh identifier for an enrolment.
pub fn identifier(seed: Option<u64>) -> [u8; 16] {
    match seed {
        Some(seed) => ChaCha8Rng::seed_from_u64(seed).random(),
        None => rand::rng().random(),
    }
}
