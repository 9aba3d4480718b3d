//! A `.npz` file: a labelled matrix with one row per timestep, or one recording.
//!
//! `X` (or `preds`, `data`: rows x features) with `y` (or `labels`: one text or whole number per row) and, optionally,
//! `sessions` and `timesteps` of the same length. Without timesteps a row is
//! one step after the row before it, counted from the first row of its (label, session), so that rows of others in between
//! are a gap in time. A file that has `preds` but no labels is one recording, named by the file.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use super::reader::{Content, LoadOptions, Reader};
use super::source::Source;
use crate::dataset::error::DatasetError;
use crate::dataset::names::Names;
use crate::dataset::npy::Archive;
use crate::dataset::order::{Twins, Unordered};
use crate::dataset::rows::Row;

const DATA: &[&str] = &["X", "preds", "data"];
const RECORDING: &[&str] = &["preds"];
const LABELS: &[&str] = &["y", "labels"];
const SESSIONS: &[&str] = &["sessions"];
const TIMESTEPS: &[&str] = &["timesteps"];

pub(super) struct Npz;

impl Reader for Npz {
    fn name(&self) -> &'static str {
        "a labelled matrix (`.npz`)"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[".npz"]
    }

    fn recognises(&self, start: &[u8]) -> bool {
        start.starts_with(b"PK\x03\x04")
    }

    fn read(&self, source: Source, _: &LoadOptions, label: Option<&str>) -> Result<Content, DatasetError> {
        let file = source.path().to_owned();
        let mut archive = Archive::open(&file, source.seekable()?)?;
        if archive.find(LABELS).is_none() && archive.find(RECORDING).is_some() {
            let name = archive.need(RECORDING)?;
            return Ok(Content::Recording(archive.matrix(name)?.into()));
        }
        let name = archive.need(DATA)?;
        let matrix = archive.matrix(name)?;
        let label_names = match (archive.find(LABELS), label) {
            (None, Some(label)) => vec![label.to_owned(); matrix.rows],
            _ => archive.names(archive.need(LABELS)?, matrix.rows)?,
        };
        let session_names = match archive.find(SESSIONS) {
            Some(name) => archive.names(name, matrix.rows)?,
            None => vec![String::new(); matrix.rows],
        };
        let (mut labels, mut sessions) = (Names::default(), Names::default());
        let names: Vec<(u32, u32)> =
            label_names.iter().zip(&session_names).map(|(l, s)| (labels.number(l), sessions.number(s))).collect();
        let timesteps = match archive.find(TIMESTEPS) {
            Some(name) => archive.integers(name, matrix.rows)?,
            None => steps(&names),
        };
        let rows = names.into_iter().zip(timesteps);
        let rows = rows.map(|((label, session), timestep)| Row { label, session, timestep, run: 0 }).collect();
        let (features, values) = (matrix.features, matrix.values);
        let unordered = Unordered { origin: file.clone(), labels, sessions, rows, features, values, notes: Vec::new() };
        let dataset = unordered.into_dataset().map_err(|Twins(first, second)| {
            let reason = format!("label, session and timestep are those of row {first}");
            DatasetError::Array { file, what: format!("row {second}"), reason }
        })?;
        Ok(Content::Labelled(dataset))
    }
}

/// How many rows each row is after the first of its (label, session): rows of others between them are a gap in time.
fn steps(names: &[(u32, u32)]) -> Vec<i64> {
    let mut first = HashMap::new();
    names.iter().zip(0..).map(|(name, row)| row - *first.entry(name).or_insert(row)).collect()
}
