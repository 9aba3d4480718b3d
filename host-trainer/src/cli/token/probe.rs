//! `token verify`, `challenge` and `export-key`: what an accepted scan releases; each costs an attempt.

use std::path::PathBuf;

use clap::Args;
use neural_vault_core::challenge::ChallengeKey;
use neural_vault_core::wire::{
    Fault, KeyRequest, MAX_APPLICATION, Policy as TokenPolicy, Purpose, Question, TokenInfo,
};
use rand::RngExt;
use serde_json::json;

use super::connection::{TokenArguments, ask_for_consent, send_scan};
use crate::cli::arguments::{DataArguments, only_scan};
use crate::cli::console::Console;
use crate::cli::digits::Digits;
use crate::cli::failure::{DATA, Failure, REJECTED, TOKEN, USAGE};
use crate::cli::names::name;
use crate::cli::output::{Force, Outputs, new_key_file, write_key_file};
use crate::cli::secret_file::read_secret;
use crate::dataset::{Dataset, Scan};
use crate::enrolment::Policy;
use crate::escape::Escaped;
use crate::files::Readers;
use crate::hex;
use crate::token::{Client, TokenError};

/// Let a token verify a scan: exit code 0 accepts, 1 rejects.
#[derive(Args)]
pub struct VerifyArguments {
    #[command(flatten)]
    probe: ProbeArguments,
}

/// Let a token answer a challenge: proof of the challenge key that an accepted scan releases.
#[derive(Args)]
pub struct ChallengeArguments {
    #[command(flatten)]
    probe: ProbeArguments,
    /// Check the answer under the challenge key that `token enroll --challenge-key` or `token rotate --challenge-key` wrote.
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
    /// The nonce, 64 hexadecimal digits; when not given, it is drawn and printed.
    #[arg(long, value_name = "HEX", value_parser = nonce)]
    nonce: Option<Nonce>,
    /// What the answer is for: it is no answer in another context.
    #[arg(long, value_name = "TEXT", default_value = "", value_parser = context)]
    context: String,
}

/// Export the key that an accepted scan releases, from a token whose policy allows it.
#[derive(Args)]
pub struct ExportArguments {
    #[command(flatten)]
    probe: ProbeArguments,
    /// What the key is for: keys of two contexts are independent.
    #[arg(long, value_name = "TEXT", default_value = "", value_parser = context)]
    context: String,
    /// The file for the key, 64 hexadecimal digits, readable by its owner only.
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    force: Force,
}

/// A scan, and the slot to compare it with.
#[derive(Args)]
struct ProbeArguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    token: TokenArguments,
    /// The slot.
    #[arg(long, value_name = "N", default_value_t = 0)]
    slot: u8,
    /// Label of the scan, where the recording holds several.
    #[arg(long, value_name = "L", value_parser = name)]
    label: Option<String>,
    /// Session of the scan, where the recording holds several.
    #[arg(long, value_name = "S", value_parser = name)]
    session: Option<String>,
    /// Number of windows to use, from the start of the scan; all when not given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    windows: Option<u32>,
    /// Number of frames to send, from the start of the scan: as many as the enrolment's probes have, which `token enroll`
    /// prints. An enrolment rejects scans of another length, and that costs an attempt. When not given, the number that the
    /// token's enrolments share; where there is none, all frames, or the fewest that a connectome model takes.
    #[arg(long, value_name = "N", conflicts_with = "windows", value_parser = clap::value_parser!(u32).range(1..))]
    frames: Option<u32>,
}

type Nonce = [u8; 32];

pub fn verify(arguments: &VerifyArguments, console: &Console) -> Result<u8, Failure> {
    let ProbeArguments { slot, .. } = arguments.probe;
    let (mut client, policy) = arguments.probe.send(Purpose::Verify { slot }, console)?;
    if policy.confirm_verify {
        ask_for_consent(&client, console);
    }
    let accepted = accepted(client.verify())?.is_some();
    let text = if accepted { "accepted\n" } else { "rejected\n" };
    console.result("neural-vault/token-verify/1", text, json!({ "accepted": accepted, "slot": slot }))?;
    Ok(if accepted { 0 } else { REJECTED })
}

pub fn challenge(arguments: &ChallengeArguments, console: &Console) -> Result<u8, Failure> {
    let ChallengeArguments { probe, check, context, .. } = arguments;
    let (slot, application) = (probe.slot, context.as_bytes());
    let key = check.as_deref().map(|path| read_secret(path, ChallengeKey::from_bytes, console)).transpose()?;
    let nonce = arguments.nonce.unwrap_or_else(|| rand::rng().random());
    let (mut client, policy) = probe.send(Purpose::Challenge(Question { slot, nonce, application }), console)?;
    if policy.confirm_challenge {
        ask_for_consent(&client, console);
    }
    let answer = accepted(client.challenge())?;
    let checked = key.is_some() && answer.is_some();
    if let (Some(key), Some(answer), Some(path)) = (&key, &answer, check) {
        let expected = key.answer(application, &nonce).map_err(|error| Failure::new(USAGE, error))?;
        if expected != *answer {
            let text = format!(
                "{}: the answer is not that of the enrolment whose challenge key {} holds: the slot was enrolled or \
                 rotated since, or it is another token",
                client.port(),
                path.display()
            );
            return Err(Failure::new(TOKEN, text));
        }
    }
    let answer = answer.map(|answer| hex::encode(&answer));
    let mut text = answer.as_deref().unwrap_or("rejected").to_owned() + "\n";
    if arguments.nonce.is_none() && answer.is_some() {
        text = format!("nonce  {}\nanswer {text}", hex::encode(&nonce));
    }
    if checked {
        text += "the answer is right\n";
    }
    let accepted = answer.is_some();
    let value = json!({
        "accepted": accepted, "slot": slot, "nonce": hex::encode(&nonce), "answer": answer, "checked": checked,
    });
    console.result("neural-vault/token-challenge/1", &text, value)?;
    Ok(if accepted { 0 } else { REJECTED })
}

