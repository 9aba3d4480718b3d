//! The administrator's commands: `token provision`, `rotate`, `reset-attempts`, `set-policy`, `revoke` and `wipe`.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use neural_vault_core::key::DeviceSecret;
use neural_vault_core::wire::{AdminKey, AttemptsReset, Policy, Provisioning, State};
use serde_json::json;

use super::challenge_key::ChallengeKeyArguments;
use super::connection::{
    AdminArguments, FirstContactArguments, PortArguments, TokenArguments, admin_key, ask_for_consent,
};
use super::key_file::{self, read_token_key};
use super::look::{policy_text, policy_value, state_name};
use crate::cli::arguments::window_or_own;
use crate::cli::console::Console;
use crate::cli::failure::{Failure, MODEL, TOKEN, USAGE};
use crate::cli::output::{new_key_file, write_key_file};
use crate::cli::secret_file::{new_secret, read_secret};
use crate::files::{Existing, Readers};
use crate::hex;

/// Provision a blank token for one administrator and one model.
///
/// The secrets go to the token that answers: at first contact compare its fingerprint, or do it where nobody else is on
/// the line.
#[derive(Args)]
#[command(group(ArgGroup::new("secret").required(true).args(["device_secret", "generate"])))]
pub struct ProvisionArguments {
    #[command(flatten)]
    port: PortArguments,
    #[command(flatten)]
    first_contact: FirstContactArguments,
    /// The token's public key; when there is no such file, it is written with the key that the token shows.
    #[arg(long, value_name = "FILE")]
    token_key: PathBuf,
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
    /// Frames a window, or for a connectome model the fewest of a scan; the model's own when not given.
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u8).range(1..))]
    window: Option<u8>,
    /// Let keys leave the token.
    #[arg(long)]
    allow_export: bool,
    /// Let a person at the token confirm each verification.
    #[arg(long)]
    confirm_verify: bool,
    /// Let a person at the token confirm each challenge.
    #[arg(long)]
    confirm_challenge: bool,
}

/// Give a slot's enrolment a new identifier, so that it has new keys and the old ones cannot be derived again.
#[derive(Args)]
pub struct RotateArguments {
    #[command(flatten)]
    slot: SlotArguments,
    #[command(flatten)]
    challenge_key: ChallengeKeyArguments,
}

/// Restore all attempts.
#[derive(Args)]
pub struct ResetArguments {
    #[command(flatten)]
    token: TokenArguments,
    #[command(flatten)]
    admin: AdminArguments,
}

/// Empty a slot.
#[derive(Args)]
pub struct RevokeArguments {
    #[command(flatten)]
    slot: SlotArguments,
}

/// Change the policy of a token; what is not given stays as it is.
#[derive(Args)]
#[command(group(ArgGroup::new("policy").required(true).multiple(true)))]
pub struct PolicyArguments {
    #[command(flatten)]
    token: TokenArguments,
    #[command(flatten)]
    admin: AdminArguments,
    /// Whether keys may leave the token; once they may not, only a wipe changes that.
    #[arg(long, value_name = "BOOL", group = "policy")]
    allow_export: Option<bool>,
    /// Whether a person at the token confirms each verification.
    #[arg(long, value_name = "BOOL", group = "policy")]
    confirm_verify: Option<bool>,
    /// Whether a person at the token confirms each challenge.
    #[arg(long, value_name = "BOOL", group = "policy")]
    confirm_challenge: Option<bool>,
}

/// Erase all secrets and enrolments of a token, which is blank afterwards.
#[derive(Args)]
pub struct WipeArguments {
    #[command(flatten)]
    token: TokenArguments,
    /// The administrator's key; neither it nor the token's key is needed when the token's records are damaged.
    #[arg(long, value_name = "FILE")]
    admin_key: Option<PathBuf>,
}

