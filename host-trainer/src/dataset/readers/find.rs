//! The files that inputs name, and what is left out of folders.
//!
//! Folders are searched at any depth, in the order of their paths. Hidden files and folders, whose names begin with a dot,
//! are passed over; every other file that no reader takes is counted in a note.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::reader::{Reader, ending};
use super::{READERS, kinds};
use crate::dataset::error::DatasetError;
use crate::dataset::input::{Input, Place};
use crate::escape::{self, Escaped};

/// Paths that a note lists.
const LISTED: usize = 3;

/// A file to be read.
pub(super) struct Found<'i> {
    pub(super) input: &'i Input,
    pub(super) place: Place,
    /// The folders between the input's path and the file.
    pub(super) folders: Vec<String>,
    /// The reader of its name; `None` where the content is to tell.
    pub(super) reader: Option<&'static dyn Reader>,
}

/// The files of a folder that are not read.
#[derive(Default)]
pub(super) struct LeftOut {
    /// The files and, where a reader refused one, why.
    files: BTreeMap<PathBuf, Option<String>>,
}

/// Finds the files of an input.
///
/// # Errors
/// [`DatasetError::Read`], [`DatasetError::UnknownKind`] of a file that no reader takes, and
/// [`DatasetError::NoRecordings`] of a folder without a file that one takes.
pub(super) fn find<'i>(input: &'i Input, left_out: &mut LeftOut) -> Result<Vec<Found<'i>>, DatasetError> {
    let found = |place, folders, reader| Found { input, place, folders, reader };
    let Some(path) = input.path() else {
        return Ok(vec![found(Place::StandardInput, Vec::new(), None)]);
    };
    let metadata = fs::metadata(path).map_err(|source| DatasetError::Read { file: path.to_owned(), source })?;
    if !metadata.is_dir() {
        let reader = by_name(path);
        if reader.is_none() && metadata.is_file() {
            return Err(DatasetError::UnknownKind { file: path.to_owned(), known: kinds() });
        }
        return Ok(vec![found(Place::Path(path.to_owned()), folders_of(path, input.folder.as_deref()), reader)]);
    }

    let mut files = Vec::new();
    walk(path, &mut Vec::new(), &mut BTreeSet::new(), &mut files)?;
    let mut taken = Vec::new();
    let mut others = LeftOut::default();
    for (file, folders) in files {
        match by_name(&file) {
            Some(reader) => taken.push(found(Place::Path(file), folders, Some(reader))),
            None => others.add(file, None),
        }
    }
    if taken.is_empty() {
        let (folder, left_out) = (path.to_owned(), others.summary().unwrap_or_default());
        return Err(DatasetError::NoRecordings { folder, left_out, known: kinds() });
    }
    left_out.files.extend(others.files);
    Ok(taken)
}

/// Leaves out the files that are read together with another, and lists none of them as left out.
pub(super) fn drop_companions(found: &mut Vec<Found<'_>>, left_out: &mut LeftOut) {
    let mut companions = BTreeSet::new();
    found.retain(|found| {
        let (Place::Path(path), Some(reader)) = (&found.place, found.reader) else { return true };
        let keep = !companions.contains(path);
        if keep {
            companions.extend(reader.companions(path));
        }
        keep
    });
    left_out.files.retain(|path, _| !companions.contains(path));
}

/// The reader of files of this name.
pub(super) fn by_name(path: &Path) -> Option<&'static dyn Reader> {
    let name = path.file_name()?.to_string_lossy();
    READERS.iter().copied().find(|reader| ending(&name, reader.endings()).is_some())
}

/// The folders between the folder that a file is a part of and the file.
fn folders_of(file: &Path, folder: Option<&Path>) -> Vec<String> {
    let below = folder.and_then(|folder| file.strip_prefix(folder).ok()).and_then(Path::parent);
    below.into_iter().flatten().map(|name| name.to_string_lossy().into_owned()).collect()
}

/// Gathers the files of a folder with the folders between, in the order of their paths.
fn walk(
    folder: &Path,
    folders: &mut Vec<String>,
    above: &mut BTreeSet<PathBuf>,
    files: &mut Vec<(PathBuf, Vec<String>)>,
) -> Result<(), DatasetError> {
    let failed = |source| DatasetError::Read { file: folder.to_owned(), source };
    // A link to a folder above would be followed without end.
    let real = folder.canonicalize().map_err(failed)?;
    if !above.insert(real.clone()) {
        return Ok(());
    }
    let mut entries = BTreeSet::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            entries.insert(entry.path());
        }
    }
    for path in entries {
        if path.is_dir() {
            folders.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
            walk(&path, folders, above, files)?;
            folders.pop();
        } else {
            files.push((path, folders.clone()));
        }
    }
    above.remove(&real);
    Ok(())
}

impl LeftOut {
    /// Adds a file and, where its reader refused it, why.
    pub(super) fn add(&mut self, file: PathBuf, reason: Option<String>) {
        self.files.insert(file, reason);
    }

    /// Lists a file no longer, which was used beside a recording.
    pub(super) fn remove(&mut self, file: &Path) {
        self.files.remove(file);
    }

    /// Notes about the files that were left out.
    pub(super) fn notes(&self) -> Vec<String> {
        let refused = self.files.values().flatten().map(|reason| format!("left out: {reason}"));
        refused.chain(self.summary()).collect()
    }

    /// How many files of each kind no reader takes, and some of their paths; `None` of none.
    fn summary(&self) -> Option<String> {
        let unread = || self.files.iter().filter(|(_, reason)| reason.is_none()).map(|(file, _)| file);
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for file in unread() {
            let kind = file.extension().map(|kind| format!(".{}", kind.to_string_lossy().to_lowercase()));
            *kinds.entry(kind.unwrap_or_else(|| "without an ending".to_owned())).or_default() += 1;
        }
        let count: usize = kinds.values().sum();
        let by_kind: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {}", Escaped(kind))).collect();
        let listed: Vec<String> = unread().take(LISTED).map(|file| escape::path(file)).collect();
        let dots = if count > LISTED { ", ..." } else { "" };
        let plural = if count == 1 { "file is" } else { "files are" };
        let text = || format!("{count} {plural} left out ({}): {}{dots}", by_kind.join(", "), listed.join(", "));
        (count > 0).then(text)
    }
}
