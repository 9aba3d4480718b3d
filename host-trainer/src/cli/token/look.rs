//! `token list`, `info` and `self-test`: find tokens, and show their state.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use neural_vault_core::wire::{SlotInfo, State, TABLE, TokenInfo, VERSION, capability, part};
use serde_json::{Value, json};

use super::connection::{PortArguments, admin_key};
use crate::cli::console::Console;
use crate::cli::failure::{Failure, TOKEN};
use crate::escape::Escaped;
use crate::hex;
use crate::token::{Client, serial_devices};

/// Show the board, the model and the state of a token.
#[derive(Args)]
pub struct InfoArguments {
    #[command(flatten)]
    port: PortArguments,
    /// The administrator's key: with it the slots are listed as well.
    #[arg(long, value_name = "FILE")]
    admin_key: Option<PathBuf>,
}

/// Let a token test its parts: ciphers, random generator, flash, model.
#[derive(Args)]
pub struct SelfTestArguments {
    #[command(flatten)]
    port: PortArguments,
}

const CAPABILITIES: [(u32, &str); 3] = [
    (capability::MEASURE, "measure"),
    (capability::ROLLBACK_COUNTER, "rollback-counter"),
    (capability::CONFIRMATION, "confirmation"),
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
    console.result("token-list", &text, json!({ "ports": ports }))
}

pub fn info(arguments: &InfoArguments, console: &Console) -> Result<(), Failure> {
    let key = arguments.admin_key.as_deref().map(|path| admin_key(path, console)).transpose()?;
    let mut client = arguments.port.open()?;
    let info = client.info()?;
    let slots = key.map(|key| client.slots(&key)).transpose()?;
    if client.welcome().table != TABLE {
        console.note("note: token and program do not share all requests; use matching versions");
    }
    let slots = slots.as_ref().map(|slots| &slots[..]);
    console.result("token-info", &info_text(&client, &info, slots), info_value(&client, &info, slots))
}

pub fn self_test(arguments: &SelfTestArguments, console: &Console) -> Result<(), Failure> {
    let mut client = arguments.port.open()?;
    let passed = client.self_test().map_err(|error| match names(&PARTS, error.detail()).as_slice() {
        [] => error.into(),
        failed => Failure::new(TOKEN, format!("{error}: {}", failed.join(", "))),
    })?;
    let parts = names(&PARTS, passed);
    console.result("token-self-test", &format!("sound: {}\n", parts.join(", ")), json!({ "passed": parts }))
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
        window => window.to_string(),
    };
    let mut text = format!(
        "board         {}, firmware {major}.{minor}.{patch}, protocol {VERSION}\n\
         state         {}\n\
         model         {model}\n\
         window        {window}\n\
         export        {}\n\
         capabilities  {}\n\
         slots         {}\n\
         epoch         {}\n\
         uptime        {:.1} s\n",
        board(info),
        state_name(info.state),
        if info.allow_export { "allowed" } else { "forbidden" },
        names(&CAPABILITIES, welcome.capabilities).join(", "),
        welcome.slots,
        info.epoch,
        info.uptime as f64 / 1000.0,
    );
    for (number, slot) in slots.unwrap_or_default().iter().enumerate() {
        let held = match &slot.enrolment {
            Some(held) => format!(
                "{}  id {}  threshold {:.4}",
                Escaped(held.label.as_str()),
                hex::encode(&held.id),
                held.threshold
            ),
            None => "empty".to_owned(),
        };
        let disabled = if slot.disabled { ", disabled" } else { "" };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "slot {number}        {held}  misses {}{disabled}", slot.misses);
    }
    text
}

fn info_value(client: &Client, info: &TokenInfo, slots: Option<&[SlotInfo]>) -> Value {
    let welcome = client.welcome();
    let [major, minor, patch] = info.firmware;
    let slot = |(number, slot): (usize, &SlotInfo)| {
        let held = slot.enrolment.as_ref().map(
            |held| json!({ "label": held.label.as_str(), "id": hex::encode(&held.id), "threshold": held.threshold }),
        );
        json!({ "slot": number, "enrolment": held, "misses": slot.misses, "disabled": slot.disabled })
    };
    json!({
        "port": client.port().to_string(), "board": board(info), "firmware": format!("{major}.{minor}.{patch}"),
        "protocol": VERSION, "same_requests": welcome.table == TABLE, "state": state_name(info.state),
        "model_digest": (info.features > 0).then(|| hex::encode(&info.model)), "features": info.features,
        "latent": info.latent, "window": info.window, "longest_window": welcome.window,
        "allow_export": info.allow_export, "capabilities": names(&CAPABILITIES, welcome.capabilities),
        "slots": welcome.slots, "epoch": info.epoch, "uptime_ms": info.uptime,
        "held": slots.map(|slots| slots.iter().enumerate().map(slot).collect::<Vec<_>>()),
    })
}

/// The board's name; bytes that are not printable ASCII become dots.
fn board(info: &TokenInfo) -> String {
    let name = info.board.split(|&byte| byte == 0).next().unwrap_or_default();
    name.iter().map(|&byte| if byte.is_ascii_graphic() { char::from(byte) } else { '.' }).collect()
}

fn names(table: &[(u32, &'static str)], bits: u32) -> Vec<&'static str> {
    table.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| *name).collect()
}
