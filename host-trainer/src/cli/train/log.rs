//! `train.jsonl`: one JSON object a step.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::super::failure::{Failure, OUTPUT};
use crate::training::StepReport;

/// The log of a run, open for its next line.
pub struct Log {
    file: File,
    path: PathBuf,
    /// Bytes of the whole lines so far.
    length: u64,
}

impl Log {
    /// Opens the log after its first `steps` lines, so that a resumed run repeats none.
    pub fn open(path: &Path, steps: u64) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::new(OUTPUT, format!("cannot write {}: {error}", path.display()));
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
        let old = fs::read_to_string(path).map_err(failed)?;
        let length = old.split_inclusive('\n').take(steps as usize).map(str::len).sum::<usize>() as u64;
        file.set_len(length).map_err(failed)?;
        Ok(Self { file, path: path.to_owned(), length })
    }

    /// Adds the line of one step; a line that does not fit on the disk is taken back.
    pub fn append(&mut self, report: &StepReport) -> Result<(), Failure> {
        let line = serde_json::to_string(report).map_err(|e| Failure::new(OUTPUT, e))? + "\n";
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            // The failure to write is the one to tell of.
            let _ = self.file.set_len(self.length);
            return Err(Failure::new(OUTPUT, format!("cannot write {}: {error}", self.path.display())));
        }
        self.length += line.len() as u64;
        Ok(())
    }
}
