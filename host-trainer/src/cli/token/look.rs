//! `token list`, `info` and `self-test`: find tokens, and show their state.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use neural_vault_core::wire::{
    AcceptedRisk, Policy, Refusal, SlotEnrolment, SlotInfo, State, TABLE, TokenInfo, VERSION, capability, part,
};
use serde_json::{Value, json};

use super::connection::{TokenArguments, admin_key};
use crate::cli::console::Console;
use crate::cli::error_rate;
use crate::cli::failure::{Failure, TOKEN};
use crate::enrolment::describe_false_matches;
use crate::escape::Escaped;
use crate::hex;
use crate::token::{Client, serial_devices};

/// Show the board, the model and the state of a token.
#[derive(Args)]
pub struct InfoArguments {
    #[command(flatten)]
    token: TokenArguments,
    /// The administrator's key: with it the slots are listed as well, by the token whose key is given.
    #[arg(long, value_name = "FILE")]
    admin_key: Option<PathBuf>,
}

/// Let a token test its parts: ciphers, random generator, flash, model.
#[derive(Args)]
pub struct SelfTestArguments {
    #[command(flatten)]
    token: TokenArguments,
}

const CAPABILITIES: [(u32, &str); 4] = [
    (capability::MEASURE, "measure"),
    (capability::ROLLBACK_COUNTER, "rollback-counter"),
    (capability::CONFIRMATION, "confirmation"),
    (capability::FINGERPRINT, "fingerprint"),
];

const PARTS: [(u32, &str); 6] = [
    (part::KEY_DERIVATION, "key-derivation"),
    (part::SEALING, "sealing"),
    (part::ENTROPY, "entropy"),
    (part::STORAGE, "storage"),
    (part::MODEL, "model"),
    (part::ENCODER, "encoder"),
];

pub fn list(console: &Console) -> Result<(), Failure> {
    let devices =
        serial_devices().map_err(|error| Failure::new(TOKEN, format!("cannot list serial ports: {error}")))?;
    if devices.is_empty() {
        console.note("no serial port; a token may also be at tcp:HOST:PORT or unix:PATH");
    }
    let (mut text, mut ports) = (String::new(), Vec::new());
    for device in &devices {
        let usb = device.usb.as_ref().map(|(vendor, product, names)| (format!("{vendor:04x}:{product:04x}"), names));
        let said = usb.as_ref().map_or(String::new(), |(numbers, names)| format!("  USB {numbers} {names}"));
        text += format!("{}{said}", device.path).trim_end();
        text.push('\n');
        let (numbers, names) = usb.unzip();
        ports.push(json!({ "port": device.path, "usb": numbers, "name": names }));
    }
    console.result("neural-vault/token-list/1", &text, json!({ "ports": ports }))
}

pub fn info(arguments: &InfoArguments, console: &Console) -> Result<(), Failure> {
    let key = match &arguments.admin_key {
        Some(path) => {
            arguments.token.check()?;
            Some(admin_key(path, console)?)
        }
        None => None,
    };
    let mut client = arguments.token.open_any(console)?;
    let info = client.info()?;
    let slots = key.map(|key| client.slots(&key)).transpose()?;
    if client.welcome().table != TABLE {
        console.note("note: token and program do not share all requests; use matching versions");
    }
    let slots = slots.as_ref().map(|slots| &slots[..]);
    console.result("neural-vault/token-info/2", &info_text(&client, &info, slots), info_value(&client, &info, slots))
}

pub fn self_test(arguments: &SelfTestArguments, console: &Console) -> Result<(), Failure> {
    let mut client = arguments.token.open_any(console)?;
    let passed = client.self_test().map_err(|error| match names(&PARTS, error.detail()).as_slice() {
        [] => error.into(),
        failed => Failure::new(TOKEN, format!("{error}: {}", failed.join(", "))),
    })?;
    let parts = names(&PARTS, passed);
    let value = json!({ "passed": parts, "fingerprint": fingerprint(&client), "verified": client.is_pinned() });
    console.result("neural-vault/token-self-test/1", &format!("sound: {}\n", parts.join(", ")), value)
}

fn fingerprint(client: &Client) -> String {
    client.token().fingerprint().to_string()
}

/// The name of a state as it is printed.
pub fn state_name(state: State) -> &'static str {
    match state {
        State::Blank => "blank",
        State::Provisioned => "provisioned",
        State::Enrolled => "enrolled",
        State::Locked => "locked",
        State::Disabled => "disabled",
    }
}

fn info_text(client: &Client, info: &TokenInfo, slots: Option<&[SlotInfo]>) -> String {
    let (welcome, [major, minor, patch]) = (client.welcome(), info.firmware);
    let model = match info.features {
        0 => "none that is sound".to_owned(),
        features => format!("{} ({features} features, {} components)", hex::encode(&info.model), info.latent),
    };
    let window = match info.window {
        0 => format!("at most {}", welcome.window),
        fewest if info.whole_scans => format!("none: scans of {fewest} or more frames, each embedded as a whole"),
        window => window.to_string(),
    };
    let mut text = format!("board         {}, firmware {major}.{minor}.{patch}, protocol {VERSION}\n", board(info));
    let mut line = |name: &str, value: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<14}{value}");
    };
    let verified = if client.is_pinned() { "the pinned token's" } else { "not verified" };
    line("fingerprint", format!("{}, {verified}", fingerprint(client)));
    line("state", state_text(info));
    line("model", model);
    line("window", window);
    if info.frames > 0 {
        line("probes", format!("{} frames", info.frames));
    }
    policy_text(&info.policy).lines().for_each(|text| line("policy", text.to_owned()));
    if !matches!(info.state, State::Blank | State::Disabled) {
        line("attempts", format!("{} of {} left, over all slots", attempts_left(info), info.budget));
    }
    if let Some(risk) = &info.accepted_risk {
        line("risk", format!("accepted: {}", risk_text(risk)));
    }
    line("capabilities", names(&CAPABILITIES, welcome.capabilities).join(", "));
    line("slots", welcome.slots.to_string());
    line("epoch", format!("{}, generation {}", info.epoch, info.generation));
    line("uptime", format!("{:.1} s", info.uptime as f64 / 1000.0));
    for (number, slot) in slots.unwrap_or_default().iter().enumerate() {
        line(&format!("slot {number}"), slot.as_ref().map_or("empty".to_owned(), slot_text));
    }
    text
}

