//! The formats of recordings: one file here and one line in [`READERS`] for each.

mod csv;
mod matrix;
mod reader;
mod recordings;

use std::io;
use std::path::Path;

use super::check::check_values;
use super::error::DatasetError;
use super::notes::not_finite;
use super::rows::Dataset;
pub use reader::LoadOptions;
use reader::Reader;

/// The first reader that recognises a path reads it, so readers of particular folders come before that of any folder.
static READERS: &[&dyn Reader] = &[&csv::LongCsv, &matrix::LabelledMatrix, &recordings::Recordings];

/// Reads a recording of any of the [`formats`].
///
/// # Errors
/// [`DatasetError`], naming the file and the place in it.
pub fn load(path: &Path, options: &LoadOptions) -> Result<Dataset, DatasetError> {
    let mut dataset = match READERS.iter().find(|reader| reader.recognises(path)) {
        Some(reader) => reader.read(path, options),
        None if path.exists() => Err(DatasetError::UnknownKind { file: path.to_owned(), known: kinds() }),
        None => Err(DatasetError::Read { file: path.to_owned(), source: io::ErrorKind::NotFound.into() }),
    }?;
    check_values(&dataset)?;
    let gaps = dataset.find_runs();
    let not_finite = not_finite(&dataset);
    dataset.notes.extend(gaps.into_iter().chain(not_finite));
    Ok(dataset)
}

/// The formats that can be read, as a help text.
#[must_use]
pub fn formats() -> String {
    let names: Vec<&str> = READERS.iter().map(|reader| reader.name()).collect();
    let text = list(&names, ", or ");
    text[..1].to_uppercase() + &text[1..]
}

/// The files and folders that can be read, as a message.
fn kinds() -> String {
    let endings: Vec<&str> = READERS.iter().flat_map(|reader| reader.endings()).copied().collect();
    let folders: Vec<&str> = READERS.iter().filter_map(|reader| reader.folders()).collect();
    format!("a {} file, or {}", list(&endings, " or "), list(&folders, " or "))
}

fn list(items: &[&str], before_last: &str) -> String {
    match items {
        [others @ .., last] if !others.is_empty() => others.join(", ") + before_last + last,
        _ => items.concat(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn help_and_messages_list_the_formats_of_every_reader() {
        assert_eq!(
            formats(),
            "Long CSV (`.gz` allowed), a labelled matrix (`.npz`), or a folder of `.npy`/`.npz` recordings named by label"
        );
        assert_eq!(kinds(), "a .csv, .csv.gz, .npz or .npy file, or a folder of .npy and .npz files");
    }

    #[test]
    fn every_name_is_recognised_by_one_reader_whatever_its_case() {
        for name in ["a.csv", "a.CSV.gz", "a.npz", "a.Npy"] {
            assert_eq!(READERS.iter().filter(|reader| reader.recognises(name.as_ref())).count(), 1, "{name}");
        }
        for name in ["a.gz", "a.csvx", "csv", ""] {
            assert!(!READERS.iter().any(|reader| reader.recognises(name.as_ref())), "{name}");
        }
    }

    #[test]
    fn a_folder_is_read_as_one_whatever_its_name() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("recordings.csv");
        std::fs::create_dir(&folder).unwrap();
        assert!(matches!(load(&folder, &LoadOptions::default()), Err(DatasetError::NoRows { .. })));
    }
}
