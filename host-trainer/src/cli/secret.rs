//! `secret`: a new secret from the system's random generator.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::console::Console;
use super::digits::Digits;
use super::failure::Failure;
use super::output::{Force, LOST_SECRET, Outputs};
use super::secret_file::new_secret;
use crate::secret::random;

/// Make a secret: 256 random bits, for a device secret, an administrator's key or a provisioning key.
#[derive(Args)]
pub struct Arguments {
    /// The file to write, 64 hexadecimal digits, readable by its owner only; `-` prints them.
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    force: Force,
}

/// The printed secret, as `--json` prints it.
#[derive(Serialize)]
struct Printed<'a> {
    secret: &'a Digits,
}

pub fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let path = &arguments.output;
    if path == Path::new("-") {
        return random(|secret| {
            let digits = Digits::new(secret);
            console.secret_result("neural-vault/secret/1", &digits.line(), &Printed { secret: &digits })
        });
    }
    Outputs::new(arguments.force, None::<PathBuf>).file(path, LOST_SECRET)?;
    new_secret(path, arguments.force.existing(), |_| ())?;
    let file = path.display().to_string();
    let text = format!("{file}: a new secret of 256 bits, readable by its owner only\n");
    console.result("neural-vault/secret/1", &text, json!({ "file": file, "bits": 256 }))
}