/// The state, and why it is `disabled`.
fn state_text(info: &TokenInfo) -> String {
    match disabled(info) {
        Some(reason) => format!("{}: {reason}", state_name(info.state)),
        None => state_name(info.state).to_owned(),
    }
}

/// Why a token is disabled.
fn disabled(info: &TokenInfo) -> Option<String> {
    (info.disabled != 0).then(|| Refusal { number: info.disabled, detail: 0 }.to_string())
}

fn attempts_left(info: &TokenInfo) -> u8 {
    info.budget.saturating_sub(info.misses)
}

fn risk_text(risk: &AcceptedRisk) -> String {
    let chance = error_rate::percent(risk.chance.into());
    format!("{} attempts, in which a stranger's chance is up to {chance}", risk.attempts)
}

fn slot_text(held: &SlotEnrolment) -> String {
    let risk = held.accepted_risk.map_or(String::new(), |risk| format!(", accepted: {}", risk_text(&risk)));
    let id = hex::encode(&held.id);
    let probes = if held.frames == 0 { String::new() } else { format!("  probes of {} frames", held.frames) };
    format!(
        "{}  id {id}  threshold {:.4}{probes}  attempts {}\n{:14}FMR {}{risk}",
        Escaped(held.label.as_str()),
        held.threshold,
        held.budget,
        "",
        error_rate::rate(&held.false_matches),
    )
}

/// A policy in lines.
pub fn policy_text(policy: &Policy) -> String {
    let export = if policy.allow_export { "keys may leave the token" } else { "keys stay in the token" };
    let confirmed = [(policy.confirm_verify, "verification"), (policy.confirm_challenge, "challenge")];
    let confirmed: Vec<&str> = confirmed.into_iter().filter_map(|(set, name)| set.then_some(name)).collect();
    let person = match confirmed[..] {
        [] => String::new(),
        _ => format!("a person at the token confirms each {}\n", confirmed.join(" and each ")),
    };
    format!("{export}\n{person}")
}

/// A policy as JSON.
pub fn policy_value(policy: &Policy) -> Value {
    let Policy { allow_export, confirm_verify, confirm_challenge } = policy;
    json!({ "allow_export": allow_export, "confirm_verify": confirm_verify, "confirm_challenge": confirm_challenge })
}

fn info_value(client: &Client, info: &TokenInfo, slots: Option<&[SlotInfo]>) -> Value {
    let welcome = client.welcome();
    let [major, minor, patch] = info.firmware;
    let risk = |risk: AcceptedRisk| json!({ "attempts": risk.attempts, "chance_percent": percent(risk.chance) });
    let held = |held: &SlotEnrolment| {
        json!({
            "label": held.label.as_str(), "id": hex::encode(&held.id), "threshold": held.threshold,
            "probe_frames": (held.frames > 0).then_some(held.frames),
            "false_matches": describe_false_matches(&held.false_matches), "attempts": held.budget,
            "accepted_risk": held.accepted_risk.map(risk),
        })
    };
    let slot = |(number, slot): (usize, &SlotInfo)| json!({ "slot": number, "enrolment": slot.as_ref().map(held) });
    let mut value = json!({
        "port": client.port().to_string(), "board": board(info), "firmware": format!("{major}.{minor}.{patch}"),
        "protocol": VERSION, "same_requests": welcome.table == TABLE, "fingerprint": fingerprint(client),
        "verified": client.is_pinned(), "state": state_name(info.state), "disabled_reason": disabled(info),
        "model_digest": (info.features > 0).then(|| hex::encode(&info.model)), "features": info.features,
        "latent": info.latent, "window_frames": info.window, "whole_scans": info.whole_scans,
        "probe_frames": (info.frames > 0).then_some(info.frames), "longest_window_frames": welcome.window,
        "misses": info.misses, "attempts": info.budget, "attempts_left": attempts_left(info),
        "accepted_risk": info.accepted_risk.map(risk), "capabilities": names(&CAPABILITIES, welcome.capabilities),
        "slots": welcome.slots, "epoch": info.epoch, "generation": info.generation, "uptime_ms": info.uptime,
        "enrolments": slots.map(|slots| slots.iter().enumerate().map(slot).collect::<Vec<_>>()),
    });
    if let (Some(value), Value::Object(policy)) = (value.as_object_mut(), policy_value(&info.policy)) {
        value.extend(policy);
    }
    value
}

fn percent(fraction: f32) -> f64 {
    f64::from(fraction) * 100.0
}

/// The board's name; bytes that are not printable ASCII become dots.
fn board(info: &TokenInfo) -> String {
    let name = info.board.split(|&byte| byte == 0).next().unwrap_or_default();
    name.iter().map(|&byte| if byte.is_ascii_graphic() { char::from(byte) } else { '.' }).collect()
}

fn names(table: &[(u32, &'static str)], bits: u32) -> Vec<&'static str> {
    table.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| *name).collect()
}
