//! The interface of a reader of one format, and its options.

use std::path::Path;

use crate::dataset::error::DatasetError;
use crate::dataset::rows::Dataset;

/// Reads recordings of one format, from a file or a folder.
pub(super) trait Reader: Sync {
    /// The format as the help text lists it, such as "a labelled matrix (`.npz`)".
    fn name(&self) -> &'static str;

    /// The endings of its files' names, such as ".csv.gz", in lower case; empty where it reads folders only.
    fn endings(&self) -> &'static [&'static str];

    /// Its folders, for the message about an unknown format; `None` when it reads files only.
    fn folders(&self) -> Option<&'static str> {
        None
    }

    /// Whether it can read `path`: by default, a file whose name has one of the endings, in any case.
    fn recognises(&self, path: &Path) -> bool {
        !path.is_dir() && ends_with(path, self.endings())
    }

    /// Reads a path that it recognises; the rows are ordered by (label, session, timestep).
    fn read(&self, path: &Path, options: &LoadOptions) -> Result<Dataset, DatasetError>;
}

/// How to read a recording.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// The CSV column that holds the label; `video` when absent.
    pub label_column: Option<String>,
}

/// Whether a name ends in one of `endings`, in any case.
pub(in crate::dataset) fn ends_with(path: &Path, endings: &[&str]) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    endings.iter().any(|ending| name.ends_with(ending))
}
