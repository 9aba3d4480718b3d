//! A file in memory without a copy of it.
//!
//! A package of its own, because mapping a file is unsafe and the library that reads galleries forbids that.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;

/// The bytes of a file that is mapped into memory; they start at a page.
///
/// The bytes are the file's: whoever changes it meanwhile changes them, and who shortens it ends this process at the next
/// look at what is gone. What was checked should therefore be a file that nobody else writes, as enrolments are.
#[derive(Debug)]
pub struct Mapped(memmap2::Mmap);

impl Mapped {
    /// Maps the file for reading.
    ///
    /// # Errors
    /// When the file cannot be opened or mapped, an empty one for example.
    #[allow(unsafe_code)]
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: the bytes are only read, as numbers of which every pattern is one, and whatever is looked up by them is
        // checked when it is looked up.
        unsafe { memmap2::Mmap::map(&file) }.map(Self)
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
