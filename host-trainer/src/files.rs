//! Files written whole or not at all.

use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A file that is being written, under a temporary name in the same folder until [`Pending::commit`].
///
/// It is removed when it is dropped without a commit.
#[derive(Debug)]
pub struct Pending {
    file: NamedTempFile,
    path: PathBuf,
    existing: Existing,
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Everyone whom the umask allows (mode 0666 without the bits of the umask).
    All,
    /// The owner only (mode 0600).
    Owner,
}

/// What happens to a file that is there under the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and writing is an error.
    Keep,
    /// It is replaced.
    Replace,
}

/// Writes `bytes` to `path` through a temporary file in the same folder.
///
/// No reader sees a partial file, and neither a full disk nor a kill leaves one.
///
/// # Errors
/// When the folder cannot be written, or a file is there that must stay; the message names the file.
pub fn write(path: &Path, bytes: &[u8], readers: Readers, existing: Existing) -> io::Result<()> {
    fill(path, bytes, readers, existing)?.commit_named()
}

/// Replaces a file that its owner alone may read, durably: the folder is synced too, so that the file keeps its name
/// after a power cut.
///
/// # Errors
/// As [`write`].
pub fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write(path, bytes, Readers::Owner, Existing::Replace)?;
    sync_folder(path).map_err(|e| named(path, &e))
}

/// Makes writes, renames and removals in the folder of `path` durable.
///
/// # Errors
/// When the folder cannot be opened or synced.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    // Windows has no such call.
    #[cfg(unix)]
    std::fs::File::open(folder_of(path))?.sync_all()?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Writes several files; none gets its name before all of them are written.
///
/// # Errors
/// When one cannot be written; the message names it, and existing files stay unchanged.
pub fn write_together(files: &[(PathBuf, Vec<u8>)], readers: Readers, existing: Existing) -> io::Result<()> {
    let mut pending = Vec::with_capacity(files.len());
    for (path, bytes) in files {
        pending.push(fill(path, bytes, readers, existing)?);
    }
    pending.into_iter().try_for_each(Pending::commit_named)
}

/// Begins a file that will be `path` and writes `bytes` to it, under a temporary name until [`Pending::commit_named`].
///
/// # Errors
/// As [`write`].
pub fn fill(path: &Path, bytes: &[u8], readers: Readers, existing: Existing) -> io::Result<Pending> {
    let fill = || {
        let mut file = Pending::create(path, readers, existing)?;
        file.write_all(bytes)?;
        Ok(file)
    };
    fill().map_err(|e| named(path, &e))
}

/// Creates a folder and its parents.
///
/// # Errors
/// When it cannot be created; the message names it.
pub fn create_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path).map_err(|e| no_folder(path, &e))
}

/// Checks that a file can be written at `path` now, and leaves nothing.
///
/// # Errors
/// As [`write`].
#[cfg(feature = "cli")]
pub fn check_file(path: &Path, existing: Existing) -> io::Result<()> {
    Pending::create(path, Readers::Owner, existing).map(drop).map_err(|e| named(path, &e))
}

/// Checks that files can be written in a folder, or that it can be created; leaves nothing.
///
/// # Errors
/// When they cannot; the message names the folder.
#[cfg(feature = "cli")]
pub fn check_folder(path: &Path) -> io::Result<()> {
    let mut there = path;
    while !there.exists() {
        there = folder_of(there);
    }
    if !there.is_dir() {
        let reason = format!("{} is a file", there.display());
        return Err(no_folder(path, &io::Error::new(io::ErrorKind::NotADirectory, reason)));
    }
    let file = Pending::create(&there.join(".neural-vault"), Readers::Owner, Existing::Replace);
    file.map(drop).map_err(|e| if there == path { named(path, &e) } else { no_folder(path, &e) })
}

/// Whether two names lead to one file or folder: by a link, a symbolic link, or another way of writing the path.
///
/// Neither is opened, because opening a pipe takes it from its reader.
#[cfg(feature = "cli")]
pub fn is_same(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let place = |path: &Path| std::fs::metadata(path).map(|found| (found.dev(), found.ino())).ok();
        place(one).is_some_and(|found| place(other) == Some(found))
    }
    #[cfg(not(unix))]
    one.canonicalize().is_ok_and(|found| other.canonicalize().is_ok_and(|other| found == other))
}

/// A file name's last ending, in lower case; empty without one.
pub fn extension(path: &Path) -> String {
    path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default()
}

