//! Label and session of a recording that its path names.
//!
//! The first rule that fits names a recording; a path is taken from the folder that was given on.
//!
//! | path | label | session |
//! |---|---|---|
//! | `sub-01/ses-2/func/sub-01_ses-2_task-x_run-3_bold.nii` | `sub-01` | `ses-2_run-3` |
//! | `sub-01/run-3.npy` | `sub-01` | `run-3` |
//! | `VIDEO/preds.npy` | `VIDEO` | |
//! | `day1/VIDEO/preds.npy` | `VIDEO` | `day1` |
//! | `LABEL.npy` | `LABEL` | |
//! | `LABEL/SESSION.npy` | `LABEL` | `SESSION` |
//! | `LABEL/a/b.npy` | `LABEL` | `a/b` |
//!
//! The first two are recordings with a `sub` entity of BIDS in the name of the file or of a folder; the session is made of
//! the entities `ses` and `run`, and the nearest to the file's name counts. A file that was given by itself is named by
//! its own name alone, and `preds` by the folder that holds it.
//!
//! A label that was given with an input takes the place of the path's, and a session given with it that of the path's, in
//! front of the path below it if the input is a folder: a folder is read as one that bears the label as its name.

use std::path::{Path, absolute};

use crate::dataset::input::Input;

/// A file's name that says what is in it, not whose it is.
const UNNAMED: &str = "preds";

/// Label and session of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) label: String,
    /// Empty where there is none.
    pub(super) session: String,
}

/// Names the recording `stem`, whose folders below the input's path are `folders`.
pub(super) fn identity(input: &Input, folders: &[String], stem: &str) -> Identity {
    let entity = |key: &str| {
        let parts = |name: &str| name.split('_').find(|part| is_entity(part, key)).map(str::to_owned);
        [stem].into_iter().chain(folders.iter().rev().map(String::as_str)).find_map(parts)
    };
    let (label, session) = if let Some(subject) = entity("sub-") {
        let parts: Vec<String> = ["ses-", "run-"].into_iter().filter_map(entity).collect();
        (subject, parts.join("_"))
    } else if is_unnamed(stem) {
        match folders.split_last() {
            Some(_) if input.label.is_some() => (String::new(), folders.join("/")),
            Some((folder, above)) => (folder.clone(), above.join("/")),
            None => (input.path().map_or_else(|| stem.to_owned(), folder_of), String::new()),
        }
    } else {
        let path: Vec<&str> = folders.iter().map(String::as_str).chain([stem]).collect();
        match (&input.label, path.as_slice()) {
            (Some(_), path) if input.is_folder() => (String::new(), path.join("/")),
            (_, [label, session @ ..]) => ((*label).to_owned(), session.join("/")),
            (_, []) => Default::default(),
        }
    };
    let session = match (&input.session, input.is_folder()) {
        (Some(given), true) if !session.is_empty() => format!("{given}/{session}"),
        (Some(given), _) => given.clone(),
        (None, _) => session,
    };
    Identity { label: input.label.clone().unwrap_or(label), session }
}

/// Whether a file's name says what is in it, not whose it is.
pub(super) fn is_unnamed(stem: &str) -> bool {
    stem.eq_ignore_ascii_case(UNNAMED)
}

/// Whether a part of a name is an entity such as `sub-01`.
fn is_entity(part: &str, key: &str) -> bool {
    part.strip_prefix(key).is_some_and(|value| !value.is_empty() && value.chars().all(char::is_alphanumeric))
}

/// The name of a folder, or of the one that holds a file.
fn folder_of(path: &Path) -> String {
    let whole = absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = if path.is_dir() { Some(whole.as_path()) } else { whole.parent() };
    folder.and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    /// Label and session of `path` in the folder that `argument` gives.
    fn named(argument: &str, path: &str) -> (String, String) {
        let mut folders: Vec<String> = path.split('/').map(str::to_owned).collect();
        let stem = folders.pop().unwrap();
        let Identity { label, session } = identity(&Input::parse(OsStr::new(argument)), &folders, &stem);
        (label, session)
    }

    fn pair(label: &str, session: &str) -> (String, String) {
        (label.to_owned(), session.to_owned())
    }

    #[test]
    fn folders_below_the_given_one_name_label_and_session() {
        let folder = tempfile::tempdir().unwrap();
        let given = folder.path().join("recordings");
        std::fs::create_dir(&given).unwrap();
        let given = given.to_str().unwrap();
        let cases = [
            ("cat", "cat", ""),
            ("face/run01", "face", "run01"),
            ("face/day1/run01", "face", "day1/run01"),
            ("clip/preds", "clip", ""),
            ("day1/clip/PREDS", "clip", "day1"),
            ("preds", "recordings", ""),
            ("sub-01/ses-2/func/sub-01_ses-2_task-x_run-3_bold", "sub-01", "ses-2_run-3"),
            ("sub-01/ses-2/preds", "sub-01", "ses-2"),
            ("sub-01/run-3", "sub-01", "run-3"),
            ("sub-01/scan", "sub-01", ""),
            ("derivatives/sub-01/ses-1/x_ses-2", "sub-01", "ses-2"),
            ("sub-/a", "sub-", "a"),
        ];
        for (path, label, session) in cases {
            assert_eq!(named(given, path), pair(label, session), "{path}");
        }
    }

    #[test]
    fn a_given_label_takes_the_place_of_the_paths() {
        let folder = tempfile::tempdir().unwrap();
        let given = |names: &str| format!("{names}={}", folder.path().display());
        assert_eq!(named(&given("ada"), "run01"), pair("ada", "run01"));
        assert_eq!(named(&given("ada"), "clip/preds"), pair("ada", "clip"));
        assert_eq!(named(&given("ada/day1"), "run01"), pair("ada", "day1/run01"));
        assert_eq!(named(&given("ada"), "sub-01/sub-01_ses-2"), pair("ada", "ses-2"));
    }

    #[test]
    fn a_file_given_by_itself_has_its_own_name() {
        assert_eq!(named("x/y/face.npy", "face"), pair("face", ""));
        assert_eq!(named("x/clip/preds.npy", "preds"), pair("clip", ""));
        assert_eq!(named("x/sub-01_ses-2_preds.npy", "sub-01_ses-2_preds"), pair("sub-01", "ses-2"));
        assert_eq!(named("ada=x/face.npy", "face"), pair("ada", ""));
        assert_eq!(named("ada/run1=x/face.npy", "face"), pair("ada", "run1"));
        assert_eq!(named("-", "standard input"), pair("standard input", ""));
    }
}
