//! The remaining attempts of an enrolment on this machine, in a file beside it.
//!
//! `R.nve.attempts` holds the count for `R.nve`; little-endian, mode 0600:
//!
//! | offset | bytes | content |
//! |---|---|---|
//! | 0 | 8 | magic `NVATTEM1` |
//! | 8 | 16 | id of the enrolment |
//! | 24 | 4 | attempts left, 0 to 5 |
//! | 28 | 32 | SHA-256 of everything before it |
//!
//! | event | what follows |
//! |---|---|
//! | no file | all attempts are left |
//! | the file is damaged, or belongs to another enrolment | an error: no attempt is taken |
//! | two processes at once | the second waits for the lock on `R.nve.attempts.lock` and reads what the first wrote |
//! | a kill or a power cut | the old file or the new one is there: it is written under another name, synced, then renamed |
//! | the disk is full | an error: no attempt is taken and the probe is not compared |
//!
//! Whoever can delete or replace the file gets all attempts back. The count limits guessing through this program only;
//! a token keeps its counter in sealed flash. An enrolment whose false match rate allows fewer attempts than five has these;
//! one that allows none has five all the same, since a count that anybody can undo protects nothing.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use neural_vault_core::budget::FalseMatches;
use neural_vault_core::verify::AttemptCounter;
use sha2::{Digest, Sha256};

use crate::files;

/// Attempts of an enrolment, unless its false match rate allows fewer; an accepted probe restores them.
pub const ATTEMPTS: u32 = 5;

/// Attempts on this machine of an enrolment with these false matches: [`ATTEMPTS`], or the fewer that they allow.
#[must_use]
pub fn attempts_here(false_matches: &FalseMatches) -> u32 {
    false_matches.attempts(None).map_or(ATTEMPTS, |budget| ATTEMPTS.min(budget.into()))
}

const MAGIC: &[u8; 8] = b"NVATTEM1";
const LENGTH: usize = 60;

/// The attempts of one enrolment, which no other process can take until this is dropped.
#[derive(Debug)]
pub struct Attempts {
    path: PathBuf,
    id: [u8; 16],
    left: u32,
    all: u32,
    /// The lock is released when this file is closed.
    _lock: File,
}

/// Why attempts cannot be counted. No key is released then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttemptsError {
    /// The enrolment's path cannot be resolved.
    #[error("{}: cannot be found: {source}", path.display())]
    Place {
        /// The enrolment.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The file that locks the counter cannot be opened or locked.
    #[error("{}: cannot be locked: {source}", path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The counter exists and cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The file is not a counter, or was changed.
    #[error("{}: not a sound count of attempts: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
    /// The file belongs to another enrolment.
    #[error("{}: counts the attempts of another enrolment", path.display())]
    OtherEnrolment {
        /// The file.
        path: PathBuf,
    },
    /// The counter cannot be written.
    #[error("{source}")]
    Write {
        /// The error of the operating system, with the file's name.
        source: io::Error,
    },
    /// No attempt is left.
    #[error("{}: no attempt is left", path.display())]
    NoneLeft {
        /// The file.
        path: PathBuf,
    },
}

impl Attempts {
    /// Waits for the lock on the counter of the enrolment at `enrolment`, then reads it; it has `all` attempts at most.
    ///
    /// # Errors
    /// The lock cannot be taken, or the file exists and is not a sound count of this enrolment's attempts.
    pub fn open(enrolment: &Path, id: &[u8; 16], all: u32) -> Result<Self, AttemptsError> {
        let path = beside(enrolment)?;
        let lock = locked(&path)?;
        let left = read(&path, id, all)?;
        Ok(Self { path, id: *id, left, all, _lock: lock })
    }

    /// The attempts left of the enrolment at `enrolment`, at most `all`; nothing is locked or written.
    ///
    /// # Errors
    /// The file exists and is not a sound count of this enrolment's attempts.
    pub(super) fn left_beside(enrolment: &Path, id: &[u8; 16], all: u32) -> Result<u32, AttemptsError> {
        read(&beside(enrolment)?, id, all)
    }

