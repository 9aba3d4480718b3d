//! The formats that recordings are read from: one file and one line of [`READERS`] each.

mod csv;
mod matrix;
mod recordings;

use std::io;
use std::path::Path;

use super::{Dataset, DatasetError, LoadOptions};

/// The first that recognises a path reads it: a reader of particular folders stands before the one of any folder.
static READERS: &[&dyn Reader] = &[&csv::LongCsv, &matrix::LabelledMatrix, &recordings::Recordings];

/// Reads recordings of one format, from a file or a folder.
trait Reader: Sync {
    /// The format as the help text lists it, such as "a labelled matrix (`.npz`)".
    fn name(&self) -> &'static str;

    /// How the names of its files end, in lower case; empty where it reads folders only.
    fn endings(&self) -> &'static [&'static str];

    /// Its folders as the message about an unknown format lists them; `None` where it reads files only.
    fn folders(&self) -> Option<&'static str> {
        None
    }

    /// Whether it reads what is at `path`; here, whether that is no folder and its name has one of the endings.
    fn recognises(&self, path: &Path) -> bool {
        !path.is_dir() && ends_with(path, self.endings())
    }

    /// Reads what [`Reader::recognises`] has recognised into rows ordered by (label, session, timestep).
    fn read(&self, path: &Path, options: &LoadOptions) -> Result<Dataset, DatasetError>;
}

/// Reads a recording by the first reader that recognises it.
pub(super) fn read(path: &Path, options: &LoadOptions) -> Result<Dataset, DatasetError> {
    let file = path.to_owned();
    match READERS.iter().find(|reader| reader.recognises(path)) {
        Some(reader) => reader.read(path, options),
        None if path.exists() => Err(DatasetError::UnknownKind { file, known: kinds() }),
        None => Err(DatasetError::Read { file, source: io::ErrorKind::NotFound.into() }),
    }
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

/// Whether a name ends in one of `endings`, in any case.
fn ends_with(path: &Path, endings: &[&str]) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    endings.iter().any(|ending| name.ends_with(ending))
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
        assert!(matches!(read(&folder, &LoadOptions::default()), Err(DatasetError::NoRows { .. })));
    }
}
