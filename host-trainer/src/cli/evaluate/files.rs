//! The files of an evaluation: results, report and scores.

use std::io::BufWriter;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::failure::{Failure, OUTPUT};
use crate::cli::output::{new_file, unwritten};
use crate::files::{self, Existing, Readers};
use crate::report::{html, write_scores};
use crate::results::Results;

/// Where an evaluation is written.
#[derive(Args)]
pub struct FileArguments {
    /// Write the results here, as JSON.
    #[arg(long, short, value_name = "FILE.json")]
    output: Option<PathBuf>,
    /// Write a report here, one self-contained page.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Write every score here, as CSV, one line a trial with its labels, session and time.
    #[arg(long, value_name = "FILE.csv")]
    scores: Option<PathBuf>,
}

impl FileArguments {
    /// The files to write.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        [&self.output, &self.report, &self.scores].into_iter().filter_map(Option::as_deref)
    }

    /// Writes the files, of which none gets its name before all are written; returns the results as their file holds them,
    /// and the files.
    pub fn write(&self, mut results: Results, existing: Existing) -> Result<(Results, Vec<PathBuf>), Failure> {
        // Every score is written before very long lists of them are shortened.
        let scores = match &self.scores {
            Some(path) => {
                let failed = |error: std::io::Error| unwritten(path, &error);
                let mut file = BufWriter::new(new_file(path, Readers::All, existing)?);
                write_scores(&results, &mut file).map_err(|error| failed(error.into()))?;
                let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
                Some((path, file))
            }
            None => None,
        };
        results.thin();
        let mut texts = Vec::new();
        if let Some(path) = &self.output {
            let text = results.to_json().map_err(|error| Failure::new(OUTPUT, error))?;
            texts.push((path.clone(), text.into_bytes()));
        }
        texts.extend(self.report.as_ref().map(|path| (path.clone(), html(&results).into_bytes())));
        files::write_together(&texts, Readers::All, existing).map_err(|error| Failure::unwritten(&error))?;
        let mut written: Vec<PathBuf> = texts.into_iter().map(|(path, _)| path).collect();
        if let Some((path, file)) = scores {
            file.commit_named().map_err(|error| Failure::unwritten(&error))?;
            written.push(path.clone());
        }
        Ok((results, written))
    }
}
