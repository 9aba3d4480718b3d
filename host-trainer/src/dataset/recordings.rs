//! Recordings kept as NumPy files: a labelled matrix, one recording, or a folder of recordings.
//!
//! - Labelled `.npz`: `X` (or `preds`, `data`: rows x features) with `y` (or `labels`: one text or whole number a row)
//!   and, where there are any, `sessions` and `timesteps` of the same length. Without timesteps the rows of one
//!   (label, session) count from 0.
//! - Recording: a `.npy` file of timesteps x features, or a `.npz` file whose array `preds` is one. Its label is the
//!   file name without the extension.
//! - Folder: `LABEL.npy` is the only session of a label, `LABEL/SESSION.npy` one of several; `.npz` likewise. Hidden
//!   files and other kinds of file are left alone.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use super::npy::{Archive, Matrix, read_npy};
use super::pivot::Pivot;
use super::{Dataset, DatasetError};

const RECORDING: &[&str] = &["preds"];
const DATA: &[&str] = &["X", "preds", "data"];
const LABELS: &[&str] = &["y", "labels"];
const SESSIONS: &[&str] = &["sessions"];
const TIMESTEPS: &[&str] = &["timesteps"];

/// Reads a labelled matrix, or, where a `.npz` file has `preds` but no labels, one recording.
pub(super) fn read_npz(file: &Path) -> Result<Dataset, DatasetError> {
    let mut archive = Archive::open(file)?;
    if archive.find(LABELS).is_none() && archive.find(RECORDING).is_some() {
        return read_recording(file);
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

/// Reads one recording, labelled by the file's name.
pub(super) fn read_recording(file: &Path) -> Result<Dataset, DatasetError> {
    let mut pivot = Pivot::default();
    add(&mut pivot, &stem(file), "", &read_matrix(file)?);
    pivot.finish(file, None, |row, _| row)
}

/// Reads a folder of recordings.
pub(super) fn read_folder(folder: &Path) -> Result<Dataset, DatasetError> {
    let mut pivot = Pivot::default();
    let mut names: HashMap<(String, String), PathBuf> = HashMap::new();
    let mut first: Option<(PathBuf, usize)> = None;
    for (file, label, session) in find_recordings(folder)? {
        if let Some(twin) = names.insert((label.clone(), session.clone()), file.clone()) {
            let reason = format!("it has the same label and session as {}; keep one of them", twin.display());
            return Err(DatasetError::Array { file, what: "the file".to_owned(), reason });
        }
        let matrix = read_matrix(&file)?;
        let (first, first_features) = first.get_or_insert_with(|| (file.clone(), matrix.features));
        if *first_features != matrix.features {
            let (first, first_features, second_features) = (first.clone(), *first_features, matrix.features);
            return Err(DatasetError::Width { first, first_features, second: file, second_features });
        }
        add(&mut pivot, &label, &session, &matrix);
    }
    pivot.finish(folder, None, |row, _| row)
}

/// The recordings of a folder with label and session, in order of their paths.
fn find_recordings(folder: &Path) -> Result<Vec<(PathBuf, String, String)>, DatasetError> {
    let mut recordings = Vec::new();
    for (path, is_folder) in entries(folder)? {
        if is_folder {
            let label = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let files = entries(&path)?.into_iter().filter(|(file, is_folder)| !is_folder && is_array(file));
            recordings
                .extend(files.map(|(file, _)| (stem(&file), file)).map(|(name, file)| (file, label.clone(), name)));
        } else if is_array(&path) {
            recordings.push((path.clone(), stem(&path), String::new()));
        }
    }
    Ok(recordings)
}

/// What a folder holds, in order, and whether each is a folder; hidden entries are left out.
fn entries(folder: &Path) -> Result<BTreeMap<PathBuf, bool>, DatasetError> {
    let failed = |source| DatasetError::Read { file: folder.to_owned(), source };
    let mut entries = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            let path = entry.path();
            let is_folder = path.is_dir();
            entries.insert(path, is_folder);
        }
    }
    Ok(entries)
}

fn read_matrix(file: &Path) -> Result<Matrix, DatasetError> {
    if has_extension(file, "npz") {
        let mut archive = Archive::open(file)?;
        return archive.matrix(archive.need(RECORDING)?);
    }
    read_npy(file)
}

fn add(pivot: &mut Pivot, label: &str, session: &str, matrix: &Matrix) {
    for (timestep, row) in matrix.values.chunks_exact(matrix.features).enumerate() {
        pivot.begin(label, session, timestep as i64, timestep as u64);
        pivot.extend(row);
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

fn is_array(file: &Path) -> bool {
    has_extension(file, "npy") || has_extension(file, "npz")
}

fn has_extension(file: &Path, wanted: &str) -> bool {
    file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

fn stem(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
