//! The bytes of one file, pipe or standard input, opened once.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use crate::dataset::error::DatasetError;
use crate::dataset::input::Place;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// One opened file, of which the first bytes are known.
///
/// A pipe can be read only once and never be sought in, so whoever has a source never opens its path again.
pub(super) struct Source {
    path: PathBuf,
    start: Vec<u8>,
    rest: Rest,
}

/// Where the bytes after the start come from.
enum Rest {
    /// A file that can be sought in; its position is of no importance.
    File(File),
    Stream(Box<dyn Read>),
}

/// Bytes that can be read at any place.
pub(super) trait Seekable: Read + Seek {}

impl<T: Read + Seek> Seekable for T {}

impl Source {
    /// How many first bytes are known, in a file that has as many.
    pub(super) const START: usize = 4096;

    /// Opens a file that is not a folder.
    ///
    /// # Errors
    /// [`DatasetError::Read`]; [`DatasetError::Empty`] of a file without bytes.
    pub(super) fn open(place: &Place) -> Result<Self, DatasetError> {
        let failed = |source| DatasetError::Read { file: place.shown().to_owned(), source };
        let (mut rest, regular) = match place {
            Place::StandardInput => (Rest::Stream(Box::new(io::stdin())), false),
            Place::Path(path) => {
                let file = File::open(path).map_err(failed)?;
                let regular = file.metadata().map_err(failed)?.is_file();
                (if regular { Rest::File(file) } else { Rest::Stream(Box::new(file)) }, regular)
            }
        };
        let mut start = Vec::new();
        let first: &mut dyn Read = match &mut rest {
            Rest::File(file) => file,
            Rest::Stream(stream) => stream,
        };
        first.take(Self::START as u64).read_to_end(&mut start).map_err(failed)?;
        if start.is_empty() {
            return Err(DatasetError::Empty { file: place.shown().to_owned() });
        }
        debug_assert!(regular == matches!(rest, Rest::File(_)));
        Ok(Self { path: place.shown().to_owned(), start, rest })
    }

    /// The file as messages name it.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The first bytes.
    pub(super) fn start(&self) -> &[u8] {
        &self.start
    }

    /// Whether the bytes are in gzip.
    pub(super) fn is_gzip(&self) -> bool {
        self.start.starts_with(&GZIP_MAGIC)
    }

    /// The first bytes, out of gzip where they are in it.
    pub(super) fn plain_start(&self) -> Vec<u8> {
        if !self.is_gzip() {
            return self.start.clone();
        }
        let mut plain = Vec::new();
        // The start ends amid the compressed data, which is no fault here.
        let _ = GzDecoder::new(&self.start[..]).take(Self::START as u64).read_to_end(&mut plain);
        plain
    }

    /// The length in bytes, where it is known without reading to the end.
    pub(super) fn length(&self) -> Option<u64> {
        match &self.rest {
            Rest::File(file) => file.metadata().ok().map(|metadata| metadata.len()),
            Rest::Stream(_) => None,
        }
    }

    /// All bytes from the first one, without a buffer.
    pub(super) fn reader(self) -> Result<Box<dyn Read>, DatasetError> {
        match self.rest {
            Rest::File(mut file) => {
                file.rewind().map_err(|source| DatasetError::Read { file: self.path, source })?;
                Ok(Box::new(file))
            }
            Rest::Stream(stream) => Ok(Box::new(Cursor::new(self.start).chain(stream))),
        }
    }

    /// All bytes, to be read at any place; what comes from a pipe is held in memory.
    pub(super) fn seekable(self) -> Result<Box<dyn Seekable>, DatasetError> {
        match self.rest {
            Rest::File(file) => Ok(Box::new(file)),
            Rest::Stream(mut stream) => {
                let mut bytes = self.start;
                let read = stream.read_to_end(&mut bytes);
                read.map_err(|source| DatasetError::Read { file: self.path, source })?;
                Ok(Box::new(Cursor::new(bytes)))
            }
        }
    }
}
