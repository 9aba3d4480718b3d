//! Reading a CSV file, plain or gzip, with errors that name the place and the cause.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use csv::{ByteRecord, ErrorKind, Position, Reader, ReaderBuilder};
use flate2::bufread::MultiGzDecoder;

use crate::dataset::error::DatasetError;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BUFFER: usize = 128 * 1024;
/// Characters of a faulty cell that a message shows.
const SHOWN: usize = 40;

pub(super) struct Source<'a> {
    file: &'a Path,
    gzip: bool,
    reader: Reader<LastByte<Box<dyn Read>>>,
}

/// Remembers the last byte of the input: a file that was cut short rarely ends with a newline.
struct LastByte<R> {
    inner: R,
    last: u8,
    ended: bool,
}

impl<'a> Source<'a> {
    /// Opens the file; gzip is recognised by the name or the first bytes.
    pub(super) fn open(file: &'a Path) -> Result<Self, DatasetError> {
        let failed = |source| DatasetError::Read { file: file.to_owned(), source };
        let Some((text, gzip)) = open_text(file).map_err(failed)? else {
            return Err(DatasetError::Empty { file: file.to_owned() });
        };
        let inner = LastByte { inner: text, last: b'\n', ended: false };
        let reader = ReaderBuilder::new().buffer_capacity(BUFFER).from_reader(inner);
        Ok(Self { file, gzip, reader })
    }

    /// The header's cells.
    pub(super) fn header(&mut self) -> Result<ByteRecord, DatasetError> {
        match self.reader.byte_headers() {
            Ok(header) => Ok(header.clone()),
            Err(error) => Err(self.reading_failed(error)),
        }
    }

    /// Reads the next line that is not blank; false at the end.
    pub(super) fn read_line(&mut self, line: &mut ByteRecord) -> Result<bool, DatasetError> {
        self.reader.read_byte_record(line).map_err(|error| self.reading_failed(error))
    }

    /// Whether the input has ended inside the line just read.
    pub(super) fn unterminated(&self) -> bool {
        let input = self.reader.get_ref();
        input.ended && !matches!(input.last, b'\n' | b'\r')
    }

    /// The error for a cell of the line just read.
    pub(super) fn fault(&self, line: &ByteRecord, column: usize, name: &str, wanted: &'static str) -> DatasetError {
        let (file, line_number) = (self.file.to_owned(), self.line_at(place(line), 0));
        if self.unterminated() {
            return DatasetError::CutMidLine { file, line: line_number };
        }
        let cell = String::from_utf8_lossy(&line[column]).chars().take(SHOWN).collect();
        DatasetError::Cell { file, line: line_number, column: name.to_owned(), cell, wanted }
    }

    /// The number, from 1, of the line that is `further` non-blank lines after the one at `place`.
    ///
    /// Reads the file again, because the position that the csv crate gives to a line is that of a blank line before it
    /// or, with CR LF line ends, that of the end of the line before.
    pub(super) fn line_at(&self, place: u64, mut further: usize) -> u64 {
        let Ok(Some((text, _))) = open_text(self.file) else {
            return 0;
        };
        let mut text = BufReader::with_capacity(BUFFER, text);
        let mut before = 0;
        for byte in text.by_ref().take(place).bytes() {
            before += u64::from(byte.is_ok_and(|byte| byte == b'\n'));
        }
        for (number, line) in (before + 1..).zip(text.split(b'\n').map_while(Result::ok)) {
            if !matches!(line.as_slice(), b"" | b"\r") {
                if further == 0 {
                    return number;
                }
                further -= 1;
            }
        }
        0
    }

    fn reading_failed(&self, error: csv::Error) -> DatasetError {
        let file = self.file.to_owned();
        let damage = [io::ErrorKind::InvalidInput, io::ErrorKind::InvalidData];
        match error.into_kind() {
            ErrorKind::UnequalLengths { pos, expected_len, len } => {
                let line = self.line_at(pos.as_ref().map_or(0, Position::byte), 0);
                if self.unterminated() {
                    return DatasetError::CutMidLine { file, line };
                }
                DatasetError::FieldCount { file, line, expected: expected_len as usize, found: len as usize }
            }
            ErrorKind::Io(source) if self.gzip && source.kind() == io::ErrorKind::UnexpectedEof => {
                DatasetError::GzipCut { file }
            }
            ErrorKind::Io(source) if self.gzip && damage.contains(&source.kind()) => {
                DatasetError::GzipDamaged { file, source }
            }
            ErrorKind::Io(source) => DatasetError::Read { file, source },
            other => DatasetError::Read { file, source: io::Error::other(format!("{other:?}")) },
        }
    }
}

/// The byte of the text at which a line starts.
pub(super) fn place(line: &ByteRecord) -> u64 {
    line.position().map_or(0, Position::byte)
}

impl<R: Read> Read for LastByte<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        match buffer[..read].last() {
            Some(&last) => self.last = last,
            None => self.ended = true,
        }
        Ok(read)
    }
}

/// The text of a file that is not empty, and whether it is gzipped.
fn open_text(file: &Path) -> io::Result<Option<(Box<dyn Read>, bool)>> {
    let mut input = BufReader::with_capacity(BUFFER, File::open(file)?);
    let start = input.fill_buf()?;
    if start.is_empty() {
        return Ok(None);
    }
    let named_gzip = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
    let gzip = named_gzip || start.starts_with(&GZIP_MAGIC);
    let text: Box<dyn Read> = if gzip { Box::new(MultiGzDecoder::new(input)) } else { Box::new(input) };
    Ok(Some((text, gzip)))
}
