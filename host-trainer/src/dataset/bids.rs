//! Files that belong to a recording by their names, as BIDS has it.
//!
//! A name is made of parts between underscores. `sub-01_task-x_events.tsv` belongs to every recording whose name has the
//! parts `sub-01` and `task-x`; of several such files the one with the most parts does. They are looked for in the
//! recording's folder, then in the folders above it up to the one with `dataset_description.json`, the dataset's root.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::escape;

/// Folders above a recording that may be the dataset's root: `ses-`, `sub-` and the like.
const DEEPEST: usize = 6;
const ROOT: &str = "dataset_description.json";

/// The file `..._SUFFIX.EXTENSION`, or `....EXTENSION` where the recording's own last part is the suffix, that belongs to a
/// recording by its name and place.
///
/// # Errors
/// When a folder cannot be read, or two files belong to it equally.
pub(super) fn beside(recording: &Path, ending: &Ending) -> io::Result<Option<PathBuf>> {
    let above: Vec<&Path> = recording.ancestors().skip(1).take(DEEPEST).collect();
    let root = above.iter().position(|folder| folder.join(ROOT).is_file()).unwrap_or(0);
    for folder in above.iter().take(root + 1) {
        if let Some(found) = best(recording, ending, entries(folder_or_here(folder))?)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// As [`beside`], in a folder and all below it.
///
/// # Errors
/// As [`beside`].
pub(super) fn within(folder: &Path, recording: &Path, ending: &Ending) -> io::Result<Option<PathBuf>> {
    let (mut found, mut folders) = (Vec::new(), vec![(folder.to_owned(), 0)]);
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            match path.is_dir() {
                true if depth < DEEPEST => folders.push((path, depth + 1)),
                true => {}
                false => found.push(path),
            }
        }
    }
    best(recording, ending, found)
}

/// How a belonging file's name ends.
pub(super) struct Ending {
    /// The last part, such as `events`; `None` where the recording's own parts are all that there may be.
    pub(super) suffix: Option<&'static str>,
    /// With its dot.
    pub(super) extension: &'static str,
}

fn best(recording: &Path, ending: &Ending, files: Vec<PathBuf>) -> io::Result<Option<PathBuf>> {
    let own = parts(recording);
    let mut matching: Vec<(usize, PathBuf)> =
        files.into_iter().filter_map(|file| Some((shared(&file, ending, &own)?, file))).collect();
    matching.retain(|(_, file)| file.is_file());
    matching.sort();
    match matching.as_slice() {
        [.., (second, one), (most, other)] if second == most => Err(io::Error::other(format!(
            "{} and {} belong to {} equally; name the one to use",
            escape::path(one),
            escape::path(other),
            escape::path(recording)
        ))),
        _ => Ok(matching.pop().map(|(_, file)| file)),
    }
}

/// How many parts of a recording's name a file's name has, where it has no others.
fn shared(file: &Path, ending: &Ending, own: &BTreeSet<String>) -> Option<usize> {
    let name = file.file_name()?.to_str()?;
    let stem = name.strip_suffix(ending.extension).filter(|_| !name.starts_with('.'))?;
    let mut parts: Vec<&str> = stem.split('_').collect();
    if let Some(suffix) = ending.suffix {
        parts.pop().filter(|last| *last == suffix)?;
    }
    parts.iter().all(|part| own.contains(*part)).then_some(parts.len())
}

/// The parts of a recording's name, without its extensions.
fn parts(recording: &Path) -> BTreeSet<String> {
    let name = recording.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').next().unwrap_or_default();
    stem.split('_').map(str::to_owned).collect()
}

/// What is in a folder, without a look at each, which takes long in a folder of many recordings.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

fn folder_or_here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const EVENTS: Ending = Ending { suffix: Some("events"), extension: ".tsv" };
    const SIDECAR: Ending = Ending { suffix: None, extension: ".json" };
    const RECORDING: &str = "sub-01/func/sub-01_task-x_run-1_hemi-L_bold.func.gii";

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    fn found(names: &[&str], ending: &Ending) -> Option<String> {
        let folder = folder(names);
        fs::create_dir_all(folder.path().join("sub-01/func")).unwrap();
        let found = beside(&folder.path().join(RECORDING), ending).unwrap()?;
        Some(found.strip_prefix(folder.path()).unwrap().to_str().unwrap().replace('\\', "/"))
    }

    #[test]
    fn the_file_with_the_most_parts_of_the_name_belongs_to_a_recording() {
        let names = [
            "sub-01/func/sub-01_task-x_events.tsv",
            "sub-01/func/sub-01_task-x_run-1_events.tsv",
            "sub-01/func/sub-01_task-x_run-2_events.tsv",
            "sub-01/func/sub-01_task-x_run-1_bold.json",
        ];
        assert_eq!(found(&names, &EVENTS).as_deref(), Some(names[1]));
        assert_eq!(found(&names, &SIDECAR).as_deref(), Some(names[3]));
        assert_eq!(found(&names[2..3], &EVENTS), None);
    }

    #[test]
    fn folders_above_are_searched_up_to_the_root_of_a_dataset_only() {
        let above = "task-x_events.tsv";
        assert_eq!(found(&[above], &EVENTS), None);
        assert_eq!(found(&[above, ROOT], &EVENTS).as_deref(), Some(above));
    }

    #[test]
    fn files_of_another_dataset_are_found_at_any_depth() {
        let raw = folder(&["sub-01/func/sub-01_task-x_run-1_events.tsv", "sub-02/func/sub-02_task-x_run-1_events.tsv"]);
        let found = within(raw.path(), Path::new(RECORDING), &EVENTS).unwrap().unwrap();
        assert!(found.ends_with("sub-01_task-x_run-1_events.tsv"), "{found:?}");
    }

    #[test]
    fn two_files_that_belong_equally_are_both_named() {
        let folder = folder(&["a_b_c.nii", "a_b_events.tsv", "a_c_events.tsv"]);
        let error = beside(&folder.path().join("a_b_c.nii"), &EVENTS).unwrap_err().to_string();
        assert!(error.contains("a_b_events.tsv") && error.contains("a_c_events.tsv"), "{error}");
    }
}
