//! `train`: recordings to a model.

mod log;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::arguments::{DataArguments, DeviceArgument, GraphEngine, window_range};
use super::console::Console;
use super::failure::{Failure, INTERRUPTED, OUTPUT, USAGE};
use crate::dataset::Dataset;
use crate::embedding::{Embedder, EmbeddingEngine};
use crate::evaluation::verification::{Scores, prototypes, window_probes};
use crate::model::safetensors::hex;
use crate::model::{Model, Provenance, initialise, reference_dims};
use crate::training::{Mining, Schedule, Settings, StepReport, Trainer, TrainingData, checkpoint};
use log::Log;

/// The log's name in the output folder: one JSON object a step.
const LOG: &str = "train.jsonl";

/// Train an encoder by the reference's recipe and write model.safetensors, model.onnx, model.nvb and train.jsonl.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// Folder for the model.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Train on these sessions; the others are held back and scored afterwards.
    #[arg(long, value_name = "S,...", value_delimiter = ',')]
    sessions: Vec<String>,
    /// Steps; the reference's epochs are steps of one batch.
    #[arg(long, default_value_t = 100)]
    steps: u64,
    /// Triplets a step (random mining).
    #[arg(long, default_value_t = 128)]
    batch: usize,
    /// Distinct windows a step, at most.
    #[arg(long, default_value_t = 160)]
    rows: usize,
    /// Frames a window.
    #[arg(long, value_name = "T", default_value_t = 1, value_parser = window_range)]
    window: usize,
    /// How triplets are chosen.
    #[arg(long, value_enum, default_value_t = MiningArgument::Random)]
    mining: MiningArgument,
    /// Margin of the triplet loss.
    #[arg(long, default_value_t = 0.5)]
    margin: f32,
    /// Highest learning rate.
    #[arg(long, default_value_t = 1e-4)]
    learning_rate: f64,
    /// Course of the learning rate.
    #[arg(long, value_enum, default_value_t = ScheduleArgument::Constant)]
    schedule: ScheduleArgument,
    /// Decoupled weight decay.
    #[arg(long, default_value_t = 1e-4)]
    weight_decay: f32,
    /// Largest gradient norm.
    #[arg(long, default_value_t = 1.0)]
    clip: f64,
    /// Dropout.
    #[arg(long, default_value_t = 0.1)]
    dropout: f64,
    /// Seed: the same seed, recordings and engine make the same weights.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The engine.
    #[arg(long, value_enum, default_value_t = GraphEngine::Auto)]
    engine: GraphEngine,
    /// Where ONNX Runtime computes.
    #[arg(long, value_enum, default_value_t = DeviceArgument::Cpu)]
    device: DeviceArgument,
    /// Threads of ONNX Runtime.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
    /// Save a checkpoint every N steps.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    checkpoint_every: u64,
    /// Continue the run whose checkpoint is in the folder.
    #[arg(long)]
    resume: bool,
}

/// How triplets are chosen.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MiningArgument {
    /// At random, as the reference does.
    Random,
    /// Every window with its farthest positive and nearest negative.
    BatchHard,
}

/// Course of the learning rate.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ScheduleArgument {
    /// The same throughout.
    Constant,
    /// Half a cosine down to 0.
    Cosine,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let engine = arguments.engine.choose(arguments.device, console)?;
    let dataset = arguments.data.load(console)?;
    let (training, held_back) = split(&dataset, &arguments.sessions)?;
    let settings = arguments.settings();
    settings.check()?;
    let provenance = Provenance {
        labels: training.labels.clone(),
        training_sessions: training.sessions.clone(),
        window: settings.window,
        recipe: recipe(&settings),
    };
    let data = TrainingData::prepare(training.clone(), settings.window)?;
    data.notes.iter().for_each(|note| console.note(format!("note: {note}")));
    let model = initialise(reference_dims(dataset.features), provenance, settings.seed)?;
    let mut trainer = Trainer::new(model, data, settings, engine, usize::from(arguments.threads))?;
    let reports = run_steps(&mut trainer, arguments, console)?;

    let model = trainer.model();
    let digest = hex(&model.write(&arguments.out)?);
    remove_checkpoint(&arguments.out)?;
    let (first, last) = (reports.first().map(|r| r.loss), reports.last().map(|r| r.loss));
    let scores = scores(&model, &training, held_back.as_ref())?;
    let folder = arguments.out.display().to_string();
    let mut text = format!("{folder}: model {digest}\n");
    if let (Some(first), Some(last)) = (first, last) {
        text += &format!("loss {first:.4} at step {}, {last:.4} at step {}\n", reports[0].step, trainer.steps_done());
    }
    for score in &scores {
        text += &format!(
            "EER {} ({}): {:.1} % of {} genuine and {} impostor trials\n",
            score["protocol"].as_str().unwrap_or_default(),
            score["sessions"].as_str().unwrap_or_default(),
            score["eer_percent"].as_f64().unwrap_or(f64::NAN),
            score["genuine"],
            score["impostor"]
        );
    }
    let value = json!({
        "folder": folder, "digest": digest, "engine": engine.name(), "steps": trainer.steps_done(),
        "first_loss": first, "last_loss": last, "eer": scores,
    });
    console.result("train", &text, value)
}

