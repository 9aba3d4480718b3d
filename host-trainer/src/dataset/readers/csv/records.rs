//! The records of a CSV file after its header, and errors about them.

use std::io::Read;
use std::path::Path;

use super::lines::Lines;
use crate::dataset::error::DatasetError;
use crate::dataset::readers::source::reading_failed;

/// Characters of a faulty cell that a message shows.
const SHOWN: usize = 40;

/// The records after the header.
pub(super) struct Records<'a> {
    pub(super) file: &'a Path,
    pub(super) gzip: bool,
    pub(super) lines: Lines<Box<dyn Read>>,
    pub(super) separator: u8,
    /// Cells of the header.
    pub(super) cells: usize,
}

impl Records<'_> {
    /// Reads the next record; whether its line follows the one before, or `None` at the end.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<bool>, DatasetError> {
        let before = self.lines.last_number();
        match self.lines.next_record(self.separator) {
            Ok(true) if self.lines.count() == self.cells => Ok(Some(self.lines.number() == before + 1)),
            Ok(true) => Err(self.wrong_count()),
            Ok(false) => Ok(None),
            Err(error) => Err(reading_failed(self.file, self.gzip, error)),
        }
    }

    fn wrong_count(&self) -> DatasetError {
        let (file, line) = (self.file.to_owned(), self.lines.number());
        if self.lines.unterminated() {
            return DatasetError::CutMidLine { file, line };
        }
        DatasetError::FieldCount { file, line, expected: self.cells, found: self.lines.count() }
    }

    /// The error for a cell of the record just read.
    pub(super) fn fault(&self, column: usize, name: &str, wanted: &'static str) -> DatasetError {
        let (file, line) = (self.file.to_owned(), self.lines.number());
        if self.lines.unterminated() {
            return DatasetError::CutMidLine { file, line };
        }
        let cell = String::from_utf8_lossy(self.lines.cell(column)).chars().take(SHOWN).collect();
        DatasetError::Cell { file, line, column: name.to_owned(), cell, wanted }
    }
}
