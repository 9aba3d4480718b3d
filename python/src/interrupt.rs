//! Ctrl-C while the interpreter's lock is released.

use std::time::{Duration, Instant};

use pyo3::prelude::*;

/// How often Python is asked whether a signal has come: often enough to feel immediate, and rarely enough to cost nothing.
const EVERY: Duration = Duration::from_millis(100);

/// Watches for Python's signals from a thread that has released the interpreter's lock.
pub struct Interrupt {
    asked: Instant,
    raised: Option<PyErr>,
}

impl Interrupt {
    pub fn new() -> Self {
        Self { asked: Instant::now(), raised: None }
    }

    /// Whether a signal's handler has raised, which is asked of Python every tenth of a second.
    pub fn is_raised(&mut self) -> bool {
        if self.raised.is_none() && self.asked.elapsed() >= EVERY {
            self.raised = Python::attach(|py| py.check_signals()).err();
            self.asked = Instant::now();
        }
        self.raised.is_some()
    }

    /// What the handler raised, such as `KeyboardInterrupt`.
    pub fn into_result(self) -> PyResult<()> {
        self.raised.map_or(Ok(()), Err)
    }
}
