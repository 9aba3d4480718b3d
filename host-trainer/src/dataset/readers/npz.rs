//! A `.npz` file: a labelled matrix with one row per timestep, or one recording.
//!
//! `X` (or `preds`, `data`: rows x features) with `y` (or `labels`: one text or whole number per row) and, optionally,
//! `sessions` of the same length. A file that has `preds` but no labels, or no array but `arr_0`, is one recording, named
//! by the file.
//!
//! Times of the rows are whole `timesteps`, or `times` or the starts of `segments` in seconds: numbers, the first column of
//! a matrix or the field `start` of a structured array. Without them a row is
//! one step after the row before it, counted from the first of its recording: rows of others in between are a gap in time.

#[cfg(test)]
mod tests;

use std::path::Path;

use super::reader::{Content, LoadOptions, Reader, Recording};
use super::source::{Seekable, Source};
use crate::dataset::arrays::labelled as labelled_rows;
use crate::dataset::error::DatasetError;
use crate::dataset::names::is_missing;
use crate::dataset::npy::{Archive, Matrix};
use crate::dataset::times::Timesteps;
use crate::escape;

const DATA: &[&str] = &["X", "preds", "data"];
const RECORDING: &[&str] = &["preds"];
/// What `numpy.savez(path, array)` calls its only array.
const ONLY: &str = "arr_0";
const LABELS: &[&str] = &["y", "labels"];
const SESSIONS: &[&str] = &["sessions"];
const TIMESTEPS: &[&str] = &["timesteps", "timestep"];
const TIMES: &[&str] = &["times", "time", "segments", "starts", "start", "onsets", "onset"];

type Opened<'a> = Archive<'a, Box<dyn Seekable>>;

pub(super) struct Npz;

impl Reader for Npz {
    fn name(&self) -> &'static str {
        "a labelled matrix or a recording (`.npz`)"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[".npz"]
    }

    fn recognises(&self, start: &[u8]) -> bool {
        start.starts_with(b"PK\x03\x04")
    }

    fn read(&self, source: Source, _: &LoadOptions, label: Option<&str>) -> Result<Content, DatasetError> {
        let file = source.path().to_owned();
        source.refuse_other_kinds(b"PK\x03\x04")?;
        let mut archive = Archive::open(&file, source.seekable()?)?;
        let only = archive.arrays() == [ONLY];
        if archive.find(LABELS).is_none() && (only || archive.find(RECORDING).is_some()) {
            let (matrix, note) = archive.matrix(if only { ONLY } else { archive.need(RECORDING)? })?;
            return recording(&file, &mut archive, matrix, note).map(Content::Recording);
        }
        labelled(&file, &mut archive, label)
    }
}

fn recording(
    file: &Path,
    archive: &mut Opened<'_>,
    matrix: Matrix,
    note: Option<String>,
) -> Result<Recording, DatasetError> {
    let rows = matrix.rows;
    let mut recording = Recording::from(matrix);
    recording.notes.extend(note);
    match times(file, archive, rows, &mut recording.notes)? {
        Some(Timesteps::Whole(timesteps)) => recording.timesteps = Some(timesteps),
        Some(Timesteps::Times(times)) => recording.set_times(&times, file)?,
        None => {}
    }
    Ok(recording)
}

fn labelled(file: &Path, archive: &mut Opened<'_>, label: Option<&str>) -> Result<Content, DatasetError> {
    let name = archive.need(DATA)?;
    let (matrix, note) = archive.matrix(name)?;
    let mut notes: Vec<String> = note.into_iter().collect();
    let label_names = match (archive.find(LABELS), label) {
        (None, Some(label)) => vec![label.to_owned(); matrix.rows],
        _ => names(file, archive, LABELS, matrix.rows)?,
    };
    let session_names = match archive.find(SESSIONS) {
        Some(_) => names(file, archive, SESSIONS, matrix.rows)?,
        None => vec![String::new(); matrix.rows],
    };
    let times = times(file, archive, matrix.rows, &mut notes)?;
    labelled_rows(file, matrix, [&label_names, &session_names], times, notes).map(Content::Labelled)
}

/// The names of one of `wanted`, none of which may be missing; sessions may be empty.
fn names(
    file: &Path,
    archive: &mut Opened<'_>,
    wanted: &'static [&'static str],
    rows: usize,
) -> Result<Vec<String>, DatasetError> {
    let array = archive.need(wanted)?;
    let names = archive.names(array, rows)?;
    let may_be_empty = wanted == SESSIONS;
    let bad = |name: &String| is_missing(name.trim().as_bytes()) && !(may_be_empty && name.trim().is_empty());
    match names.iter().position(bad) {
        Some(row) => Err(wrong(file, array, &format!("row {row}: `{}` is not a name", names[row]))),
        None => Ok(names),
    }
}

/// The times of the rows, where the file has them.
fn times(
    file: &Path,
    archive: &mut Opened<'_>,
    rows: usize,
    notes: &mut Vec<String>,
) -> Result<Option<Timesteps>, DatasetError> {
    if let Some(name) = archive.find(TIMESTEPS) {
        return archive.timesteps(name, rows).map(Some);
    }
    let Some(name) = archive.find(TIMES) else { return Ok(None) };
    match archive.times(name, rows)? {
        Some(times) => Ok(Some(Timesteps::Times(times))),
        None => {
            notes.push(format!(
                "{}: {name} holds pickled Python objects, which are not read: its times are left out; save \
                 {name}=numpy.array([segment.start for segment in {name}])",
                escape::path(file)
            ));
            Ok(None)
        }
    }
}

fn wrong(file: &Path, what: &str, reason: &str) -> DatasetError {
    DatasetError::Array { file: file.to_owned(), what: what.to_owned(), reason: reason.to_owned() }
}
