//! Output of the commands: results on stdout, everything else on stderr.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::failure::{Failure, OUTPUT};

/// Where a command prints.
pub struct Console {
    json: bool,
    quiet: bool,
}

impl Console {
    pub fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet }
    }

    /// Prints a note, which is not part of the result.
    pub fn note(&self, text: impl AsRef<str>) {
        if !self.quiet {
            // An error of writing to stderr cannot be reported.
            let _ = writeln!(io::stderr(), "{}", text.as_ref());
        }
    }

    /// Prints why the command failed.
    pub fn error(&self, failure: &Failure) {
        let _ = writeln!(io::stderr(), "error: {failure}");
    }

    /// Prints the command's result: `text`, or with `--json` the object `value` under its schema.
    pub fn result(&self, command: &str, text: &str, mut value: Value) -> Result<(), Failure> {
        if !self.json {
            return self.raw(text.as_bytes());
        }
        if let Some(object) = value.as_object_mut() {
            object.insert("schema".to_owned(), json!(schema(command)));
        }
        self.raw(format!("{value:#}\n").as_bytes())
    }

    /// Like [`Console::result`] for a result that holds a secret: the document is cleared, and stdout keeps no copy of it.
    pub fn secret_result(&self, command: &str, text: &str, value: &impl Serialize) -> Result<(), Failure> {
        if !self.json {
            return self.raw(text.as_bytes());
        }
        let document = Document { schema: schema(command), value };
        // The length is measured first, because a growing vector leaves copies of the secret behind.
        let mut length = Length(0);
        let mut bytes = Zeroizing::new(Vec::new());
        let written = serde_json::to_writer_pretty(&mut length, &document).and_then(|()| {
            bytes.reserve_exact(length.0 + 1);
            serde_json::to_writer_pretty(&mut *bytes, &document)
        });
        written.map_err(|error| Failure::new(OUTPUT, error))?;
        bytes.push(b'\n');
        self.raw(&bytes)
    }

    /// Writes bytes to stdout; a pipe that its reader has closed is not an error.
    fn raw(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::new(OUTPUT, format!("cannot write to standard output: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// A progress bar over `length` steps; hidden with `--quiet` and where stderr is not a terminal.
    pub fn progress(&self, length: u64) -> ProgressBar {
        let target = if self.quiet || !io::stderr().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} {elapsed} (eta {eta})");
        let bar = ProgressBar::with_draw_target(Some(length), target);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }
}

/// A result with its schema.
#[derive(Serialize)]
struct Document<'a, T> {
    schema: String,
    #[serde(flatten)]
    value: &'a T,
}

/// Counts the bytes that are written to it.
struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn schema(command: &str) -> String {
    format!("neural-vault/{command}/1")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_document_has_the_length_that_was_measured() {
        let value = json!({ "key": "00ff", "accepted": true, "list": [1, 2.5], "none": null });
        let document = Document { schema: schema("derive"), value: &value };
        let mut length = Length(0);
        serde_json::to_writer_pretty(&mut length, &document).unwrap();
        let bytes = serde_json::to_vec_pretty(&document).unwrap();
        assert_eq!(length.0, bytes.len());
        let read: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!((&read["schema"], &read["key"]), (&json!("neural-vault/derive/1"), &json!("00ff")));
    }
}
