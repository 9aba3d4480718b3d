//! `enroll`: a prototype, a threshold, and the record of both.

use std::path::PathBuf;

use clap::Args;
use neural_vault_core::verify::Threshold;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::arguments::{DataArguments, cosine, embedding_engines, scan_frames, window_range};
use super::console::{Console, list};
use super::failure::{Failure, USAGE};
use super::names::{check_label, name};
use super::output::{Force, LOST_ENROLMENT, MODEL_FILES, Outputs};
use super::{enroll_person, enroll_windows, error_rate};
use crate::embedding::{EmbeddingEngine, check_width};
use crate::enrolment::{Attempts, Development, Enrolment, Outcome, Target};
use crate::escape::Escaped;
use crate::hex;
use crate::training;

/// The files of a model that was trained again.
const REFITTED: [&str; 4] = [MODEL_FILES[0], MODEL_FILES[1], MODEL_FILES[2], training::ARCHIVE];

/// Enrol a label: its prototype, and a threshold from development trials on sessions that did not train the model.
///
/// With a connectome model the label is a person whom the model was not fitted to. All frames of the sessions are enrolled at
/// once, each session less its mean, and the threshold is midway between what the person's own probes score and what the model
/// states for strangers, at the length of a probe. Own probes are the last fifth of the frames, or the development sessions.
///
/// It also says how many attempts the threshold's false match rate (FMR) allows: as many as keep a stranger's chance at 2 % or
/// below, by the upper end of the FMR's 95 % interval. A token takes no more, and `verify --derive` takes five or fewer.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// The model: its folder, or its .safetensors, .onnx or .nvb file.
    #[arg(long, value_name = "M")]
    pub model: PathBuf,
    /// The label to enrol.
    #[arg(long, value_name = "L", value_parser = name)]
    pub label: String,
    /// The enrolment to write; readable by its owner only.
    #[arg(long, short, value_name = "R.nve")]
    output: PathBuf,
    /// Sessions to enrol; all when not given. Repeat it for several, or separate them by commas, with names that hold a
    /// comma in double quotes.
    #[arg(long, value_name = "S,...")]
    pub sessions: Vec<String>,
    /// Sessions whose scans, of all labels, choose the threshold; the enrolment sessions themselves when not given.
    #[arg(long, value_name = "S,...")]
    pub development_sessions: Vec<String>,
    /// Frames a window; the model's own when not given.
    #[arg(long, value_name = "T", value_parser = window_range)]
    pub window: Option<usize>,
    /// Windows of a probe, from its start; when not given, as many as the shortest development probe has.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub windows: Option<u32>,
    /// Frames of a probe, from its start, with a connectome model; as many as the model asks for when not given.
    #[arg(long, value_name = "N", value_parser = scan_frames)]
    pub frames: Option<usize>,
    /// Fewest frames to enrol with a connectome model; 100 when not given.
    #[arg(long, value_name = "N", value_parser = scan_frames)]
    pub least_frames: Option<usize>,
    /// Choose the threshold for this false match rate, 0 to 1, on the development trials; at the EER when not given, or midway
    /// with a connectome model.
    #[arg(long, value_name = "RATE", conflicts_with = "threshold")]
    pub fmr: Option<f64>,
    /// Sessions whose scans the chosen threshold is tested on, to report its error rates.
    #[arg(long, value_name = "S,...")]
    pub probe_sessions: Vec<String>,
    /// Train the model again with this label's scans added, and write it here.
    #[arg(long, value_name = "DIR", conflicts_with = "frozen")]
    pub refit: Option<PathBuf>,
    /// Enrol a label that a linear model was not trained on: its scores are centred on the other enrolled labels.
    #[arg(long)]
    pub frozen: bool,
    /// The threshold, instead of one from development trials.
    #[arg(long, value_name = "COSINE", allow_hyphen_values = true, value_parser = cosine)]
    pub threshold: Option<Threshold>,
    /// The engine.
    #[arg(long, value_parser = embedding_engines(), default_value = "core")]
    pub engine: EmbeddingEngine,
    /// Draw the enrolment's identifier from this seed instead of the system: for repeatable tests, not for use.
    #[arg(long)]
    pub seed: Option<u64>,
    #[command(flatten)]
    pub force: Force,
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
    let model = crate::model::load(&arguments.model)?;
    check_width(&dataset, model.dims().features)?;
    let record = if model.dims().is_connectome() {
        enroll_person::enrol(arguments, &model, &dataset, console)?
    } else {
        enroll_windows::enrol(arguments, model, &dataset, console)?
    };
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
        "file": path.to_string(), "label": record.label, "id": hex::encode(&record.id),
        "model_digest": hex::encode(&record.model_digest),
        "scans": record.scans, "sessions": record.sessions, "policy": record.policy, "threshold": record.threshold.cosine(),
        "is_whole": record.is_whole, "development": record.development, "outcome": record.outcome, "thresholds": error_rate::thresholds(&record),
        "false_matches": error_rate::to_json(&record.false_matches()),
    });
    console.result("enroll", &text, value)
}

fn note_threshold(record: &Enrolment, console: &Console) {
    let Development { protocol, target, eer_percent, genuine, impostor } = &record.development;
    match eer_percent {
        Some(eer) => console.note(format!(
            "threshold for {target} of {genuine} genuine and {impostor} impostor trials, whose EER is {eer:.1} %: {protocol}"
        )),
        None if *target == Target::Midway => console.note(format!("threshold {protocol}")),
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

/// A fresh identifier for an enrolment.
pub fn identifier(seed: Option<u64>) -> [u8; 16] {
    match seed {
        Some(seed) => ChaCha8Rng::seed_from_u64(seed).random(),
        None => rand::rng().random(),
    }
}