impl Pending {
    /// Begins a file that will be `path`.
    ///
    /// # Errors
    /// When the folder cannot be written, a file is there that must stay, or what is there is not a regular file: a
    /// name such as `/dev/null` must not be replaced by a file. The message does not name the file.
    pub fn create(path: &Path, readers: Readers, existing: Existing) -> io::Result<Self> {
        let in_the_way = |reason: &str| Err(io::Error::new(io::ErrorKind::AlreadyExists, reason));
        match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => return in_the_way("a folder of this name is in the way"),
            Ok(found) if !found.is_file() => return in_the_way("it is there and is not a regular file"),
            _ if is_of_system(folder_of(path)) => {
                return in_the_way("its folder is the system's, which is for devices");
            }
            _ if existing == Existing::Keep && path.is_symlink() | path.exists() => {
                return in_the_way("it already exists");
            }
            _ => {}
        }
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = if readers == Readers::Owner { 0o600 } else { 0o666 };
            builder.permissions(std::fs::Permissions::from_mode(mode));
        }
        #[cfg(not(unix))]
        let _ = readers;
        let folder = folder_of(path);
        let file = builder.prefix(".neural-vault-").tempfile_in(folder).map_err(|e| unwritable(folder, &e))?;
        Ok(Self { file, path: path.to_owned(), existing })
    }

    /// Takes room for so many bytes on the disk, where what is written next will be.
    ///
    /// # Errors
    /// When the disk has no room, or the file system fails.
    #[cfg(feature = "cli")]
    pub fn reserve(&mut self, bytes: usize) -> io::Result<()> {
        self.write_all(&vec![0; bytes])?;
        self.file.as_file().sync_all()?;
        self.rewind()
    }

    /// Renames the file to its final name.
    ///
    /// # Errors
    /// When the file cannot be flushed or renamed, or a file has come there that must stay.
    pub fn commit(self) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        let persisted = match self.existing {
            Existing::Replace => self.file.persist(&self.path),
            Existing::Keep => self.file.persist_noclobber(&self.path).or_else(|failed| {
                // Some file systems cannot rename in this way at all.
                let is_there = self.path.is_symlink() || self.path.exists();
                if is_there { Err(failed) } else { failed.file.persist(&self.path) }
            }),
        };
        persisted.map(drop).map_err(|failed| failed.error)
    }

    /// As [`Pending::commit`], with an error that names the file.
    ///
    /// # Errors
    /// As [`Pending::commit`].
    pub fn commit_named(self) -> io::Result<()> {
        let path = self.path.clone();
        self.commit().map_err(|e| named(&path, &e))
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_file_mut().flush()
    }
}

impl Seek for Pending {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.as_file_mut().seek(to)
    }
}

/// Whether a folder holds devices: a link there, such as `/dev/stdout`, may lead to a regular file.
fn is_of_system(folder: &Path) -> bool {
    let folder = folder.canonicalize().unwrap_or_default();
    folder == Path::new("/dev") || folder.starts_with("/proc")
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Why no file can be made in a folder; the error of the operating system names a temporary file, which nobody knows.
fn unwritable(folder: &Path, error: &io::Error) -> io::Error {
    let folder = folder.display();
    let reason = match error.kind() {
        io::ErrorKind::NotFound => format!("there is no folder {folder}"),
        io::ErrorKind::NotADirectory => format!("{folder} is not a folder"),
        io::ErrorKind::PermissionDenied => format!("you may not write in the folder {folder}"),
        _ => match error.get_ref().and_then(std::error::Error::source) {
            Some(source) => source.to_string(),
            None => error.to_string(),
        },
    };
    io::Error::new(error.kind(), reason)
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display()))
}

fn no_folder(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot make the folder {}: {error}", path.display()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_folder_is_named_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("plain"), "").unwrap();
        for (file, reason) in [("absent/file", "there is no folder"), ("plain/file", "is not a folder")] {
            let path = folder.path().join(file);
            let error = write(&path, b"x", Readers::All, Existing::Replace).unwrap_err().to_string();
            assert!(error.contains(&path.display().to_string()) && error.contains(reason), "{error}");
            assert!(!error.contains(".neural-vault"), "{error}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_must_stay_stays_even_when_it_comes_while_the_other_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut late = Pending::create(&path, Readers::All, Existing::Keep).unwrap();
        late.write_all(b"late").unwrap();
        write(&path, b"first", Readers::All, Existing::Keep).unwrap();
        assert_eq!(late.commit().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        let error = write(&path, b"second", Readers::All, Existing::Keep).unwrap_err().to_string();
        assert!(error.contains("it already exists"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        write(&path, b"third", Readers::All, Existing::Replace).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"third");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_nowhere_is_there_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("link");
        std::os::unix::fs::symlink("absent", &path).unwrap();
        assert!(write(&path, b"x", Readers::All, Existing::Keep).is_err());
        assert!(path.is_symlink());
    }

    #[cfg(unix)]
    #[test]
    fn private_files_are_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        write(&path, b"x", Readers::Owner, Existing::Keep).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_not_a_regular_file_is_left_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let error = write(&path, b"x", Readers::All, Existing::Replace).unwrap_err();
        assert!(error.to_string().contains("socket: it is there and is not a regular file"), "{error}");
        assert!(!std::fs::metadata(&path).unwrap().is_file());
    }

    #[test]
    fn no_file_is_written_when_one_of_several_cannot_be() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("first"), folder.path().join("second"));
        std::fs::write(&first, "old").unwrap();
        std::fs::create_dir(&second).unwrap();
        let files = [(first.clone(), b"new".to_vec()), (second, b"new".to_vec())];
        assert!(write_together(&files, Readers::All, Existing::Replace).unwrap_err().to_string().contains("second"));
        assert_eq!(std::fs::read(&first).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