impl Arguments {
    fn settings(&self) -> Settings {
        Settings {
            steps: self.steps,
            batch: self.batch,
            rows: self.rows,
            window: self.window,
            mining: match self.mining {
                MiningArgument::Random => Mining::Random,
                MiningArgument::BatchHard => Mining::BatchHard,
            },
            margin: self.margin,
            learning_rate: self.learning_rate,
            schedule: match self.schedule {
                ScheduleArgument::Constant => Schedule::Constant,
                ScheduleArgument::Cosine => Schedule::Cosine,
            },
            weight_decay: self.weight_decay,
            clip: self.clip,
            dropout: self.dropout,
            seed: self.seed,
        }
    }
}

/// The recordings to train on, and those held back.
fn split(dataset: &Dataset, sessions: &[String]) -> Result<(Dataset, Option<Dataset>), Failure> {
    if sessions.is_empty() {
        return Ok((dataset.clone(), None));
    }
    let training = dataset.restrict_sessions(sessions)?;
    let others: Vec<&String> = dataset.sessions.iter().filter(|name| !sessions.contains(name)).collect();
    let held_back = if others.is_empty() { None } else { Some(dataset.restrict_sessions(&others)?) };
    Ok((training, held_back))
}

/// Does the steps that are left, with a line in the log for each; saves a checkpoint now and then and on Ctrl-C.
fn run_steps(trainer: &mut Trainer, arguments: &Arguments, console: &Console) -> Result<Vec<StepReport>, Failure> {
    let saved = arguments.out.join(checkpoint::FILE);
    if arguments.resume {
        checkpoint::restore(trainer, &saved)?;
        console.note(format!("continuing at step {}", trainer.steps_done()));
    } else if saved.exists() {
        let text = format!("{} is there: continue it with --resume, or remove it", saved.display());
        return Err(Failure::new(USAGE, text));
    }
    crate::files::create_folder(&arguments.out).map_err(|error| Failure::new(OUTPUT, error))?;
    let mut log = Log::open(&arguments.out.join(LOG), trainer.steps_done())?;
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    // A handler that cannot be set leaves Ctrl-C at its default: the process ends, the last checkpoint stays.
    let _ = ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed));
    let steps = trainer.settings().steps;
    let bar = console.progress(steps);
    let mut reports = Vec::new();
    while trainer.steps_done() < steps {
        let report = trainer.step()?;
        log.append(&report)?;
        bar.set_position(report.step);
        bar.set_message(format!("loss {:.4} rate {:.1e}", report.loss, report.learning_rate));
        reports.push(report);
        let interrupted = stop.load(Ordering::Relaxed);
        if (interrupted || report.step.is_multiple_of(arguments.checkpoint_every)) && report.step < steps {
            checkpoint::save(trainer, &saved)?;
        }
        if interrupted && report.step < steps {
            bar.abandon();
            let text = format!("stopped after step {}; the same command with --resume goes on", report.step);
            return Err(Failure::new(INTERRUPTED, text));
        }
    }
    bar.finish_and_clear();
    Ok(reports)
}

/// Removes the checkpoint, which is of no use once the model is written, and not before.
fn remove_checkpoint(folder: &Path) -> Result<(), Failure> {
    let saved = folder.join(checkpoint::FILE);
    match fs::remove_file(&saved) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Failure::new(OUTPUT, format!("cannot remove {}: {error}", saved.display())))
        }
        _ => Ok(()),
    }
}

fn recipe(settings: &Settings) -> String {
    let settings = serde_json::to_string(settings).unwrap_or_default();
    format!("reference (triplet loss): {settings}")
}

/// Window-level equal error rates: in sample, as the reference scores itself, and on the sessions held back.
fn scores(model: &Model, training: &Dataset, held_back: Option<&Dataset>) -> Result<Vec<Value>, Failure> {
    let window = model.provenance.window;
    let mut embedder = Embedder::open(model, EmbeddingEngine::Core)?;
    let mut embed = |dataset: &Dataset| -> Result<Vec<(u32, Vec<f32>)>, Failure> {
        let probes = window_probes(dataset, window);
        let embeddings = embedder.scans(dataset, &probes, window)?;
        Ok(probes.iter().map(|probe| probe.label).zip(embeddings).collect())
    };
    let enrolled = embed(training)?;
    let prototypes = prototypes(&enrolled, training.labels.len());
    let mut list = Vec::new();
    let mut add = |protocol: &str, sessions: &[String], probes: &[(u32, Vec<f32>)]| -> Result<(), Failure> {
        let mut scores = Scores::default();
        scores.add(&prototypes, probes);
        let eer = scores.eer().map_err(|e| Failure::new(super::failure::DATA, e))?;
        let sessions = if sessions.iter().all(String::is_empty) { "all".to_owned() } else { sessions.join(", ") };
        list.push(json!({
            "protocol": protocol, "sessions": sessions, "window": window, "eer_percent": eer.percent,
            "genuine": scores.genuine.len(), "impostor": scores.impostor.len(),
        }));
        Ok(())
    };
    add("in sample", &training.sessions, &enrolled)?;
    if let Some(held_back) = held_back {
        add("on held-back sessions", &held_back.sessions, &embed(held_back)?)?;
    }
    Ok(list)
}
