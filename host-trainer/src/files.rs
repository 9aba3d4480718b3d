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
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Everyone whom the umask allows (mode 0666 without the bits of the umask).
    All,
    /// The owner only (mode 0600).
    Owner,
}

/// Writes `bytes` to `path` through a temporary file in the same folder.
///
/// No reader sees a partial file, and neither a full disk nor a kill leaves one.
///
/// # Errors
/// When the folder cannot be written; the message names the file.
#[cfg(feature = "_engine")]
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write(path, bytes, Readers::All)
}

/// As `write_whole`, readable and writable by its owner only (mode 0600).
///
/// # Errors
/// When the folder cannot be written; the message names the file.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write(path, bytes, Readers::Owner)
}

/// As [`write_private`], and durable: the folder is synced too, so that the file keeps its name after a power cut.
///
/// # Errors
/// When the folder cannot be written; the message names the file.
pub fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_private(path, bytes)?;
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
pub fn write_together(files: &[(PathBuf, Vec<u8>)]) -> io::Result<()> {
    let mut pending = Vec::with_capacity(files.len());
    for (path, bytes) in files {
        pending.push((path, fill(path, bytes, Readers::All).map_err(|e| named(path, &e))?));
    }
    pending.into_iter().try_for_each(|(path, file)| file.commit().map_err(|e| named(path, &e)))
}

/// Creates a folder and its parents.
///
/// # Errors
/// When it cannot be created; the message names it.
pub fn create_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
        .map_err(|e| io::Error::new(e.kind(), format!("cannot make the folder {}: {e}", path.display())))
}

impl Pending {
    /// Begins a file that will be `path`.
    ///
    /// # Errors
    /// When the folder cannot be written, or `path` exists and is not a regular file: a name such as `/dev/null` must
    /// not be replaced by a file.
    pub fn create(path: &Path, readers: Readers) -> io::Result<Self> {
        if std::fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it is there and is not a regular file"));
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
        Ok(Self { file: builder.prefix(".neural-vault-").tempfile_in(folder_of(path))?, path: path.to_owned() })
    }

    /// Renames the file to its final name, replacing an existing file.
    ///
    /// # Errors
    /// When the file cannot be flushed or renamed.
    pub fn commit(self) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist(&self.path).map_err(|e| e.error)?;
        Ok(())
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

fn write(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    fill(path, bytes, readers).and_then(Pending::commit).map_err(|e| named(path, &e))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn fill(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<Pending> {
    let mut file = Pending::create(path, readers)?;
    file.write_all(bytes)?;
    Ok(file)
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_folder_is_named_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_whole(&folder.path().join("absent/file"), b"x").unwrap_err();
        assert!(error.to_string().contains("absent"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn private_files_are_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        write_private(&path, b"x").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_not_a_regular_file_is_left_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let error = write_whole(&path, b"x").unwrap_err();
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
        assert!(write_together(&files).unwrap_err().to_string().contains("second"));
        assert_eq!(std::fs::read(&first).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
