//! The administrator's commands: `token provision`, `rotate`, `reset-attempts`, `set-policy`, `revoke` and `wipe`.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use neural_vault_core::key::DeviceSecret;
use neural_vault_core::wire::{AdminKey, Policy, Provisioning, State};
use serde_json::json;

use super::connection::{AdminArguments, PortArguments, admin_key, ask_for_consent};
use super::look::state_name;
use crate::cli::console::Console;
use crate::cli::failure::{Failure, MODEL, TOKEN, USAGE};
use crate::cli::secret_file::{new_secret, read_secret};
use crate::files::Existing;
use crate::hex;
use crate::model::Model;

/// Provision a blank token for one administrator and one model.
///
/// Secrets cross the link unencrypted: do it where nobody can listen.
#[derive(Args)]
#[command(group(ArgGroup::new("secret").required(true).args(["device_secret", "generate"])))]
pub struct ProvisionArguments {
    #[command(flatten)]
    port: PortArguments,
    /// The model that the token holds: its folder, or its .safetensors, .onnx or .nvb file.
    #[arg(long, value_name = "M")]
    model: PathBuf,
    /// The administrator's key: 32 bytes, or 64 hexadecimal digits; a new one is written when there is no such file.
    #[arg(long, value_name = "FILE")]
    admin_key: PathBuf,
    /// The device's secret: 32 bytes, or 64 hexadecimal digits.
    #[arg(long, value_name = "FILE")]
    device_secret: Option<PathBuf>,
    /// Let the token draw its own device secret, which never leaves it.
    #[arg(long)]
    generate: bool,
    /// Frames a window; the model's own when not given.
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u8).range(1..))]
    window: Option<u8>,
    /// Let keys leave the token.
    #[arg(long)]
    allow_export: bool,
}

/// Give a slot's enrolment a new identifier, so that it has new keys and the old ones cannot be derived again.
#[derive(Args)]
pub struct RotateArguments {
    #[command(flatten)]
    slot: SlotArguments,
}

/// Restore all attempts of a slot.
#[derive(Args)]
pub struct ResetArguments {
    #[command(flatten)]
    slot: SlotArguments,
}

/// Empty a slot.
#[derive(Args)]
pub struct RevokeArguments {
    #[command(flatten)]
    slot: SlotArguments,
}

/// Change the policy of a token.
#[derive(Args)]
pub struct PolicyArguments {
    #[command(flatten)]
    port: PortArguments,
    #[command(flatten)]
    admin: AdminArguments,
    /// Whether keys may leave the token.
    #[arg(long, value_name = "BOOL", action = clap::ArgAction::Set)]
    allow_export: bool,
}

/// Erase all secrets and enrolments of a token, which is blank afterwards.
#[derive(Args)]
pub struct WipeArguments {
    #[command(flatten)]
    port: PortArguments,
    /// The administrator's key; not needed when the token's records are damaged.
    #[arg(long, value_name = "FILE")]
    admin_key: Option<PathBuf>,
}

#[derive(Args)]
struct SlotArguments {
    #[command(flatten)]
    port: PortArguments,
    #[command(flatten)]
    admin: AdminArguments,
    /// The slot.
    #[arg(long, value_name = "N", default_value_t = 0)]
    slot: u8,
}

pub fn provision(arguments: &ProvisionArguments, console: &Console) -> Result<(), Failure> {
    let model = crate::model::load(&arguments.model)?;
    let digest = *model.digest();
    let device_secret =
        arguments.device_secret.as_deref().map(|path| read_secret(path, DeviceSecret::from_bytes, console));
    let device_secret = device_secret.transpose()?;
    let mut client = arguments.port.open()?;
    let info = client.info()?;
    let port = client.port().to_string();
    if info.state != State::Blank {
        let state = state_name(info.state);
        return Err(Failure::new(TOKEN, format!("{port}: the token is {state}, not blank: wipe it first")));
    }
    if info.features == 0 {
        return Err(Failure::new(MODEL, format!("{port}: the token holds no sound model: flash it again")));
    }
    if info.model != digest {
        let (held, given) = (hex::encode(&info.model), hex::encode(&digest));
        let text = format!("{port}: the token holds model {held}, not {given}; give its model, or flash this one");
        return Err(Failure::new(MODEL, text));
    }
    let window = arguments.window.map_or_else(|| own_window(&model), Ok)?;
    let admin_key = if arguments.admin_key.exists() {
        admin_key(&arguments.admin_key, console)?
    } else {
        new_admin_key(&arguments.admin_key, console)?
    };
    ask_for_consent(&client, console);
    client.provision(&Provisioning {
        device_secret,
        admin_key,
        model: digest,
        window,
        policy: Policy { allow_export: arguments.allow_export },
    })?;
    let text = format!("{port}: provisioned for model {}, window {window}\n", hex::encode(&digest));
    let value = json!({
        "port": port, "model_digest": hex::encode(&digest), "window": window, "allow_export": arguments.allow_export,
        "device_secret": if arguments.generate { "drawn by the token" } else { "given" },
        "admin_key": arguments.admin_key.display().to_string(),
    });
    console.result("token-provision", &text, value)
}

