//! `token enroll`: the token embeds the scans itself, and the host checks the digest of the token's prototype.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use neural_vault_core::verify::Threshold;
use neural_vault_core::wire::{self, EnrolmentProgress, LABEL_LENGTH, Label, TokenInfo};
use serde_json::json;

use super::connection::{AdminArguments, PortArguments, send_scan};
use crate::cli::arguments::{DataArguments, cosine};
use crate::cli::console::Console;
use crate::cli::failure::{DATA, Failure, MODEL, TOKEN, USAGE};
use crate::cli::names::{self, check_label, check_session, name, sessions_of};
use crate::dataset::{Dataset, Scan};
use crate::embedding::{Embedder, EmbeddingEngine};
use crate::enrolment::Enrolment;
use crate::escape::Escaped;
use crate::hex;
use crate::token::prototype_digest;

/// Enrol a label on a token, which embeds the scans itself.
#[derive(Args)]
#[command(group(ArgGroup::new("accept").required(true).args(["enrolment", "threshold"])))]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    port: PortArguments,
    #[command(flatten)]
    admin: AdminArguments,
    /// The slot, whose enrolment is replaced.
    #[arg(long, value_name = "N", default_value_t = 0)]
    slot: u8,
    /// An enrolment on this machine, for the threshold, and for the label and sessions when they are not given.
    #[arg(long, value_name = "R.nve")]
    enrolment: Option<PathBuf>,
    /// The threshold, -1 to 1.
    #[arg(long, value_name = "COSINE", allow_hyphen_values = true, value_parser = cosine)]
    threshold: Option<Threshold>,
    /// The label to enrol.
    #[arg(long, value_name = "L", required_unless_present = "enrolment", value_parser = name)]
    label: Option<String>,
    /// Sessions to enrol; all when not given. Repeat it for several, or separate them by commas, with names that hold a
    /// comma in double quotes.
    #[arg(long, value_name = "S,...")]
    sessions: Vec<String>,
    /// Name of the enrolment on the token, at most 16 bytes; the label when not given.
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// The token's model (its folder, or one of its files), to compare the token's prototype with this machine's.
    #[arg(long, value_name = "M")]
    model: Option<PathBuf>,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let record = arguments.enrolment.as_deref().map(Enrolment::read).transpose()?;
    let threshold = arguments.threshold.or(record.as_ref().map(|record| record.threshold)).map(Threshold::cosine);
    let threshold = threshold.ok_or_else(|| Failure::new(USAGE, "give --enrolment R.nve or --threshold COSINE"))?;
    let label = arguments.label.as_deref().or(record.as_ref().map(|record| record.label.as_str()));
    let label = label.ok_or_else(|| Failure::new(USAGE, "give --enrolment R.nve or --label L"))?;
    let name = arguments.name.as_deref().unwrap_or(label);
    let wire_label = Label::new(name).ok_or_else(|| {
        Failure::new(USAGE, format!("`{name}` is longer than a token's {LABEL_LENGTH} bytes; give a shorter --name"))
    })?;
    let key = arguments.admin.key(console)?;
    let dataset = arguments.data.load(console)?;
    let sessions = match (arguments.sessions.as_slice(), &record) {
        ([], Some(record)) => record.sessions.clone(),
        (given, _) => names::sessions(given, &dataset)?,
    };
    let scans = chosen(&dataset, label, &sessions)?;

    let mut client = arguments.port.open()?;
    let info = client.info()?;
    if let (Some(record), Some(path)) = (&record, &arguments.enrolment) {
        check_record(record, &info, &client.port().to_string())
            .map_err(|text| Failure::new(MODEL, format!("{}: {text}", path.display())))?;
        record.check_model(path, &info.model, usize::from(info.latent))?;
    }
    let expected = match (&arguments.model, &record) {
        (Some(path), _) => Some(own_prototype(path, &info, &dataset, &scans)?),
        (None, Some(record)) => Some(record.prototype.clone()),
        (None, None) => None,
    };

    let mut taken = EnrolmentProgress { scans: 0, prototype: [0; 32] };
    for (index, scan) in scans.iter().enumerate() {
        send_scan(&mut client, &dataset, scan, console)?;
        taken = client.enrol_scan(index == 0)?;
        console.note(format!("scan {} of {}", index + 1, scans.len()));
    }
    match expected {
        Some(prototype) if prototype_digest(&prototype) != taken.prototype => {
            let whose = if arguments.model.is_some() { "this machine's" } else { "the enrolment's" };
            let text = format!(
                "{}: the token's prototype is not {whose}: other recordings, an enrolment made with another engine than \
                 core, or somebody on the link; nothing was enrolled. --model M compares with this machine's own",
                client.port()
            );
            return Err(Failure::new(TOKEN, text));
        }
        Some(_) => {}
        None => console.note("note: the token's prototype is not checked; --model M checks it"),
    }
    let EnrolmentProgress { scans: count, prototype } = taken;
    let slot = arguments.slot;
    let command = wire::Enrolment { slot, label: wire_label, scans: count, threshold, prototype };
    let id = hex::encode(&client.enrol(&key, command)?);
    let text = format!("slot {slot}: {} from {count} scans, threshold {threshold:.4}, enrolment {id}\n", Escaped(name));
    let value = json!({
        "slot": slot, "label": name, "id": id, "scans": count, "threshold": threshold,
        "prototype_sha256": hex::encode(&prototype), "prototype_checked": expected.is_some(),
    });
    console.result("token-enroll", &text, value)
}

