//! `token enroll`: the token embeds the scans itself, and the host checks the digest of the token's prototype.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use neural_vault_core::budget::{AcceptedRisk, FalseMatches, MAX_ATTEMPTS, chance};
use neural_vault_core::verify::Threshold;
use neural_vault_core::wire::{self, LABEL_LENGTH, Label, Purpose, TokenInfo};
use serde_json::json;

use super::challenge_key::ChallengeKeyArguments;
use super::connection::{AdminArguments, TokenArguments, send_scan, send_values};
use super::own_prototype::own_prototype;
use crate::cli::arguments::{DataArguments, cosine};
use crate::cli::console::Console;
use crate::cli::error_rate::{self, percent};
use crate::cli::failure::{DATA, Failure, MODEL, TOKEN, USAGE};
use crate::cli::names::{self, check_label, check_session, name, sessions_of};
use crate::dataset::{Dataset, Scan, check_frames};
use crate::enrolment::{Enrolment, describe_false_matches};
use crate::escape::Escaped;
use crate::hex;
use crate::token::prototype_digest;

/// Enrol a label on a token, which embeds the scans itself.
///
/// The false match rate of the enrolment's threshold decides how many attempts in a row, over all slots, the token takes: as
/// many as keep a stranger's chance at 2 % or below. An enrolment that allows none is refused, unless --accept-risk names a
/// number of attempts.
#[derive(Args)]
#[command(group(ArgGroup::new("accept").required(true).args(["enrolment", "threshold"])))]
pub struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    token: TokenArguments,
    #[command(flatten)]
    challenge_key: ChallengeKeyArguments,
    #[command(flatten)]
    admin: AdminArguments,
    /// The slot, whose enrolment is replaced.
    #[arg(long, value_name = "N", default_value_t = 0)]
    slot: u8,
    /// An enrolment on this machine, for the threshold and its false match rate, and for the label and sessions when they are
    /// not given.
    #[arg(long, value_name = "R.nve")]
    enrolment: Option<PathBuf>,
    /// The threshold, -1 to 1. Nothing says how many strangers it accepts, so it needs --accept-risk.
    #[arg(long, value_name = "COSINE", allow_hyphen_values = true, value_parser = cosine, requires = "accept_risk")]
    threshold: Option<Threshold>,
    /// Let a stranger have so many attempts, 1 to 50, though their chance exceeds 2 %; it is stated, and `token info` shows it.
    #[arg(long, value_name = "ATTEMPTS", value_parser = clap::value_parser!(u8).range(1..=i64::from(MAX_ATTEMPTS)))]
    accept_risk: Option<u8>,
    /// Frames of every probe: the token rejects scans of another length. When not given, the longest that the enrolment's
    /// threshold was measured with; a threshold by hand then holds for scans of any length.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    frames: Option<u32>,
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
    let (threshold, frames) = threshold(arguments, record.as_ref())?;
    let label = arguments.label.as_deref().or(record.as_ref().map(|record| record.label.as_str()));
    let label = label.ok_or_else(|| Failure::new(USAGE, "give --enrolment R.nve or --label L"))?;
    let name = arguments.name.as_deref().unwrap_or(label);
    let wire_label = Label::new(name).ok_or_else(|| {
        Failure::new(USAGE, format!("`{name}` is longer than a token's {LABEL_LENGTH} bytes; give a shorter --name"))
    })?;
    arguments.token.check()?;
    let key = arguments.admin.key(console)?;
    let dataset = arguments.data.load(console)?;
    let sessions = match (arguments.sessions.as_slice(), &record) {
        ([], Some(record)) => record.sessions.clone(),
        (given, _) => names::sessions(given, &dataset)?,
    };
    let scans = chosen(&dataset, label, &sessions)?;

    let false_matches = match &record {
        Some(record) if is_measured(record, label, &sessions) => record.false_matches(),
        Some(_) => {
            console.note(
                "note: these are not the enrolment's label and sessions, so its false match rate does not count here",
            );
            FalseMatches::UNKNOWN
        }
        None => FalseMatches::UNKNOWN,
    };
    let accepted = arguments.accept_risk.map(|attempts| accept_risk(&false_matches, attempts)).transpose()?;
    let attempts = false_matches.attempts(accepted).map_err(|_| too_risky(arguments, &false_matches))?;
    let chance_of = percent(chance(false_matches.bound, attempts).into());
    if accepted.is_some() {
        console
            .note(format!("note: {attempts} attempts are accepted, in which a stranger's chance is up to {chance_of}"));
    }

    let challenge_key = arguments.challenge_key.create(arguments.data.paths())?;
    let mut client = arguments.token.open(console)?;
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

    // A model of whole scans embeds all frames as one.
    let parts = if info.whole_scans { 1 } else { scans.len() };
    let count = u8::try_from(parts)
        .map_err(|_| Failure::new(DATA, format!("{parts} scans; a token takes at most {}", u8::MAX)))?;
    let mut prototype = [0; 32];
    for (number, scan) in (1..=count).zip(&scans) {
        if info.whole_scans {
            scans.iter().try_for_each(|scan| check_frames(&dataset, scan.rows.clone()))?;
            send_values(&mut client, Purpose::Enrol, &dataset, label, &dataset.joined(&scans), console)?;
        } else {
            send_scan(&mut client, Purpose::Enrol, &dataset, scan, &info, console)?;
        }
        let taken = client.enrol_scan(number == 1)?;
        if taken.scans != number {
            let text = format!("{}: the token counts {} scans, not the {number} sent", client.port(), taken.scans);
            return Err(Failure::new(TOKEN, text));
        }
        prototype = taken.prototype;
        console.note(format!("scan {number} of {count}"));
    }
    match expected.as_deref().map(prototype_digest) {
        Some(own) if own != prototype => {
            let whose = if arguments.model.is_some() { "this machine's" } else { "the enrolment's" };
            let text = format!(
                "{}: the token's prototype is not {whose}: other recordings, or an enrolment made with another engine \
                 than core; nothing was enrolled. --model M compares with this machine's own",
                client.port()
            );
            return Err(Failure::new(TOKEN, text));
        }
        // Equal: what is signed below is this machine's own.
        Some(own) => prototype = own,
        None => console.note("note: the token's prototype is not checked; --model M checks it"),
    }
    let slot = arguments.slot;
    let command = wire::Enrolment {
        slot,
        label: wire_label,
        // What this machine sent, and no count of the token's.
        scans: count,
        threshold: threshold.cosine(),
        frames,
        prototype,
        false_matches,
        accepted_risk: accepted,
    };
    let enrolled = client.enrol(&key, command)?;
    challenge_key.write(&enrolled.challenge_key, console)?;
    let id = hex::encode(&enrolled.id);
    let threshold = threshold.cosine();
    let length = if frames == 0 { String::new() } else { format!(", probes of {frames} frames") };
    let text = format!(
        "slot {slot}: {} from {} scans, threshold {threshold:.4}{length}, enrolment {id}\n\
         attempts {attempts} over all slots, fewer where another slot's enrolment allows fewer; a stranger's chance in them is at \
         most {chance_of}{}\n",
        Escaped(name),
        scans.len(),
        if accepted.is_some() { ", which was accepted" } else { "" }
    );
    let value = json!({
        "slot": slot, "label": name, "id": id, "scans": scans.len(), "threshold": threshold,
        "probe_frames": (frames > 0).then_some(frames),
        "prototype_sha256": hex::encode(&prototype), "prototype_checked": expected.is_some(),
        "false_matches": describe_false_matches(&false_matches), "attempts": attempts,
        "chance_percent": 100.0 * f64::from(chance(false_matches.bound, attempts)),
        "risk_accepted": accepted.is_some(), "challenge_key_file": arguments.challenge_key.shown(),
    });
    console.result("neural-vault/token-enroll/2", &text, value)
}