pub fn rotate(arguments: &RotateArguments, console: &Console) -> Result<(), Failure> {
    let SlotArguments { port, admin, slot } = &arguments.slot;
    let key = admin.key(console)?;
    let id = hex::encode(&port.open()?.rotate(&key, *slot)?);
    let text = format!("slot {slot}: enrolment {id}; its old keys are gone\n");
    console.result("token-rotate", &text, json!({ "slot": slot, "id": id }))
}

pub fn reset_attempts(arguments: &ResetArguments, console: &Console) -> Result<(), Failure> {
    let SlotArguments { port, admin, slot } = &arguments.slot;
    let key = admin.key(console)?;
    port.open()?.reset_attempts(&key, *slot)?;
    console.result("token-reset-attempts", &format!("slot {slot}: has all its attempts\n"), json!({ "slot": slot }))
}

pub fn revoke(arguments: &RevokeArguments, console: &Console) -> Result<(), Failure> {
    let SlotArguments { port, admin, slot } = &arguments.slot;
    let key = admin.key(console)?;
    port.open()?.revoke(&key, *slot)?;
    console.result("token-revoke", &format!("slot {slot}: empty\n"), json!({ "slot": slot }))
}

pub fn set_policy(arguments: &PolicyArguments, console: &Console) -> Result<(), Failure> {
    let PolicyArguments { port, admin, allow_export } = arguments;
    let key = admin.key(console)?;
    port.open()?.set_policy(&key, Policy { allow_export: *allow_export })?;
    let text = if *allow_export { "keys may leave the token\n" } else { "keys stay in the token\n" };
    console.result("token-set-policy", text, json!({ "allow_export": allow_export }))
}

pub fn wipe(arguments: &WipeArguments, console: &Console) -> Result<(), Failure> {
    let key = match &arguments.admin_key {
        Some(path) => admin_key(path, console)?,
        // A token with damaged records has no key to compare this one with; any other token refuses it.
        None => AdminKey::from_bytes(&[0; 32]),
    };
    let mut client = arguments.port.open()?;
    let port = client.port().to_string();
    ask_for_consent(&client, console);
    client.wipe(&key)?;
    console.result("token-wipe", &format!("{port}: blank\n"), json!({ "port": port }))
}

/// The model's own window, where it is no longer than a token can hold.
fn own_window(model: &Model) -> Result<u8, Failure> {
    let window = model.provenance().window;
    u8::try_from(window).map_err(|_| {
        let longest = u8::MAX;
        Failure::new(
            USAGE,
            format!("the model's window is {window} frames, a token's at most {longest}; give --window"),
        )
    })
}

fn new_admin_key(path: &Path, console: &Console) -> Result<AdminKey, Failure> {
    let key = new_secret(path, Existing::Keep, AdminKey::from_bytes)?;
    console.note(format!("{}: a new administrator's key; without it the token cannot be administered", path.display()));
    Ok(key)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::model::{Provenance, initialise, linear_dims};

    #[test]
    fn a_window_that_a_token_cannot_hold_is_refused_and_not_shortened() {
        let model = |window| initialise(linear_dims(4), Provenance { window, ..Provenance::default() }, 1).unwrap();
        assert_eq!(own_window(&model(255)).ok(), Some(255));
        assert_eq!(own_window(&model(256)).unwrap_err().code, USAGE);
    }
}
