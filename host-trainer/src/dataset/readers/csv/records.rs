//! The records of a CSV file after its header, and errors about them.

use std::io;
use std::path::Path;

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder, Terminator};

use super::dialect::Header;
use super::text::{BUFFER, Text};
use crate::dataset::error::DatasetError;
use crate::dataset::readers::source::reading_failed;

/// Characters of a faulty cell that a message shows.
const SHOWN: usize = 40;

/// The records after the header.
pub(super) struct Records<'a> {
    file: &'a Path,
    gzip: bool,
    reader: Reader<Text>,
    /// Lines up to the end of the header.
    header_lines: u64,
    /// Cells of the header.
    cells: usize,
    record: ByteRecord,
    previous: ByteRecord,
    number: u64,
    unterminated: bool,
}

impl<'a> Records<'a> {
    pub(super) fn new(file: &'a Path, gzip: bool, text: Text, header: &Header) -> Self {
        // The csv crate counts lines by newlines, and so ends records by them alone; `cell` leaves out carriage returns.
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(header.separator)
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(BUFFER)
            .from_reader(text);
        Self {
            file,
            gzip,
            reader,
            header_lines: header.last_line,
            cells: header.names.len(),
            record: ByteRecord::new(),
            previous: ByteRecord::new(),
            number: 0,
            unterminated: false,
        }
    }

    /// Reads the next record; whether its line follows the one before, or `None` at the end.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<bool>, DatasetError> {
        std::mem::swap(&mut self.record, &mut self.previous);
        let before = self.ended_lines();
        loop {
            match self.reader.read_byte_record(&mut self.record) {
                // A blank line that ends with a carriage return and a newline.
                Ok(true) if self.record.len() == 1 && &self.record[0] == b"\r" => {}
                Ok(true) => break,
                Ok(false) => return Ok(None),
                Err(error) => return Err(self.failed(error)),
            }
        }
        // The csv crate reads past the end of a record only where no newline ends it.
        self.unterminated = self.reader.get_ref().get_ref().ended();
        let last = self.ended_lines() + u64::from(self.unterminated);
        let follows = last == before + 1;
        let inner = || self.record.as_slice().iter().filter(|&&byte| byte == b'\n').count() as u64;
        self.number = if follows { last } else { last - inner() };
        if self.record.len() == self.cells { Ok(Some(follows)) } else { Err(self.wrong_count()) }
    }

    /// The number of the line where the record begins, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Whether the text has ended inside the record just read.
    #[inline]
    pub(super) fn unterminated(&self) -> bool {
        self.unterminated
    }

    /// A cell of the record just read.
    #[inline]
    pub(super) fn cell(&self, column: usize) -> &[u8] {
        let cell = &self.record[column];
        // Of a line that ends with a carriage return and a newline the last cell has the former.
        cell.strip_suffix(b"\r").unwrap_or(cell)
    }

    /// Whether the cells of these columns have the bytes of the record before.
    #[inline]
    pub(super) fn repeats(&self, columns: &[usize]) -> bool {
        columns.iter().all(|&column| self.record.get(column) == self.previous.get(column))
    }

    /// The error for a cell of the record just read.
    pub(super) fn fault(&self, column: usize, name: &str, wanted: &'static str) -> DatasetError {
        let (file, line) = (self.file.to_owned(), self.number);
        if self.unterminated {
            return DatasetError::CutMidLine { file, line };
        }
        let cell = String::from_utf8_lossy(self.cell(column)).chars().take(SHOWN).collect();
        DatasetError::Cell { file, line, column: name.to_owned(), cell, wanted }
    }

    fn wrong_count(&self) -> DatasetError {
        let (file, line) = (self.file.to_owned(), self.number);
        if self.unterminated {
            return DatasetError::CutMidLine { file, line };
        }
        DatasetError::FieldCount { file, line, expected: self.cells, found: self.record.len() }
    }

    fn failed(&self, error: csv::Error) -> DatasetError {
        let source = match error.into_kind() {
            ErrorKind::Io(source) => source,
            other => io::Error::other(format!("{other:?}")),
        };
        reading_failed(self.file, self.gzip, source)
    }

    /// The lines of the file that were read to their ends.
    #[inline]
    fn ended_lines(&self) -> u64 {
        self.header_lines + self.reader.position().line() - 1
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Cursor;

    use super::super::text::text;
    use super::*;

    /// Number and cells of each record of a text whose records have two, and whether the text ends inside the last.
    fn records(bytes: &str) -> (Vec<(u64, String)>, bool) {
        let header = Header { names: vec![String::new(); 2], line: 1, last_line: 0, separator: b',' };
        let text = text(bytes.as_bytes(), Box::new(Cursor::new(bytes.to_owned()))).unwrap();
        let mut records = Records::new(Path::new("a.csv"), false, text, &header);
        let mut found = Vec::new();
        while records.next().unwrap().is_some() {
            let cells = [0, 1].map(|cell| str::from_utf8(records.cell(cell)).unwrap());
            found.push((records.number(), cells.join("|")));
        }
        (found, records.unterminated())
    }

    #[test]
    fn records_have_the_number_of_their_first_line() {
        for end in ["\n", "\r", "\r\n"] {
            for other in ["\n", "\r\n"] {
                let text = ["a,1", "", "b,\"x", "y\"", "", "", "\"c\"\"\",2", "d,\"3\""].join(end) + other + "e,";
                let inner = if end == "\r" { "\n" } else { end };
                let expected = [(1, "a|1"), (3, &format!("b|x{inner}y")), (7, "c\"|2"), (8, "d|3"), (9, "e|")];
                let expected = expected.map(|(number, cells)| (number, cells.to_owned())).to_vec();
                assert_eq!(records(&text), (expected, true), "{text:?}");
            }
        }
    }

    #[test]
    fn a_record_longer_than_the_buffer_is_read_whole() {
        let long = "a".repeat(BUFFER + 9);
        assert_eq!(records(&format!("{long},b\nc,")).0, [(1, format!("{long}|b")), (2, "c|".to_owned())]);
    }

    #[test]
    fn a_text_that_ends_inside_a_line_or_a_quote_is_told() {
        for (text, unterminated) in
            [("a,\n", false), ("a,\r", false), ("a,\r\n", false), ("a,", true), ("a,\"b\n", true)]
        {
            assert_eq!(records(text).1, unterminated, "{text:?}");
        }
    }
}