/// The scans of a label in these sessions, or in all when none is named.
fn chosen(dataset: &Dataset, label: &str, sessions: &[String]) -> Result<Vec<Scan>, Failure> {
    check_label(label, dataset)?;
    sessions.iter().try_for_each(|session| check_session(session, dataset))?;
    let mut scans = dataset.scans();
    scans.retain(|scan| {
        let session = &dataset.sessions[scan.session as usize];
        dataset.labels[scan.label as usize] == label && (sessions.is_empty() || sessions.contains(session))
    });
    if scans.is_empty() {
        return Err(Failure::new(
            DATA,
            format!("label {label} has no scan in these sessions; it has some in {}", sessions_of(dataset, label)),
        ));
    }
    Ok(scans)
}

/// Refuses an enrolment whose probe policy the token does not have.
fn check_record(record: &Enrolment, info: &TokenInfo, port: &str) -> Result<(), String> {
    if record.policy.centred {
        return Err("enrolled with --frozen: a token has no gallery to centre on; enrol without it".to_owned());
    }
    if record.policy.window != u32::from(info.window) {
        return Err(format!(
            "enrolled with windows of {} frames, the token at {port} was provisioned for {}; enrol with --window {}",
            record.policy.window, info.window, info.window
        ));
    }
    Ok(())
}

/// The prototype of the scans as this machine computes it.
fn own_prototype(
    path: &std::path::Path,
    info: &TokenInfo,
    dataset: &Dataset,
    scans: &[Scan],
) -> Result<Vec<f32>, Failure> {
    let model = crate::model::load(path)?;
    if *model.digest() != info.model {
        let (given, held) = (hex::encode(model.digest()), hex::encode(&info.model));
        return Err(Failure::new(MODEL, format!("{}: model {given}, the token holds {held}", path.display())));
    }
    let embeddings = Embedder::open(&model, EmbeddingEngine::Core)?.scans(dataset, scans, usize::from(info.window))?;
    let mut prototype = vec![0.0f32; model.dims().latent];
    for embedding in &embeddings {
        prototype.iter_mut().zip(embedding).for_each(|(total, component)| *total += component);
    }
    prototype.iter_mut().for_each(|total| *total /= embeddings.len() as f32);
    Ok(prototype)
}
