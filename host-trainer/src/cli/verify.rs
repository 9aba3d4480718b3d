//! `verify`: accept or reject a scan; with `--derive` print the key of an accepted one.

use std::fmt::Display;
use std::path::PathBuf;

use clap::Args;
use neural_vault_core::key::{DeviceSecret, KeyBuffer};
use neural_vault_core::similarity::cosine;
use neural_vault_core::verify::Threshold;
use serde::Serialize;
use serde_json::json;

use super::arguments::{DataArguments, embedding_engines, only_scan};
use super::console::Console;
use super::digits::Digits;
use super::failure::{DATA, Failure, MODEL, REJECTED};
use super::names::name;
use super::scans::note_windows;
use super::secret_file::read_secret;
use crate::embedding::{Embedder, EmbeddingEngine};
use crate::enrolment::{Enrolment, Probe, SHORT_PROBES};

/// Verify a scan against an enrolment: exit code 0 accepts, 1 rejects.
///
/// With --derive an accepted scan gives the enrolment's 256-bit key (scheme v2), and any other gives none. Each scan costs one
/// of five attempts, or of the fewer that the enrolment's false match rate allows; it is counted before the scan is compared.
/// An accepted scan restores them all, and when none is left the enrolment must be made again. They are counted in
/// R.nve.attempts beside the enrolment. Whoever can delete or replace that file has the attempts back: on a host the count only
/// stops guessing through this program, while a token keeps it in sealed flash.
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
    #[arg(long, value_name = "L", value_parser = name)]
    label: Option<String>,
    /// Session of the scan, where the recording holds several.
    #[arg(long, value_name = "S", value_parser = name)]
    session: Option<String>,
    /// The engine.
    #[arg(long, value_parser = embedding_engines(), default_value = "core")]
    engine: EmbeddingEngine,
    /// Show the score: for the operator only, since scores let a stranger find the prototype step by step.
    #[arg(long, conflicts_with = "derive")]
    show_score: bool,
    /// Derive the key when the scan is accepted; costs an attempt.
    #[arg(long, requires = "device_secret")]
    derive: bool,
    /// The device's secret: 32 bytes, or 64 hexadecimal digits.
    #[arg(long, value_name = "FILE", requires = "derive")]
    device_secret: Option<PathBuf>,
    /// What the key is for: keys of two contexts are independent.
    #[arg(long, value_name = "TEXT", default_value = "", requires = "derive")]
    context: String,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<u8, Failure> {
    let record = Enrolment::read(&arguments.enrolment)?;
    let model = crate::model::load(&arguments.model)?;
    record.check_model(&arguments.enrolment, model.digest(), model.dims().latent)?;
    let secret = arguments.device_secret.as_deref().map(|path| read_secret(path, DeviceSecret::from_bytes, console));
    let secret = secret.transpose()?;
    let dataset = arguments.data.load(console)?;
    let scan = only_scan(&dataset, arguments.label.as_deref(), arguments.session.as_deref())?;
    let mut embedder = Embedder::open(&model, arguments.engine)?;
    let probe = record.probe(&dataset, &scan).map_err(|error| {
        let cost = if record.is_whole { format!(": {SHORT_PROBES}") } else { String::new() };
        Failure::new(DATA, format!("{}: {error}{cost}", arguments.enrolment.display()))
    })?;
    probe.note().iter().for_each(|note| console.note(format!("note: {note}")));
    let Probe { scan, window, threshold, .. } = probe;
    let embedding = embedder.scans(&dataset, std::slice::from_ref(&scan), window)?.swap_remove(0);
    if !record.is_whole {
        note_windows(&dataset, &[scan], window, console);
    }
    match secret {
        Some(secret) => derive(arguments, &record, &embedding, threshold, &secret, console),
        None => compare(arguments, &record, &embedding, threshold, console),
    }
}

/// Prints whether the probe is accepted.
fn compare(
    arguments: &Arguments,
    record: &Enrolment,
    embedding: &[f32],
    threshold: Threshold,
    console: &Console,
) -> Result<u8, Failure> {
    let accepted = record.accepts(embedding, threshold).map_err(|error| unusable(arguments, &error))?;
    let mut text = if accepted { "accepted".to_owned() } else { "rejected".to_owned() };
    let mut value = json!({ "accepted": accepted, "label": record.label });
    if arguments.show_score {
        let (score, threshold) = (cosine(&record.prototype, embedding).ok(), threshold.cosine());
        text += &match score {
            Some(score) => format!(" score {score:.6} threshold {threshold:.6}"),
            None => format!(", no score: the scan cannot be compared; threshold {threshold:.6}"),
        };
        value["score"] = json!(score);
        value["threshold"] = json!(threshold);
    }
    console.result("neural-vault/verify/1", &(text + "\n"), value)?;
    Ok(if accepted { 0 } else { REJECTED })
}

/// The result of `--derive`, as `--json` prints it.
#[derive(Serialize)]
struct Derived<'a> {
    accepted: bool,
    label: &'a str,
    attempts_left: u32,
    #[serde(flatten)]
    released: Option<Released<'a>>,
}

/// The key of an accepted scan.
#[derive(Serialize)]
struct Released<'a> {
    key: &'a Digits,
    scheme: &'static str,
    bits: usize,
}

/// Counts an attempt, and prints the key when the probe is accepted.
fn derive(
    arguments: &Arguments,
    record: &Enrolment,
    embedding: &[f32],
    threshold: Threshold,
    secret: &DeviceSecret,
    console: &Console,
) -> Result<u8, Failure> {
    let mut buffer = KeyBuffer::empty();
    let compared = (embedding, threshold);
    let answer = record.derive(&arguments.enrolment, compared, secret, arguments.context.as_bytes(), &mut buffer)?;
    let left = answer.attempts_left;
    let print = |released: Option<Released<'_>>, text: &str| {
        let accepted = released.is_some();
        let derived = Derived { accepted, label: &record.label, attempts_left: left, released };
        console.secret_result("neural-vault/verify/1", text, &derived)
    };
    if let Some(key) = answer.key {
        let key = Digits::new(key.expose_secret());
        print(Some(Released { key: &key, scheme: "v2", bits: 256 }), &key.line())?;
        return Ok(0);
    }
    match (answer.compared, left) {
        (false, _) => print(None, "no attempts left: the enrolment takes no more; enrol again\n")?,
        (true, 1) => print(None, "rejected, 1 attempt left\n")?,
        (true, left) => print(None, &format!("rejected, {left} attempts left\n"))?,
    }
    Ok(REJECTED)
}

fn unusable(arguments: &Arguments, error: &dyn Display) -> Failure {
    Failure::new(MODEL, format!("{}: {error}", arguments.enrolment.display()))
}
