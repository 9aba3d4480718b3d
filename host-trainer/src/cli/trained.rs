//! What a training leaves in its folder: the model, and the archive of its recordings.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use indicatif::DecimalBytes;
use serde_json::{Value, json};

use super::console::Console;
use super::failure::Failure;
use super::output::Force;
use crate::files;
use crate::model::Model;
use crate::training::{ARCHIVE, Archive};

/// A training archive on the disk.
pub struct ArchiveFile {
    path: PathBuf,
    bytes: u64,
}

/// Writes a model and its archive, both or neither; without an archive, that of an earlier model is removed.
pub fn write(
    model: &Model,
    archive: Option<&Archive>,
    folder: &Path,
    force: Force,
) -> Result<Option<ArchiveFile>, Failure> {
    files::create_folder(folder).map_err(|error| Failure::unwritten(&error))?;
    let prepared = archive.map(|archive| archive.prepare(folder)).transpose()?;
    force.write_model(model, folder)?;
    match prepared {
        Some(prepared) => prepared.commit()?,
        None => remove(&folder.join(ARCHIVE))?,
    }
    Ok(ArchiveFile::find(folder))
}

impl ArchiveFile {
    /// The archive in a model's folder.
    pub fn find(folder: &Path) -> Option<Self> {
        let path = folder.join(ARCHIVE);
        let bytes = path.metadata().ok().filter(|found| found.is_file())?.len();
        Some(Self { path, bytes })
    }

    /// The file with its size, and what is in it.
    pub fn line(&self) -> String {
        format!("{}, {}: every raw scan that trained the model", self.path.display(), DecimalBytes(self.bytes))
    }

    /// Says what must not be shared; `next` goes on.
    pub fn note(&self, console: &Console, next: &str) {
        console.note(format!(
            "note: {} ({}) holds every raw scan that trained the model: do not share it with the model{next}",
            self.path.display(),
            DecimalBytes(self.bytes)
        ));
    }

    /// Adds it to a document.
    pub fn add_to(&self, value: &mut Value) {
        value["archive"] = json!(self.path.display().to_string());
        value["archive_bytes"] = json!(self.bytes);
    }
}

fn remove(path: &Path) -> Result<(), Failure> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            let text = format!("cannot remove {}: {error}", path.display());
            Err(Failure::unwritten(&io::Error::new(error.kind(), text)))
        }
        _ => Ok(()),
    }
}
