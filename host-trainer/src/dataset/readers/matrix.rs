//! A labelled matrix: a `.npz` file with one row per timestep and a label for each row.
//!
//! `X` (or `preds`, `data`: rows x features) with `y` (or `labels`: one text or whole number per row) and, optionally,
//! `sessions` and `timesteps` of the same length. Without timesteps the rows of one (label, session) count from 0. A
//! file that has `preds` but no labels is one recording and is read as such.

use std::collections::HashMap;
use std::path::Path;

use super::reader::{LoadOptions, Reader};
use super::recordings;
use crate::dataset::error::DatasetError;
use crate::dataset::npy::Archive;
use crate::dataset::pivot::Pivot;
use crate::dataset::rows::Dataset;

const DATA: &[&str] = &["X", "preds", "data"];
const LABELS: &[&str] = &["y", "labels"];
const SESSIONS: &[&str] = &["sessions"];
const TIMESTEPS: &[&str] = &["timesteps"];

pub(super) struct LabelledMatrix;

impl Reader for LabelledMatrix {
    fn name(&self) -> &'static str {
        "a labelled matrix (`.npz`)"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[".npz"]
    }

    fn read(&self, file: &Path, _: &LoadOptions) -> Result<Dataset, DatasetError> {
        let mut archive = Archive::open(file)?;
        if archive.find(LABELS).is_none() && archive.find(recordings::ARRAY).is_some() {
            return recordings::read_file(file);
        }
        let matrix = archive.matrix(archive.need(DATA)?)?;
        let labels = archive.names(archive.need(LABELS)?, matrix.rows)?;
        let sessions = match archive.find(SESSIONS) {
            Some(name) => archive.names(name, matrix.rows)?,
            None => vec![String::new(); matrix.rows],
        };
        let timesteps = match archive.find(TIMESTEPS) {
            Some(name) => archive.integers(name, matrix.rows)?,
            None => count_up(labels.iter().zip(&sessions)),
        };

        let mut pivot = Pivot::default();
        let mut seen = HashMap::new();
        let rows = labels.iter().zip(&sessions).zip(timesteps).zip(matrix.values.chunks_exact(matrix.features));
        for (row, (((label, session), timestep), values)) in rows.enumerate() {
            if let Some(first) = seen.insert((label, session, timestep), row) {
                let (what, reason) =
                    (format!("row {row}"), format!("label, session and timestep are those of row {first}"));
                return Err(DatasetError::Array { file: file.to_owned(), what, reason });
            }
            pivot.begin(label, session, timestep, row as u64);
            pivot.extend(values);
        }
        pivot.finish(file, None, |row, _| row)
    }
}

/// Numbers the rows of each name from 0.
fn count_up<'n>(names: impl Iterator<Item = (&'n String, &'n String)>) -> Vec<i64> {
    let mut next = HashMap::new();
    names
        .map(|name| {
            let count = next.entry(name).or_insert(0);
            *count += 1;
            *count - 1
        })
        .collect()
}