pub fn export_key(arguments: &ExportArguments, console: &Console) -> Result<u8, Failure> {
    let ProbeArguments { slot, .. } = arguments.probe;
    arguments.probe.token.check()?;
    Outputs::new(arguments.force, arguments.probe.data.paths()).file(&arguments.output, "")?;
    // Created first, so that no attempt is spent on a key that cannot be written.
    let file = new_key_file(&arguments.output, Readers::Owner, arguments.force.existing())?;
    let request = KeyRequest { slot, application: arguments.context.as_bytes() };
    let (mut client, _) = arguments.probe.send(Purpose::Export(request), console)?;
    ask_for_consent(&client, console);
    let Some(key) = accepted(client.export_key())? else {
        console.result(
            "neural-vault/token-export-key/1",
            "rejected\n",
            json!({ "accepted": false, "slot": slot, "file": null }),
        )?;
        return Ok(REJECTED);
    };
    write_key_file(file, &arguments.output, &Digits::new(key.expose_secret()).line())?;
    let path = arguments.output.display().to_string();
    let value = json!({ "accepted": true, "slot": slot, "file": path });
    console.result("neural-vault/token-export-key/1", &format!("{path}: the key of slot {slot}\n"), value)?;
    Ok(0)
}

impl ProbeArguments {
    /// Reads the scan and sends it to the token; returns the token's policy too.
    fn send(&self, purpose: Purpose<'_>, console: &Console) -> Result<(Client, TokenPolicy), Failure> {
        self.token.check()?;
        let dataset = self.data.load(console)?;
        let scan = only_scan(&dataset, self.label.as_deref(), self.session.as_deref())?;
        let mut client = self.token.open(console)?;
        let info = client.info()?;
        let part = self.part(&dataset, &scan, &info)?;
        send_scan(&mut client, purpose, &dataset, &part, &info, console)?;
        Ok((client, info.policy))
    }

    /// The part of the scan that is sent.
    fn part(&self, dataset: &Dataset, scan: &Scan, info: &TokenInfo) -> Result<Scan, Failure> {
        if info.whole_scans && self.windows.is_some() {
            let text = "the token's model embeds a scan as a whole and cuts no windows: give --frames N";
            return Err(Failure::new(USAGE, text));
        }
        let shared = (info.frames > 0 && self.windows.is_none()).then_some(info.frames);
        let fewest = info.whole_scans.then_some(u32::from(info.window));
        let Some(frames) = self.frames.or(shared).or(fewest) else {
            let policy = Policy { window: info.window.into(), windows: self.windows.unwrap_or(0), centred: false };
            return Ok(policy.probe(dataset, scan));
        };
        // As frames of a scan that is embedded as a whole count those of windows of one frame.
        let window = if info.whole_scans { 1 } else { usize::from(info.window).max(1) };
        let policy = Policy::plain(window);
        policy.first_frames(dataset, scan, frames as usize).ok_or_else(|| {
            let (label, session) = (&dataset.labels[scan.label as usize], &dataset.sessions[scan.session as usize]);
            let found = policy.frames(dataset, scan);
            let whole = if window > 1 { format!(", in windows of {window}") } else { String::new() };
            let text = format!(
                "label `{}`, session `{}`: {found} frames{whole}, of which {frames} cannot be sent; nothing was sent, and no \
                 attempt is spent",
                Escaped(label),
                Escaped(session)
            );
            Failure::new(DATA, text)
        })
    }
}

/// What the token released; `None` when it rejected the scan.
fn accepted<T>(outcome: Result<T, TokenError>) -> Result<Option<T>, Failure> {
    match outcome {
        Ok(released) => Ok(Some(released)),
        Err(error) if error.fault() == Some(Fault::Rejected) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn nonce(text: &str) -> Result<Nonce, String> {
    let mut nonce = [0; 32];
    match base16ct::mixed::decode(text, &mut nonce) {
        Ok(decoded) if decoded.len() == 32 => Ok(nonce),
        _ => Err(format!("`{text}` is not 64 hexadecimal digits")),
    }
}

fn context(text: &str) -> Result<String, String> {
    if text.len() > MAX_APPLICATION {
        return Err(format!("a context has at most {MAX_APPLICATION} bytes"));
    }
    Ok(text.to_owned())
}
