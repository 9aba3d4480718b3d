//! What a person or a program sees: results on stdout, everything else on stderr.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use super::failure::{Failure, OUTPUT};

/// Where a verb prints.
pub struct Console {
    json: bool,
    quiet: bool,
}

impl Console {
    pub fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet }
    }

    /// Says something that is not a result.
    pub fn note(&self, text: impl AsRef<str>) {
        if !self.quiet {
            // Nobody is left to tell when stderr is gone.
            let _ = writeln!(io::stderr(), "{}", text.as_ref());
        }
    }

    /// Says why the verb failed.
    pub fn error(&self, failure: &Failure) {
        let _ = writeln!(io::stderr(), "error: {failure}");
    }

    /// Prints the verb's result: `text`, or with `--json` the object `value` under its schema.
    pub fn result(&self, verb: &str, text: &str, mut value: Value) -> Result<(), Failure> {
        if !self.json {
            return self.raw(text.as_bytes());
        }
        if let Some(object) = value.as_object_mut() {
            object.insert("schema".to_owned(), json!(format!("neural-vault/{verb}/1")));
        }
        self.raw(format!("{value:#}\n").as_bytes())
    }

    /// Writes bytes to stdout; a reader that closed the pipe has seen enough.
    fn raw(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::new(OUTPUT, format!("cannot write to standard output: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// A progress bar over `length` steps; hidden with `--quiet` and where stderr is no terminal.
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
