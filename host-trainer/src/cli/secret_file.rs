//! Files of secrets, as options name them.

use std::path::Path;

use super::console::Console;
use super::failure::Failure;
use crate::files::Existing;
use crate::secret;

/// Reads a secret; warns when users other than its owner can read the file.
pub fn read_secret<S>(path: &Path, from_bytes: impl FnOnce(&[u8; 32]) -> S, console: &Console) -> Result<S, Failure> {
    let secret = secret::read(path, from_bytes)?;
    secret::exposure(path).iter().for_each(|warning| console.note(format!("warning: {warning}")));
    Ok(secret)
}

/// Draws a secret from the system's generator and writes it in hexadecimal, readable by its owner only.
pub fn new_secret<S>(path: &Path, existing: Existing, from_bytes: impl FnOnce(&[u8; 32]) -> S) -> Result<S, Failure> {
    let write = if existing == Existing::Replace { secret::write } else { secret::write_new };
    secret::random(|secret| {
        write(path, secret).map_err(|error| Failure::unwritten(&error))?;
        Ok(from_bytes(secret))
    })
}
