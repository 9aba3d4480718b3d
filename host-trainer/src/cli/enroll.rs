//! `enroll`: a prototype, a threshold, and the record of both.

use std::path::PathBuf;

use clap::Args;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::arguments::{DataArguments, EmbeddingEngineArgument, window_range};
use super::console::Console;
use super::failure::{Failure, USAGE};
use crate::embedding::Embedder;
use crate::enrolment::{Development, Request, enrol};
use crate::model::safetensors::hex;

/// Enrol a label: its prototype, and a threshold from development trials on sessions that did not train the model.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// The model: its folder, or its .safetensors, .onnx or .nvb file.
    #[arg(long, value_name = "M")]
    model: PathBuf,
    /// The label to enrol.
    #[arg(long, value_name = "L")]
    label: String,
    /// The enrolment to write; readable by its owner only.
    #[arg(long, short, value_name = "R.nve")]
    output: PathBuf,
    /// Sessions to enrol; all when not given.
    #[arg(long, value_name = "S,...", value_delimiter = ',')]
    sessions: Vec<String>,
    /// Sessions whose scans, of all labels, choose the threshold; the enrolment sessions themselves when not given.
    #[arg(long, value_name = "S,...", value_delimiter = ',')]
    development_sessions: Vec<String>,
    /// Frames a window; the model's own when not given.
    #[arg(long, value_name = "T", value_parser = window_range)]
    window: Option<usize>,
    /// A threshold by hand instead of one from development trials.
    #[arg(long, value_name = "COSINE")]
    threshold: Option<f32>,
    /// The engine.
    #[arg(long, value_enum, default_value_t = EmbeddingEngineArgument::Core)]
    engine: EmbeddingEngineArgument,
    /// Draw the enrolment's identifier from this seed instead of the system: for repeatable tests, not for use.
    #[arg(long)]
    seed: Option<u64>,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    if let Some(threshold) = arguments.threshold
        && !(-1.0..=1.0).contains(&threshold)
    {
        return Err(Failure::new(USAGE, format!("--threshold {threshold} is not a cosine, -1 to 1")));
    }
    let dataset = arguments.data.load(console)?;
    let model = crate::model::load(&arguments.model)?;
    let digest = model.digest()?;
    let mut embedder = Embedder::open(&model, arguments.engine.engine())?;
    let request = Request {
        label: &arguments.label,
        sessions: &arguments.sessions,
        development: &arguments.development_sessions,
        window: arguments.window.unwrap_or(model.provenance.window),
        threshold: arguments.threshold.map(by_hand),
        id: identifier(arguments.seed),
    };
    let record = enrol(&mut embedder, &model, digest, &dataset, &request)?;
    record.write(&arguments.output)?;
    let path = arguments.output.display();
    let text = format!(
        "{path}: {} from {} scans ({}), threshold {:.4}\n",
        record.label,
        record.scans,
        record.sessions.join(", "),
        record.threshold
    );
    let development = &record.development;
    match development.eer_percent {
        Some(eer) => console.note(format!(
            "threshold at the EER, {eer:.1} %, of {} genuine and {} impostor trials: {}",
            development.genuine, development.impostor, development.protocol
        )),
        None => console.note(&development.protocol),
    }
    let value = json!({
        "file": path.to_string(), "label": record.label, "id": hex(&record.id), "model_digest": hex(&digest),
        "scans": record.scans, "sessions": record.sessions, "window": record.window, "threshold": record.threshold,
        "development": { "protocol": development.protocol, "eer_percent": development.eer_percent,
            "genuine": development.genuine, "impostor": development.impostor },
    });
    console.result("enroll", &text, value)
}

fn by_hand(threshold: f32) -> (f32, Development) {
    let protocol = "threshold given by hand".to_owned();
    (threshold, Development { protocol, eer_percent: None, genuine: 0, impostor: 0 })
}

/// A fresh identifier for an enrolment.
pub fn identifier(seed: Option<u64>) -> [u8; 16] {
    match seed {
        Some(seed) => ChaCha8Rng::seed_from_u64(seed).random(),
        None => rand::rng().random(),
    }
}