#[derive(Args)]
struct SlotArguments {
    #[command(flatten)]
    token: TokenArguments,
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
    let path = &arguments.token_key;
    let pinned = path.exists().then(|| read_token_key(path)).transpose()?;
    // Created first, so that no token is provisioned whose key cannot be kept.
    let mut key_file = match pinned {
        Some(_) => None,
        None => Some(new_key_file(path, Readers::All, Existing::Keep)?),
    };
    let mut client = arguments.port.open(pinned.as_ref())?;
    if !client.is_pinned() {
        arguments.first_contact.check(&client, console)?;
    }
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
    let window = token_window(window_or_own(arguments.window.map(usize::from), &model, console))?;
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
        policy: Policy {
            allow_export: arguments.allow_export,
            confirm_verify: arguments.confirm_verify,
            confirm_challenge: arguments.confirm_challenge,
        },
    })?;
    if let Some(file) = key_file.take() {
        write_key_file(file, path, &key_file::line(client.token()))?;
    }
    let text = format!("{port}: provisioned for model {}, window {window}\n", hex::encode(&digest));
    let value = json!({
        "port": port, "model_digest": hex::encode(&digest), "window_frames": window, "allow_export": arguments.allow_export,
        "device_secret": if arguments.generate { "generated" } else { "given" },
        "admin_key_file": arguments.admin_key.display().to_string(), "token_key_file": path.display().to_string(),
        "fingerprint": client.token().fingerprint().to_string(),
    });
    console.result("neural-vault/token-provision/2", &text, value)
}

pub fn rotate(arguments: &RotateArguments, console: &Console) -> Result<(), Failure> {
    let SlotArguments { token, admin, slot } = &arguments.slot;
    token.check()?;
    let key = admin.key(console)?;
    let challenge_key = arguments.challenge_key.create(None)?;
    let rotated = token.open(console)?.rotate(&key, *slot)?;
    challenge_key.write(&rotated.challenge_key, console)?;
    let id = hex::encode(&rotated.id);
    let text = format!("slot {slot}: enrolment {id}; its old keys are gone\n");
    let value = json!({ "slot": slot, "id": id, "challenge_key_file": arguments.challenge_key.shown() });
    console.result("neural-vault/token-rotate/2", &text, value)
}

pub fn reset_attempts(arguments: &ResetArguments, console: &Console) -> Result<(), Failure> {
    arguments.token.check()?;
    let key = arguments.admin.key(console)?;
    let AttemptsReset { misses, locked } = arguments.token.open(console)?.reset_attempts(&key)?;
    let locked_too =
        if locked { "; five misses in a row: take the token's power away before it verifies again" } else { "" };
    let text = format!("all attempts are back after {misses} misses{locked_too}\n");
    console.result("neural-vault/token-reset-attempts/1", &text, json!({ "misses": misses, "locked": locked }))
}

pub fn revoke(arguments: &RevokeArguments, console: &Console) -> Result<(), Failure> {
    let SlotArguments { token, admin, slot } = &arguments.slot;
    token.check()?;
    let key = admin.key(console)?;
    token.open(console)?.revoke(&key, *slot)?;
    console.result("neural-vault/token-revoke/1", &format!("slot {slot}: empty\n"), json!({ "slot": slot }))
}

pub fn set_policy(arguments: &PolicyArguments, console: &Console) -> Result<(), Failure> {
    let PolicyArguments { token, admin, allow_export, confirm_verify, confirm_challenge } = arguments;
    token.check()?;
    let key = admin.key(console)?;
    let mut client = token.open(console)?;
    let Policy { allow_export: export, confirm_verify: verify, confirm_challenge: challenge } = client.info()?.policy;
    let policy = Policy {
        allow_export: allow_export.unwrap_or(export),
        confirm_verify: confirm_verify.unwrap_or(verify),
        confirm_challenge: confirm_challenge.unwrap_or(challenge),
    };
    client.set_policy(&key, policy)?;
    console.result("neural-vault/token-set-policy/1", &policy_text(&policy), policy_value(&policy))
}

pub fn wipe(arguments: &WipeArguments, console: &Console) -> Result<(), Failure> {
    let key = match &arguments.admin_key {
        Some(path) => admin_key(path, console)?,
        // A token with damaged records has no key to compare this one with; any other token refuses it.
        None => AdminKey::from_bytes(&[0; 32]),
    };
    let mut client = arguments.token.open_any(console)?;
    if !client.is_pinned() && !matches!(client.info()?.state, State::Disabled | State::Blank) {
        arguments.token.check()?;
    }
    let port = client.port().to_string();
    ask_for_consent(&client, console);
    client.wipe(&key)?;
    console.result("neural-vault/token-wipe/1", &format!("{port}: blank\n"), json!({ "port": port }))
}

/// A window that is no longer than a token can hold.
fn token_window(window: usize) -> Result<u8, Failure> {
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

    #[test]
    fn a_window_that_a_token_cannot_hold_is_refused_and_not_shortened() {
        assert_eq!(token_window(255).ok(), Some(255));
        assert_eq!(token_window(256).unwrap_err().code, USAGE);
    }
}
