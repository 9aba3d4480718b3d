//! A secret, described without a byte of it.

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::secret_file::read_secret;
use crate::secret::{Form, form, is_private};

/// Describes a secret; one that is not sound is refused as wherever a secret is read.
pub fn describe_secret(path: &Path, console: &Console) -> Result<(String, Value), Failure> {
    read_secret(path, |_| (), console)?;
    let (form, name) = match form(path) {
        Ok(Ok(Form::Raw)) => ("raw", "32 bytes"),
        _ => ("hexadecimal", "64 hexadecimal digits"),
    };
    let private = is_private(path);
    let readers = if private { "its owner only" } else { "others than its owner" };
    let file = path.display().to_string();
    let text =
        format!("{file}: a sound secret of 256 bits, which is not shown\nform        {name}\nreadable by {readers}\n");
    let value = json!({ "file": file, "kind": "secret", "sound": true, "form": form, "bits": 256, "private": private });
    Ok((text, value))
}
