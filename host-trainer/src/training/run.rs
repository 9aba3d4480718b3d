//! A run in its folder: steps, log, checkpoints, and resuming after a stop.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{StepReport, Trainer, TrainingError, checkpoint};
use crate::files;

/// The log's name in the output folder: one [`StepReport`] a line, as JSON.
pub const LOG: &str = "train.jsonl";

/// Where a run keeps its log and its checkpoint.
#[derive(Clone, Copy, Debug)]
pub struct RunFolder<'a> {
    /// The folder; it is created if it does not exist.
    pub path: &'a Path,
    /// Steps between checkpoints.
    pub checkpoint_every: u64,
    /// Whether to continue from the checkpoint in the folder.
    pub resume: bool,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All steps are done; a checkpoint of an earlier step may remain, see [`remove_checkpoint`].
    Finished,
    /// It was stopped; the checkpoint holds its state.
    Stopped,
}

/// Does the remaining steps, passes each report to `on_step`, and stops after the current step once `stop` is set.
///
/// # Errors
/// When a step fails, a file cannot be written, the checkpoint cannot be continued, or one exists and `resume` is off.
pub fn run(
    trainer: &mut Trainer,
    folder: &RunFolder<'_>,
    stop: &AtomicBool,
    on_step: &mut dyn FnMut(&StepReport),
) -> Result<Outcome, TrainingError> {
    let saved = folder.path.join(checkpoint::FILE);
    if folder.resume {
        checkpoint::restore(trainer, &saved)?;
    } else {
        refuse_checkpoint(folder.path)?;
    }
    files::create_folder(folder.path).map_err(|source| TrainingError::Write { source })?;
    let log = folder.path.join(LOG);
    let mut log = Log::open(&log, trainer.steps_done())?;
    let steps = trainer.settings().steps;
    while trainer.steps_done() < steps {
        let report = trainer.step()?;
        log.write(&report)?;
        on_step(&report);
        let stopped = stop.load(Ordering::Relaxed) && report.step < steps;
        if stopped || (report.step.is_multiple_of(folder.checkpoint_every) && report.step < steps) {
            checkpoint::save(trainer, &saved)?;
        }
        if stopped {
            return Ok(Outcome::Stopped);
        }
    }
    Ok(Outcome::Finished)
}

/// Refuses a folder with an unfinished run, which must not be overwritten.
///
/// # Errors
/// When there is a checkpoint.
pub fn refuse_checkpoint(folder: &Path) -> Result<(), TrainingError> {
    let saved = folder.join(checkpoint::FILE);
    if saved.exists() { Err(TrainingError::Unfinished { path: saved }) } else { Ok(()) }
}

/// Removes the checkpoint of a finished run; call it only after the model is written.
///
/// # Errors
/// When it exists and cannot be removed.
pub fn remove_checkpoint(folder: &Path) -> Result<(), TrainingError> {
    let saved = folder.join(checkpoint::FILE);
    match fs::remove_file(&saved) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let text = format!("cannot remove {}: {error}", saved.display());
            Err(TrainingError::Write { source: io::Error::new(error.kind(), text) })
        }
        _ => Ok(()),
    }
}

/// The log, truncated to its first `steps` lines so that a resumed run repeats none.
struct Log<'a> {
    path: &'a Path,
    file: File,
    /// Bytes of the complete lines so far.
    length: u64,
}

impl<'a> Log<'a> {
    fn open(path: &'a Path, steps: u64) -> Result<Self, TrainingError> {
        let failed = |error| cannot_write(path, error);
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
        let old = fs::read_to_string(path).map_err(failed)?;
        let length = old.split_inclusive('\n').take(steps as usize).map(str::len).sum::<usize>() as u64;
        file.set_len(length).map_err(failed)?;
        Ok(Self { path, file, length })
    }

    /// Appends the line of one step; a partially written line is removed.
    fn write(&mut self, report: &StepReport) -> Result<(), TrainingError> {
        let line = serde_json::to_string(report).map_err(|error| cannot_write(self.path, error.into()))? + "\n";
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            // The failure to write is the one to report.
            let _ = self.file.set_len(self.length);
            return Err(cannot_write(self.path, error));
        }
        self.length += line.len() as u64;
        Ok(())
    }
}

fn cannot_write(path: &Path, error: io::Error) -> TrainingError {
    let text = format!("cannot write {}: {error}", path.display());
    TrainingError::Write { source: io::Error::new(error.kind(), text) }
}
