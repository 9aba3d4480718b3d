//! Recordings as NumPy files, one recording per file, labelled by the file names.
//!
//! - A `.npy` file of timesteps x features, or a `.npz` file whose array `preds` is one. Its label is the file name without
//!   the extension.
//! - A folder: `LABEL.npy` is the only session of a label, `LABEL/SESSION.npy` one of several; `.npz` likewise. Hidden
//!   files and files of other kinds are ignored.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use super::reader::{LoadOptions, Reader, ends_with};
use crate::dataset::error::DatasetError;
use crate::dataset::npy::{Archive, Matrix, read_npy};
use crate::dataset::orientation::check_orientation;
use crate::dataset::pivot::Pivot;
use crate::dataset::rows::Dataset;

/// The array of a `.npz` file that is a recording.
pub(super) const ARRAY: &[&str] = &["preds"];

pub(super) struct Recordings;

impl Reader for Recordings {
    fn name(&self) -> &'static str {
        "a folder of `.npy`/`.npz` recordings named by label"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[".npy"]
    }

    fn folders(&self) -> Option<&'static str> {
        Some("a folder of .npy and .npz files")
    }

    fn recognises(&self, path: &Path) -> bool {
        path.is_dir() || ends_with(path, self.endings())
    }

    fn read(&self, path: &Path, _: &LoadOptions) -> Result<Dataset, DatasetError> {
        if path.is_dir() { read_folder(path) } else { read_file(path) }
    }
}

/// Reads one recording, labelled by the file's name.
pub(super) fn read_file(file: &Path) -> Result<Dataset, DatasetError> {
    let mut pivot = Pivot::default();
    add(&mut pivot, &stem(file), "", &read_matrix(file)?);
    pivot.finish(file, None, |row, _| row)
}

/// Reads a folder of recordings.
fn read_folder(folder: &Path) -> Result<Dataset, DatasetError> {
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
            for (file, is_folder) in entries(&path)? {
                if !is_folder && is_array(&file) {
                    let session = stem(&file);
                    recordings.push((file, label.clone(), session));
                }
            }
        } else if is_array(&path) {
            let label = stem(&path);
            recordings.push((path, label, String::new()));
        }
    }
    Ok(recordings)
}

/// The entries of a folder in order, and whether each is a folder; hidden entries are left out.
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
    let matrix = if ends_with(file, &[".npz"]) {
        let mut archive = Archive::open(file)?;
        archive.matrix(archive.need(ARRAY)?)?
    } else {
        read_npy(file)?
    };
    check_orientation(file, matrix.rows, matrix.features)?;
    Ok(matrix)
}

fn add(pivot: &mut Pivot, label: &str, session: &str, matrix: &Matrix) {
    for (timestep, row) in matrix.values.chunks_exact(matrix.features).enumerate() {
        pivot.begin(label, session, timestep as i64, timestep as u64);
        pivot.extend(row);
    }
}

fn is_array(file: &Path) -> bool {
    ends_with(file, &[".npy", ".npz"])
}

fn stem(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
