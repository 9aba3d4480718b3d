//! The bytes of one file, pipe or standard input, opened once.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use super::gzip::Members;
use super::kind::{kind, kind_of_text};
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
        let mut rest = match place {
            Place::StandardInput => Rest::Stream(Box::new(io::stdin())),
            Place::Path(path) => {
                let file = File::open(path).map_err(failed)?;
                let regular = file.metadata().map_err(failed)?.is_file();
                if regular { Rest::File(file) } else { Rest::Stream(Box::new(file)) }
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
        Ok(Self { path: place.shown().to_owned(), start, rest })
    }

    /// The file as messages name it.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is a file, and not a pipe or standard input.
    pub(super) fn is_file(&self) -> bool {
        matches!(self.rest, Rest::File(_))
    }

    /// Names a file of another format as what it is; `magic` are the first bytes of the expected one.
    pub(super) fn refuse_other_kinds(&self, magic: &[u8]) -> Result<(), DatasetError> {
        let start = self.plain_start();
        match kind(&start) {
            Some(what) if !start.starts_with(magic) => Err(DatasetError::OtherKind { file: self.path.clone(), what }),
            _ => Ok(()),
        }
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

    /// The length of what is not in gzip, where it is known without reading to the end.
    pub(super) fn plain_length(&self) -> Option<u64> {
        if self.is_gzip() { None } else { self.length() }
    }

    /// The length in bytes, where it is known without reading to the end.
    pub(super) fn length(&self) -> Option<u64> {
        match &self.rest {
            Rest::File(file) => file.metadata().ok().map(|metadata| metadata.len()),
            Rest::Stream(_) => None,
        }
    }

    /// Refuses what is neither in gzip, as its name says, nor text, which a browser may have unpacked.
    pub(super) fn check_gzip_name(&self) -> Result<(), DatasetError> {
        let named = self.path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        if !named || self.is_gzip() {
            return Ok(());
        }
        let file = self.path.clone();
        if GZIP_MAGIC.starts_with(&self.start) {
            return Err(DatasetError::GzipCut { file });
        }
        let source = io::Error::new(io::ErrorKind::InvalidData, "no gzip header");
        kind_of_text(&self.start).map_or(Ok(()), |_| Err(DatasetError::GzipDamaged { file, source }))
    }

    /// All bytes from the first one, out of gzip where they are in it.
    pub(super) fn plain_reader(self) -> Result<Box<dyn Read>, DatasetError> {
        let gzip = self.is_gzip();
        let reader = self.reader()?;
        Ok(if gzip { Box::new(Members::new(reader)) } else { reader })
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

/// The error of reading a file, of which `gzip` says whether it comes out of gzip.
pub(super) fn reading_failed(file: &Path, gzip: bool, source: io::Error) -> DatasetError {
    let file = file.to_owned();
    match source.kind() {
        io::ErrorKind::UnexpectedEof if gzip => DatasetError::GzipCut { file },
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData if gzip => DatasetError::GzipDamaged { file, source },
        _ => DatasetError::Read { file, source },
    }
}