/// The threshold, and the frames of the probes that it holds for; 0 for those of any length.
fn threshold(arguments: &Arguments, record: Option<&Enrolment>) -> Result<(Threshold, u32), Failure> {
    if let Some(threshold) = arguments.threshold {
        return Ok((threshold, arguments.frames.unwrap_or(0)));
    }
    let record = record.ok_or_else(|| Failure::new(USAGE, "give --enrolment R.nve or --threshold COSINE"))?;
    let measured = record.thresholds();
    let Some(longest) = measured.last() else {
        return Ok((record.threshold, arguments.frames.unwrap_or(0)));
    };
    let frames = arguments.frames.unwrap_or(longest.frames);
    match measured.iter().find(|probe| probe.frames == frames) {
        Some(probe) => Ok((probe.threshold, frames)),
        None => {
            let lengths: Vec<String> = measured.iter().map(|probe| probe.frames.to_string()).collect();
            let text = format!(
                "the enrolment has no threshold for probes of {frames} frames; it has some for {}",
                lengths.join(", ")
            );
            Err(Failure::new(USAGE, text))
        }
    }
}

/// Whether the false match rate of a record is that of the scans to enrol: those of its label in its sessions.
fn is_measured(record: &Enrolment, label: &str, sessions: &[String]) -> bool {
    let is_among = |some: &[String], others: &[String]| some.iter().all(|session| others.contains(session));
    record.label == label && is_among(sessions, &record.sessions) && is_among(&record.sessions, sessions)
}

/// The risk of so many attempts, which must be one: attempts that the false match rate allows need no acceptance.
fn accept_risk(found: &FalseMatches, attempts: u8) -> Result<AcceptedRisk, Failure> {
    match found.attempts(None) {
        Ok(budget) if attempts <= budget => {
            let text = format!("the enrolment allows {budget} attempts without a risk: leave --accept-risk out");
            Err(Failure::new(USAGE, text))
        }
        _ => Ok(AcceptedRisk { attempts, chance: chance(found.bound, attempts) }),
    }
}

/// Why an enrolment is refused whose false match rate allows no attempt.
fn too_risky(arguments: &Arguments, found: &FalseMatches) -> Failure {
    let path = arguments.enrolment.as_deref().unwrap_or(std::path::Path::new("")).display();
    Failure::new(
        MODEL,
        format!(
            "{path}: its false match rate is {}. Attempts that it allows: {}. Enrol with more trials or a lower --fmr, or let the \
             administrator accept the risk of N attempts with --accept-risk N",
            error_rate::rate(found),
            error_rate::attempts(found)
        ),
    )
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
    if !info.whole_scans && record.policy.window != u32::from(info.window) {
        return Err(format!(
            "enrolled with windows of {} frames, the token at {port} was provisioned for {}; enrol with --window {}",
            record.policy.window, info.window, info.window
        ));
    }
    Ok(())
}
