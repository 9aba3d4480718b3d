//! What a file or a folder is, by its first bytes where they tell, else by its name.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::dataset::is_recording;
use crate::files::extension;
use crate::model::{BUNDLE, ONNX, SAFETENSORS};
use crate::secret::{self, Unfit};
use crate::training::{ARCHIVE, ARCHIVE_ENTRY, checkpoint};

/// The kinds that `inspect` describes, with the path to read.
pub enum Kind {
    /// A model's folder or one of its files.
    Model(PathBuf),
    Bundle,
    Archive(PathBuf),
    Checkpoint(PathBuf),
    Enrolment,
    Gallery,
    Results,
    Secret,
    /// Everything else: recordings, whose readers say what they do not know.
    Recordings,
}

/// The kind of what is at `path`.
pub fn kind(path: &Path) -> Kind {
    if path.is_dir() {
        return kind_of_folder(path);
    }
    let ending = extension(path);
    match (start(path).as_deref().unwrap_or_default(), ending.as_str()) {
        ([b'N', b'V', b'E', b'N', b'R', b'O', b'L', ..], _) | (_, "nve") => Kind::Enrolment,
        ([b'N', b'V', b'G', b'A', b'L', b'E', b'R', ..], _) | (_, "nvg") => Kind::Gallery,
        (_, "nvb") => Kind::Bundle,
        (_, "onnx") => Kind::Model(path.to_owned()),
        (_, "safetensors") => kind_of_tensors(path),
        (_, "json") => Kind::Results,
        // A short file is read to see whether it is meant as a secret; a recording never has so few bytes.
        (_, _) if path.is_file() && !is_recording(path) && is_secret(path) => Kind::Secret,
        _ => Kind::Recordings,
    }
}

fn kind_of_folder(folder: &Path) -> Kind {
    let holds = |name: &str| folder.join(name).exists();
    if holds(SAFETENSORS) || holds(ONNX) {
        Kind::Model(folder.to_owned())
    } else if holds(BUNDLE) {
        Kind::Model(folder.join(BUNDLE))
    } else if holds(checkpoint::FILE) {
        Kind::Checkpoint(folder.join(checkpoint::FILE))
    } else if holds(ARCHIVE) {
        Kind::Archive(folder.join(ARCHIVE))
    } else {
        Kind::Recordings
    }
}

/// Which program wrote a safetensors file, and as what, is in its metadata.
fn kind_of_tensors(path: &Path) -> Kind {
    let metadata = metadata(path).unwrap_or_default();
    if metadata.get(ARCHIVE_ENTRY).is_some() {
        Kind::Archive(path.to_owned())
    } else if metadata.get(checkpoint::ENTRY).is_some() {
        Kind::Checkpoint(path.to_owned())
    } else {
        Kind::Model(path.to_owned())
    }
}

/// The metadata of a safetensors file: the length of its header in 8 bytes, and the header in JSON.
fn metadata(path: &Path) -> io::Result<Value> {
    let mut file = File::open(path)?;
    let mut length = [0; 8];
    file.read_exact(&mut length)?;
    let mut header = Vec::new();
    file.take(u64::from_le_bytes(length)).read_to_end(&mut header)?;
    let mut header: Value = serde_json::from_slice(&header)?;
    Ok(header["__metadata__"].take())
}

fn is_secret(path: &Path) -> bool {
    !matches!(secret::form(path), Ok(Err(Unfit::Length)) | Err(_))
}

/// The first bytes of a regular file; a pipe is left to its reader.
fn start(path: &Path) -> Option<Vec<u8>> {
    let mut start = Vec::new();
    let file = path.is_file().then(|| File::open(path).ok()).flatten()?;
    file.take(8).read_to_end(&mut start).ok()?;
    Some(start)
}
