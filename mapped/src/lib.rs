#![doc = include_str!("../README.md")]

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;

/// The bytes of a memory-mapped file; they start at a page boundary.
///
/// Another process that writes the file changes these bytes, and one that truncates it makes the next read of the
/// missing part end this process. So map only files that no one else writes, such as enrolments.
#[derive(Debug)]
pub struct Mapped(memmap2::Mmap);

impl Mapped {
    /// Maps the file for reading.
    ///
    /// # Errors
    /// When the file cannot be opened or mapped, for example because it is empty.
    #[allow(unsafe_code)]
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: the bytes are only read, as numbers for which every bit pattern is valid, and offsets read from them
        // are checked at every use.
        unsafe { memmap2::Mmap::map(&file) }.map(Self)
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
