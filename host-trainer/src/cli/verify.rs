//! `verify`: accept or reject, and nothing more.

use std::path::PathBuf;

use clap::Args;
use neural_vault_core::similarity::cosine;
use serde_json::json;

use super::arguments::{DataArguments, EmbeddingEngineArgument, only_scan};
use super::console::Console;
use super::failure::{DATA, Failure, REJECTED};
use crate::embedding::Embedder;
use crate::enrolment::Enrolment;

/// Verify a scan against an enrolment: exit code 0 accepts, 1 rejects.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// The model: its folder, or its .safetensors, .onnx or .nvb file.
    #[arg(long, value_name = "M")]
    model: PathBuf,
    /// The enrolment.
    #[arg(long, value_name = "R.nve")]
    enrolment: PathBuf,
    /// Label of the scan, where the recording holds several.
    #[arg(long, value_name = "L")]
    label: Option<String>,
    /// Session of the scan, where the recording holds several.
    #[arg(long, value_name = "S")]
    session: Option<String>,
    /// The engine.
    #[arg(long, value_enum, default_value_t = EmbeddingEngineArgument::Core)]
    engine: EmbeddingEngineArgument,
    /// Show the score: for the operator alone, since scores let a stranger find the prototype step by step.
    #[arg(long)]
    show_score: bool,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<u8, Failure> {
    let record = Enrolment::read(&arguments.enrolment)?;
    let model = crate::model::load(&arguments.model)?;
    record.check_model(&arguments.enrolment, &model.digest()?)?;
    let dataset = arguments.data.load(console)?;
    let scan = only_scan(&dataset, arguments.label.as_deref(), arguments.session.as_deref())?;
    let mut embedder = Embedder::open(&model, arguments.engine.engine())?;
    let scan = record.policy.probe(&scan);
    let probe = embedder.scans(&dataset, &[scan], record.policy.window())?.swap_remove(0);
    let score = cosine(&record.prototype, &probe).map_err(|e| Failure::new(DATA, e))?;
    let accepted = score >= record.threshold;
    let mut text = if accepted { "accepted".to_owned() } else { "rejected".to_owned() };
    let mut value = json!({ "accepted": accepted, "label": record.label });
    if arguments.show_score {
        text += &format!(" score {score:.6} threshold {:.6}", record.threshold);
        value["score"] = json!(score);
        value["threshold"] = json!(record.threshold);
    }
    console.result("verify", &(text + "\n"), value)?;
    Ok(if accepted { 0 } else { REJECTED })
}
