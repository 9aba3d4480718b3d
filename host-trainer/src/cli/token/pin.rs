//! `token pin`: writes the key of a token at first contact.

use std::path::PathBuf;

use clap::Args;
use neural_vault_core::wire::State;
use serde_json::json;

use super::connection::{FirstContactArguments, PortArguments};
use super::key_file;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::output::{Force, Outputs, new_key_file, write_key_file};
use crate::files::Readers;

/// What is lost with a token's key.
const LOST: &str = ", and whether this is the token it was written for could no longer be told";

/// Write the public key of a token, by which other commands know it again.
///
/// Whoever answers shows its own key: compare the fingerprint with the token's.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    port: PortArguments,
    #[command(flatten)]
    first_contact: FirstContactArguments,
    /// The file for the key, 64 hexadecimal digits.
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    force: Force,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let path = &arguments.output;
    Outputs::new(arguments.force, None::<PathBuf>).file(path, LOST)?;
    let file = new_key_file(path, Readers::All, arguments.force.existing())?;
    let mut client = arguments.port.open(None)?;
    arguments.first_contact.check(&client, console)?;
    if client.info()?.state == State::Blank {
        console.note("note: the token is blank: until it is provisioned, it draws another key at each start");
    }
    write_key_file(file, path, &key_file::line(client.token()))?;
    let (port, fingerprint) = (client.port().to_string(), client.token().fingerprint().to_string());
    let path = path.display().to_string();
    let text = format!("{path}: the key of the token at {port}, fingerprint {fingerprint}\n");
    console.result("neural-vault/token-pin/1", &text, json!({ "port": port, "file": path, "fingerprint": fingerprint }))
}
