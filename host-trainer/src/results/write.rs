//! Writing a results file.

use std::io;
use std::path::Path;

use super::Results;
use crate::files::{self, Existing, Readers};

impl Results {
    /// The document as JSON, as its file holds it.
    ///
    /// # Errors
    /// When a value has no place in JSON, which none of these types holds.
    pub fn to_json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Writes the document as JSON, whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        files::write(path, self.to_json()?.as_bytes(), Readers::All, Existing::Replace)
    }

    /// As [`Results::write`], but replaces no file.
    ///
    /// # Errors
    /// As [`Results::write`], also when a file is there.
    pub fn write_new(&self, path: &Path) -> io::Result<()> {
        files::write(path, self.to_json()?.as_bytes(), Readers::All, Existing::Keep)
    }
}
