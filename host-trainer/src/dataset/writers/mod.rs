//! The formats that recordings are written in: long CSV, a labelled matrix, Parquet.

mod csv;
mod npz;

use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use super::error::DatasetError;
use super::readers::ending;
use super::rows::Dataset;
use crate::files::{Existing, Pending, Readers};
pub use csv::{write_csv, write_new_csv};

/// A format: the endings of its files' names, and its writer.
struct Format {
    endings: &'static [&'static str],
    write: fn(&Dataset, &Path, Existing) -> Result<(), DatasetError>,
}

static FORMATS: &[Format] = &[
    Format { endings: &[".npz"], write: npz::write_npz },
    #[cfg(feature = "parquet")]
    Format { endings: &[".parquet", ".pq"], write: write_parquet },
    Format { endings: &[".csv", ".csv.gz"], write: csv::write_text },
];

/// Writes recordings in the format that the file's name ends in.
///
/// `.npz` holds `X` (rows x features, float32), `y`, `sessions` and `timesteps`; `.parquet` the columns `label`,
/// `session`, `timestep` and a list column `values`; `.csv` and `.csv.gz` a line for each value. Each reads back to the
/// same values. The file appears under its name only when it is complete, and replaces one that is there.
///
/// # Errors
/// [`DatasetError::UnknownOutput`] for other names, [`DatasetError::Write`]; nothing is left behind.
pub fn write(dataset: &Dataset, file: &Path) -> Result<(), DatasetError> {
    (format_of(file)?.write)(dataset, file, Existing::Replace)
}

/// As [`write()`], but replaces no file.
///
/// # Errors
/// As [`write()`], also when a file is there.
pub fn write_new(dataset: &Dataset, file: &Path) -> Result<(), DatasetError> {
    (format_of(file)?.write)(dataset, file, Existing::Keep)
}

/// Checks that there is a format for a file's name, before the work for it begins.
///
/// # Errors
/// [`DatasetError::UnknownOutput`].
pub fn check_output(file: &Path) -> Result<(), DatasetError> {
    format_of(file).map(|_| ())
}

fn format_of(file: &Path) -> Result<&'static Format, DatasetError> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    FORMATS.iter().find(|format| ending(&name, format.endings).is_some()).ok_or_else(|| {
        let known = FORMATS.iter().flat_map(|format| format.endings).copied().collect::<Vec<_>>().join(", ");
        DatasetError::UnknownOutput { file: file.to_owned(), known }
    })
}

#[cfg(feature = "parquet")]
fn write_parquet(dataset: &Dataset, file: &Path, existing: Existing) -> Result<(), DatasetError> {
    into_file(file, existing, |output| super::parquet::write(dataset, output).map_err(io::Error::other))
}

/// What a format is written to.
trait Output: Write + Seek + Send {}

impl<T: Write + Seek + Send> Output for T {}

/// Writes a file whole or not at all.
fn into_file(
    file: &Path,
    existing: Existing,
    fill: impl FnOnce(&mut dyn Output) -> io::Result<()>,
) -> Result<(), DatasetError> {
    let written = || {
        let mut output =
            BufWriter::new(FirstError { output: Pending::create(file, Readers::All, existing)?, error: None });
        let filled = fill(&mut output).and_then(|()| output.flush());
        let (FirstError { output, error }, _) = output.into_parts();
        error.map_or(filled, Err).and_then(|()| output.commit())
    };
    written().map_err(|source| DatasetError::Write { file: file.to_owned(), source })
}

/// A file that keeps its first error, and takes what is written after it to nowhere.
///
/// An archive that is dropped unfinished writes its end, and would print that it cannot.
struct FirstError {
    output: Pending,
    error: Option<io::Error>,
}

impl FirstError {
    fn keep<T>(&mut self, outcome: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &outcome
            && error.kind() != io::ErrorKind::Interrupted
        {
            self.error.get_or_insert_with(|| io::Error::new(error.kind(), error.to_string()));
        }
        outcome
    }
}

impl Write for FirstError {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.error.is_some() {
            return Ok(bytes.len());
        }
        let outcome = self.output.write(bytes);
        self.keep(outcome)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.error.is_some() {
            return Ok(());
        }
        let outcome = self.output.flush();
        self.keep(outcome)
    }
}

impl Seek for FirstError {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let outcome = self.output.seek(to);
        self.keep(outcome)
    }
}

#[cfg(test)]
mod tests;
