//! Recordings of any format: what loads is in order, is written, and loads again to the same.

use std::error::Error;
use std::fs;
use std::path::Path;

use neural_vault::dataset::{Dataset, LoadOptions, load, write};
use tempfile::TempDir;

/// Values of the largest recording that is written and read again.
const LARGEST: usize = 1 << 14;

/// A folder of its own, in memory where the system has a place for that.
pub(crate) fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder is made")
}

/// Loads bytes as a file of this name.
pub(crate) fn load_as(name: &str, bytes: &[u8]) -> Option<Dataset> {
    let folder = folder();
    fs::write(folder.path().join(name), bytes).expect("a file is written");
    load_in(folder.path(), name, &LoadOptions::default())
}

/// Loads a file of a folder; what loads passes [`check`], and an error names a file and holds no control characters.
pub(crate) fn load_in(folder: &Path, name: &str, options: &LoadOptions) -> Option<Dataset> {
    match load(&[folder.join(name).into()], options) {
        Ok(dataset) => {
            check(&dataset, folder);
            Some(dataset)
        }
        Err(error) => {
            is_named(&error, folder);
            assert!(!error.to_string().contains(char::is_control), "{error:?}");
            None
        }
    }
}

/// An error says which file it is about.
pub(crate) fn is_named(error: &impl Error, path: &Path) {
    let message = error.to_string();
    assert!(message.contains(&*path.to_string_lossy()), "names no file: {message:?}");
}

/// Its parts fit each other and are in order, and what is written of it loads again to the same.
fn check(dataset: &Dataset, folder: &Path) {
    let Dataset { labels, sessions, features, rows, values, notes, .. } = dataset;
    assert!(*features > 0 && !rows.is_empty());
    assert_eq!(rows.len() * features, values.len());
    assert!(!values.iter().all(|value| value.is_nan()));
    for names in [labels, sessions] {
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        assert!(names.iter().all(|name| name.trim() == name), "{names:?}");
    }
    assert!(!labels.iter().any(String::is_empty));
    let place = |at: usize| (rows[at].label, rows[at].session, rows[at].timestep);
    assert!((1..rows.len()).all(|at| place(at - 1) < place(at)));
    assert!(rows.iter().all(|row| (row.label as usize) < labels.len() && (row.session as usize) < sessions.len()));
    for scan in dataset.scans() {
        let ends: Vec<usize> = dataset.runs(&scan).iter().map(|run| run.end).collect();
        assert_eq!(ends.last(), Some(&scan.rows.end));
    }
    assert!(!notes.iter().any(|note| note.contains(char::is_control)), "{notes:?}");

    // A NumPy array drops zeros at the end of a name, and the text of a table has none.
    let is_plain = |name: &String| !name.contains(['\0', '\r']);
    if values.len() <= LARGEST && labels.iter().chain(sessions).all(is_plain) {
        // Told by the values, so that an input takes no longer than it must.
        let sum = values.iter().fold(0_u32, |sum, value| sum.wrapping_add(value.to_bits() >> 3));
        let name = ["again.npz", "again.csv", "again.parquet"][sum as usize % 3];
        let file = folder.join(name);
        write(dataset, &file).expect("what loads can be written");
        let again = load(&[file.into()], &LoadOptions::default());
        let again = again.unwrap_or_else(|error| panic!("{error}; {dataset:?}"));
        same(&again, dataset, name.ends_with(".csv"));
    }
}

/// Whether two recordings are the same; NaN has one form where it is written in digits.
pub(crate) fn same(one: &Dataset, other: &Dataset, in_digits: bool) {
    assert_eq!((&one.labels, &one.sessions, one.features), (&other.labels, &other.sessions, other.features));
    assert_eq!(one.rows, other.rows);
    let bits = |value: &f32| if in_digits && value.is_nan() { f32::NAN.to_bits() } else { value.to_bits() };
    assert!(one.values.iter().map(bits).eq(other.values.iter().map(bits)), "{one:?} {other:?}");
}
