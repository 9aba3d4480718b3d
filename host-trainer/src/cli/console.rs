//! Output of the commands: results on stdout, everything else on stderr.
//!
//! Names and paths are printed as they are found, so everything passes [`Escaped`] here.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::{ProgressBar, WeakProgressBar};
use serde::Serialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::failure::{Failure, OUTPUT};
use crate::escape::{Escaped, must_be_escaped};

/// The schema of an error under `--json`.
const ERROR: &str = "neural-vault/error/1";

/// Where a command prints.
#[derive(Clone)]
pub struct Console {
    json: bool,
    quiet: bool,
    command: Option<String>,
    /// Whether the result is being printed: nothing else may then follow on stdout.
    prints_result: Arc<AtomicBool>,
    /// The bar that is on the terminal, over which notes are printed.
    bar: Arc<Mutex<WeakProgressBar>>,
}

impl Console {
    /// For `command`, such as `token-info`, if the arguments name one.
    pub fn new(json: bool, quiet: bool, command: Option<String>) -> Self {
        Self { json, quiet, command, prints_result: Arc::default(), bar: Arc::default() }
    }

    /// Prints a note, which is not part of the result.
    pub fn note(&self, text: impl AsRef<str>) {
        if self.quiet {
            return;
        }
        // An error of writing to stderr cannot be reported.
        let write = || _ = writeln!(io::stderr(), "{}", Escaped(text.as_ref()));
        let bar = self.bar().upgrade();
        match bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Prints why the command failed, on one line of stderr, and with `--json` on stdout too.
    pub fn error(&self, failure: &Failure) {
        if !failure.has_message() {
            return;
        }
        let bar = self.bar().upgrade();
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        let text = failure.to_string();
        let _ = writeln!(io::stderr(), "error: {}", Escaped(&text));
        self.error_document(failure.code, &text);
    }

    /// Prints an error on stdout, with `--json`, unless a result is there.
    pub fn error_document(&self, code: u8, text: &str) {
        if !self.json || self.prints_result.load(Ordering::Relaxed) {
            return;
        }
        let mut value = json!({ "schema": ERROR, "code": code, "error": text });
        if let Some(command) = &self.command {
            value["command"] = json!(command);
        }
        // Where stdout cannot be written, stderr has the text.
        let _ = print(|stdout| write_json(stdout, &format!("{value:#}\n")));
    }

    /// Prints the command's result: `text`, or with `--json` the object `value` under `schema`.
    pub fn result(&self, schema: &str, text: &str, mut value: Value) -> Result<(), Failure> {
        self.prints_result.store(true, Ordering::Relaxed);
        if !self.json {
            return print(|stdout| write_text(stdout, text));
        }
        if let Some(object) = value.as_object_mut() {
            // The results of an evaluation name their own schema, which is that of their file.
            object.entry("schema").or_insert_with(|| json!(schema));
        }
        print(|stdout| write_json(stdout, &format!("{value:#}\n")))
    }

    /// Like [`Console::result`] for a result that holds a secret: the document is cleared, and stdout keeps no copy of it.
    pub fn secret_result(&self, schema: &str, text: &str, value: &impl Serialize) -> Result<(), Failure> {
        self.prints_result.store(true, Ordering::Relaxed);
        if !self.json {
            return print(|stdout| write_text(stdout, text));
        }
        let document = Document { schema, value };
        // The length is measured first, because a growing vector leaves copies of the secret behind.
        let mut length = Length(0);
        let mut bytes = Zeroizing::new(Vec::new());
        let written = serde_json::to_writer_pretty(&mut length, &document).and_then(|()| {
            bytes.reserve_exact(length.0 + 1);
            serde_json::to_writer_pretty(&mut *bytes, &document)
        });
        written.map_err(|error| Failure::new(OUTPUT, error))?;
        bytes.push(b'\n');
        let document = std::str::from_utf8(&bytes).map_err(|error| Failure::new(OUTPUT, error))?;
        print(|stdout| write_json(stdout, document))
    }

    /// Whether notes and progress are left out.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether stderr is a terminal, on which a bar can be drawn.
    pub fn is_terminal(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// The bar that is on the terminal from now on.
    pub fn set_bar(&self, bar: Option<&ProgressBar>) {
        *self.bar() = bar.map_or_else(WeakProgressBar::default, ProgressBar::downgrade);
    }

    fn bar(&self) -> MutexGuard<'_, WeakProgressBar> {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes to stdout. A reader that has closed the pipe wants no message, but has not read the whole result.
pub fn print(write: impl FnOnce(&mut io::StdoutLock<'static>) -> io::Result<()>) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    write(&mut stdout).and_then(|()| stdout.flush()).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::without_message(OUTPUT),
        _ => Failure::unwritten(&io::Error::new(error.kind(), format!("cannot write to standard output: {error}"))),
    })
}

/// Names for a message, separated by commas.
pub fn list<N: AsRef<str>>(names: &[N]) -> String {
    names.iter().map(|name| Escaped(name.as_ref()).to_string()).collect::<Vec<_>>().join(", ")
}

/// Writes text of several lines, with their ends and tabs. No part of it is copied, because it may hold a secret.
fn write_text(output: &mut impl Write, text: &str) -> io::Result<()> {
    for part in text.split_inclusive(['\n', '\t']) {
        let (text, end) = part.split_at(part.trim_end_matches(['\n', '\t']).len());
        write!(output, "{}{end}", Escaped(text))?;
    }
    Ok(())
}

/// Writes a JSON document. Only its strings can hold what must be escaped, and ASCII's share is escaped in it already.
fn write_json(output: &mut impl Write, document: &str) -> io::Result<()> {
    let mut rest = document;
    let is_escaped = |character| must_be_escaped(character) && character >= '\x7f';
    while let Some((at, character)) = rest.char_indices().find(|&(_, character)| is_escaped(character)) {
        write!(output, "{}\\u{:04x}", &rest[..at], u32::from(character))?;
        rest = &rest[at + character.len_utf8()..];
    }
    output.write_all(rest.as_bytes())
}

/// A result with its schema.
#[derive(Serialize)]
struct Document<'a, T> {
    schema: &'a str,
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Vec<u8>) -> io::Result<()>) -> String {
        let mut bytes = Vec::new();
        write(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn text_keeps_its_lines_and_shows_other_control_characters() {
        let text = "one\ttwo\n\n\u{1b}[2J\r\u{9b}\u{202e}end";
        assert_eq!(written(|out| write_text(out, text)), "one\ttwo\n\n\\u{1b}[2J\\r\\u{9b}\\u{202e}end");
        assert_eq!(list(&["a\nb", "c"]), "a\\nb, c");
    }

    #[test]
    fn a_json_document_means_the_same_and_holds_no_control_character() {
        let name = "\u{1b}[2J\n\u{7f}\u{9b}\u{2028}\u{202e}é";
        let document = serde_json::to_string(name).unwrap();
        let shown = written(|out| write_json(out, &document));
        assert!(!shown.contains(must_be_escaped), "{shown}");
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), name);
    }

    #[test]
    fn a_secret_document_has_the_length_that_was_measured() {
        let value = json!({ "key": "00ff", "accepted": true, "list": [1, 2.5], "none": null });
        let document = Document { schema: "neural-vault/derive/1", value: &value };
        let mut length = Length(0);
        serde_json::to_writer_pretty(&mut length, &document).unwrap();
        let bytes = serde_json::to_vec_pretty(&document).unwrap();
        assert_eq!(length.0, bytes.len());
        let read: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!((&read["schema"], &read["key"]), (&json!("neural-vault/derive/1"), &json!("00ff")));
    }
}
