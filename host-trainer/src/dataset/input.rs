//! What recordings are read from, and the label and session given to them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// A file, a folder or standard input, and the label and session given to what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Where the bytes are.
    pub place: Place,
    /// The label of its recordings; without one, names in the file or the path decide.
    pub label: Option<String>,
    /// The session of its recordings, beside a label.
    pub session: Option<String>,
    /// The folder that a file is read as a part of: the path below it names label and session, not the file's name alone.
    pub folder: Option<PathBuf>,
}

/// Where the bytes of an [`Input`] are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file, a pipe or a folder.
    Path(PathBuf),
    /// Standard input, which is read once.
    StandardInput,
}

impl Input {
    /// An input as an argument gives it: `PATH`, `LABEL=PATH` or `LABEL/SESSION=PATH`, where `-` is standard input.
    ///
    /// A path that exists as it is written is that path, whatever equals signs are in it. Of several equals signs the
    /// first that a path follows divides.
    #[must_use]
    pub fn parse(argument: &OsStr) -> Self {
        let whole = Self::from(Path::new(argument));
        if whole.exists() {
            return whole;
        }
        let Some(text) = argument.to_str() else { return whole };
        let divided = text.match_indices('=').filter_map(|(at, _)| {
            let (names, path) = (&text[..at], &text[at + 1..]);
            let (label, session) = match names.split_once('/') {
                Some((label, session)) => (label, Some(session)),
                None => (names, None),
            };
            let named = !label.is_empty() && session != Some("") && !path.is_empty();
            named.then(|| Self {
                label: Some(label.to_owned()),
                session: session.map(str::to_owned),
                ..Self::from(Path::new(path))
            })
        });
        let mut divided = divided.peekable();
        let first = divided.peek().cloned();
        divided.find(Self::exists).or(first).unwrap_or(whole)
    }

    /// The path, unless it is standard input.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::Path(path) => Some(path),
            Place::StandardInput => None,
        }
    }

    /// Whether it is a folder, or a part of one.
    pub(super) fn is_folder(&self) -> bool {
        self.folder.is_some() || self.path().is_some_and(Path::is_dir)
    }

    /// Its name for documents: that of the file or folder without the folders it is in, or `standard input`.
    #[must_use]
    pub fn name(&self) -> String {
        let shown = self.place.shown();
        shown.file_name().unwrap_or(shown.as_os_str()).to_string_lossy().into_owned()
    }

    fn exists(&self) -> bool {
        self.path().is_none_or(Path::exists)
    }
}

/// The path without a label; `-` is standard input.
impl From<&Path> for Input {
    fn from(path: &Path) -> Self {
        let place = if path == "-" { Place::StandardInput } else { Place::Path(path.to_owned()) };
        Self { place, label: None, session: None, folder: None }
    }
}

impl From<PathBuf> for Input {
    fn from(path: PathBuf) -> Self {
        Self::from(path.as_path())
    }
}

impl Place {
    /// The path as messages show it.
    pub(super) fn shown(&self) -> &Path {
        match self {
            Place::Path(path) => path,
            Place::StandardInput => Path::new("standard input"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (String, Option<String>, Option<String>) {
        let input = Input::parse(OsStr::new(text));
        (input.place.shown().display().to_string(), input.label, input.session)
    }

    #[test]
    fn a_label_and_a_session_may_come_before_a_path() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(parsed("a.npy"), ("a.npy".to_owned(), None, None));
        assert_eq!(parsed("ada=a.npy"), ("a.npy".to_owned(), some("ada"), None));
        assert_eq!(parsed("ada/run 1=a.npy"), ("a.npy".to_owned(), some("ada"), some("run 1")));
        assert_eq!(parsed("ada/day/1=-"), ("standard input".to_owned(), some("ada"), some("day/1")));
        assert_eq!(parsed("-"), ("standard input".to_owned(), None, None));
        for path in ["=a.npy", "ada=", "ada/=a.npy", "/tmp=a.npy"] {
            assert_eq!(parsed(path), (path.to_owned(), None, None));
        }
    }

    #[test]
    fn a_name_is_without_folders() {
        for (path, name) in [("in/a.npy", "a.npy"), ("folder/", "folder"), ("..", ".."), ("-", "standard input")] {
            assert_eq!(Input::from(Path::new(path)).name(), name);
        }
    }

    #[test]
    fn a_path_that_exists_as_written_wins() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(at("a=b.npy"), "").unwrap();
        assert_eq!(parsed(&at("a=b.npy")), (at("a=b.npy"), None, None));
        let labelled = format!("x=y={}", at("a=b.npy"));
        assert_eq!(parsed(&labelled), (at("a=b.npy"), Some("x=y".to_owned()), None));
        assert_eq!(parsed("x=y=z").0, "y=z");
    }
}