    /// Removes the counter of a replaced enrolment, so that the new one starts with all attempts.
    ///
    /// # Errors
    /// The counter exists and cannot be locked or removed.
    pub fn forget(enrolment: &Path) -> Result<(), AttemptsError> {
        let path = beside(enrolment)?;
        if !path.exists() {
            return Ok(());
        }
        let _lock = locked(&path)?;
        let removed = std::fs::remove_file(&path).and_then(|()| files::sync_folder(&path));
        removed.map_err(|error| AttemptsError::Write {
            source: io::Error::new(error.kind(), format!("cannot remove {}: {error}", path.display())),
        })
    }

    /// Attempts left.
    #[must_use]
    pub fn left(&self) -> u32 {
        self.left
    }

    /// Writes `left` to the file, durably, before it changes in memory.
    fn persist(&mut self, left: u32) -> Result<(), AttemptsError> {
        files::write_durably(&self.path, &file(&self.id, left)).map_err(|source| AttemptsError::Write { source })?;
        self.left = left;
        Ok(())
    }
}

impl AttemptCounter for Attempts {
    type Error = AttemptsError;

    fn remaining(&mut self) -> Result<u32, AttemptsError> {
        Ok(self.left)
    }

    fn persist_decrement(&mut self) -> Result<(), AttemptsError> {
        let left = self.left.checked_sub(1).ok_or_else(|| AttemptsError::NoneLeft { path: self.path.clone() })?;
        self.persist(left)
    }

    fn restore(&mut self) -> Result<(), AttemptsError> {
        self.persist(self.all)
    }
}

/// The counter's file; a symbolic link to an enrolment shares the counter of its target.
fn beside(enrolment: &Path) -> Result<PathBuf, AttemptsError> {
    let place = |source| AttemptsError::Place { path: enrolment.to_owned(), source };
    Ok(with_ending(enrolment.canonicalize().map_err(place)?, ".attempts"))
}

/// The attempts left, at most `all`: a whole file is always there, because it is replaced by a renamed one.
fn read(path: &Path, id: &[u8; 16], all: u32) -> Result<u32, AttemptsError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(parse(&bytes, id, path)?.min(all)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(all),
        Err(source) => Err(AttemptsError::Read { path: path.to_owned(), source }),
    }
}

/// Locks a separate file, because each write replaces the counter's file.
fn locked(counter: &Path) -> Result<File, AttemptsError> {
    let path = with_ending(counter.to_owned(), ".lock");
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let lock = options.open(&path).and_then(|file| file.lock().map(|()| file));
    lock.map_err(|source| AttemptsError::Lock { path, source })
}

fn with_ending(path: PathBuf, ending: &str) -> PathBuf {
    let mut name = path.into_os_string();
    name.push(ending);
    name.into()
}

fn file(id: &[u8; 16], left: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(LENGTH);
    bytes.extend(MAGIC);
    bytes.extend(id);
    bytes.extend(left.to_le_bytes());
    let checksum = Sha256::digest(&bytes);
    bytes.extend(checksum);
    bytes
}

/// The attempts left that a file states for the enrolment `id`.
fn parse(bytes: &[u8], id: &[u8; 16], path: &Path) -> Result<u32, AttemptsError> {
    let malformed = |reason| AttemptsError::Malformed { path: path.to_owned(), reason };
    let Some((MAGIC, rest)) = bytes.split_first_chunk::<8>() else {
        return Err(malformed("its magic number is wrong"));
    };
    let Some((found, rest)) = rest.split_first_chunk::<16>() else {
        return Err(malformed("it is cut short"));
    };
    let Some((left, _)) = rest.split_first_chunk::<4>() else {
        return Err(malformed("it is cut short"));
    };
    let left = u32::from_le_bytes(*left);
    if bytes != file(found, left) {
        return Err(malformed("its checksum does not match"));
    }
    if left > ATTEMPTS {
        return Err(malformed("it states more attempts than there are"));
    }
    if found != id {
        return Err(AttemptsError::OtherEnrolment { path: path.to_owned() });
    }
    Ok(left)
}

#[cfg(test)]
mod tests;
