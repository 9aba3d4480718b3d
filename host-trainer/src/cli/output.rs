//! Where a command may write: never over one of its inputs, and over what is there only with `--force`.
//!
//! All outputs of a command are checked before its work begins, in the order of the table; the write itself leaves a file
//! that has come there since.
//!
//! | what is found | exit code |
//! |---|---|
//! | an input of the command, by any of its names, or the folder that holds it | 2, also with `--force` |
//! | another output of the same command, or `-` | 2 |
//! | a folder in place of a file, a file in place of a folder, a device, a pipe | 7 |
//! | a file, without `--force` | 2 |
//! | no folder to write in, or one that may not be written | 7 |

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::failure::{Failure, USAGE};
use crate::dataset::is_recording;
use crate::enrolment::{Enrolment, EnrolmentError};
use crate::files::{self, Existing, Pending, Readers};
use crate::model::{self, Model, ModelError};
use crate::training::ARCHIVE;

/// The files that a model is written to.
pub const MODEL_FILES: [&str; 3] = [model::SAFETENSORS, model::ONNX, model::BUNDLE];
/// What is lost with an enrolment.
pub const LOST_ENROLMENT: &str = ", and its v2 keys could never be made again";
/// What is lost with a secret.
pub const LOST_SECRET: &str = ", and keys made with it could never be made again";

/// Whether files that are there may be replaced.
#[derive(Args, Clone, Copy)]
pub struct Force {
    /// Replace files that already exist; an input is never replaced.
    #[arg(long)]
    pub force: bool,
}

/// The inputs and the outputs of one run of a command.
pub struct Outputs {
    inputs: Vec<PathBuf>,
    checked: Vec<PathBuf>,
    existing: Existing,
}

/// Bytes of a key's line: 64 hexadecimal digits and its end.
const KEY_LINE: usize = 65;

/// Begins a file that a command writes at its end: under a temporary name, so that it is whole or absent.
pub fn new_file(path: &Path, readers: Readers, existing: Existing) -> Result<Pending, Failure> {
    Pending::create(path, readers, existing).map_err(|error| unwritten(path, &error))
}

/// As [`new_file`] for a key that a token tells once, with room for it: a full disk must show before the token makes the key.
pub fn new_key_file(path: &Path, readers: Readers, existing: Existing) -> Result<Pending, Failure> {
    let mut file = new_file(path, readers, existing)?;
    file.reserve(KEY_LINE).map_err(|error| unwritten(path, &error))?;
    Ok(file)
}

/// Writes the line of a key to the file that [`new_key_file`] began.
pub fn write_key_file(mut file: Pending, path: &Path, line: &str) -> Result<(), Failure> {
    file.write_all(line.as_bytes()).and_then(|()| file.commit()).map_err(|error| unwritten(path, &error))
}

/// Why the file at `path` could not be written, and what to do next.
pub fn unwritten(path: &Path, error: &io::Error) -> Failure {
    Failure::unwritten(&io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display())))
}

impl Force {
    /// What becomes of a file that is there.
    pub fn existing(self) -> Existing {
        if self.force { Existing::Replace } else { Existing::Keep }
    }

    /// Writes a model's files.
    pub fn write_model(self, model: &Model, folder: &Path) -> Result<(), ModelError> {
        if self.force { model.write(folder) } else { model.write_new(folder) }
    }

    /// Writes an enrolment.
    pub fn write_enrolment(self, record: &Enrolment, path: &Path) -> Result<(), EnrolmentError> {
        if self.force { record.write(path) } else { record.write_new(path) }
    }
}

impl Outputs {
    /// For a command with these inputs, files or folders.
    pub fn new<P: Into<PathBuf>>(force: Force, inputs: impl IntoIterator<Item = P>) -> Self {
        Self { inputs: inputs.into_iter().map(Into::into).collect(), checked: Vec::new(), existing: force.existing() }
    }

    /// Checks that a file may be written at `path`; `lost` says what would be lost with the file that is there.
    pub fn file(&mut self, path: &Path, lost: &str) -> Result<(), Failure> {
        let name = path.display();
        if path == Path::new("-") {
            let text = "-: this output is a file; give its name (`./-` is a file called `-`)";
            return Err(Failure::new(USAGE, text));
        }
        if let Some(input) = self.inputs.iter().find(|input| is_of(path, input)) {
            let text =
                format!("{name}: is an input of this command ({}); give the output another name", input.display());
            return Err(Failure::new(USAGE, text));
        }
        if self.checked.iter().any(|other| will_be_same(path, other)) {
            return Err(Failure::new(USAGE, format!("{name}: is named for two outputs; give each a name of its own")));
        }
        let folder = path.parent().unwrap_or(path);
        if !folder.exists() && self.checked.iter().any(|other| other == folder) {
            // It will be made by then.
            self.checked.push(path.to_owned());
            return Ok(());
        }
        // Whatever cannot be replaced is an error of writing; only a file that can be asks for --force.
        files::check_file(path, Existing::Replace).map_err(|error| Failure::unwritten(&error))?;
        if self.existing == Existing::Keep && (path.is_symlink() || path.exists()) {
            let text = format!("{name} already exists{lost}; write elsewhere, or replace it with --force");
            return Err(Failure::new(USAGE, text));
        }
        self.checked.push(path.to_owned());
        Ok(())
    }

    /// Checks that files of these names may be written in `folder`, which is created when it is not there.
    pub fn folder(&mut self, folder: &Path, names: &[&str]) -> Result<(), Failure> {
        let holds = |input: &&PathBuf| {
            let parent = input.is_file().then(|| input.canonicalize().ok()?.parent().map(Path::to_owned)).flatten();
            files::is_same(folder, input) || parent.is_some_and(|parent| files::is_same(folder, &parent))
        };
        if let Some(input) = self.inputs.iter().find(holds) {
            let text = format!(
                "{}: holds an input of this command ({}); give the output a folder of its own",
                folder.display(),
                input.display()
            );
            return Err(Failure::new(USAGE, text));
        }
        files::check_folder(folder).map_err(|error| Failure::unwritten(&error))?;
        if folder.is_dir() {
            names.iter().try_for_each(|name| self.file(&folder.join(name), ""))?;
        }
        self.checked.push(folder.to_owned());
        Ok(())
    }
}

/// Whether writing `path` would change an input: the file itself, or a file of a folder that is read.
fn is_of(path: &Path, input: &Path) -> bool {
    if files::is_same(path, input) {
        return true;
    }
    let (Ok(path), Ok(input)) = (path.canonicalize(), input.canonicalize()) else { return false };
    let of_model = MODEL_FILES.iter().chain(&[ARCHIVE]).any(|name| path == input.join(name));
    of_model || input.is_dir() && is_recording(&path) && path.starts_with(input)
}

/// Whether two paths name one file that need not be there yet.
fn will_be_same(one: &Path, other: &Path) -> bool {
    let folder = |path: &Path| {
        path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
    };
    files::is_same(one, other) || one.file_name() == other.file_name() && files::is_same(&folder(one), &folder(other))
}
