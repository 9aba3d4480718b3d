//! Long CSV: one line per (label, timestep, feature), plain or gzip.
//!
//! Columns `video,timestep,prediction` and, where there is one, `session`, in any order, case and separator; white space
//! around names and values does not count. A column that names the features, such as `vertex`, puts the values in their
//! order; other columns are ignored. A prediction that pandas takes for missing is NaN; `nan`, `inf` and `-inf` are read in
//! any case. In files that are not separated by commas a comma is the decimal mark.

mod cells;
mod columns;
mod dialect;
#[cfg(test)]
mod tests;
mod text;

use std::io;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ErrorKind, ReaderBuilder};

use super::kind::kind_of_text;
use super::reader::{Content, LoadOptions, Reader};
use super::source::{Source, reading_failed};
use crate::dataset::error::DatasetError;
use crate::dataset::pivot::Pivot;
use crate::dataset::rows::Dataset;
use cells::Numbers;
use columns::Columns;
use dialect::header;
use text::{Text, text};

const BUFFER: usize = 128 * 1024;
/// Characters of a faulty cell that a message shows.
const SHOWN: usize = 40;

pub(super) struct LongCsv;

impl Reader for LongCsv {
    fn name(&self) -> &'static str {
        "long CSV (`.csv`, `.tsv`, `.gz` allowed)"
    }

    fn endings(&self) -> &'static [&'static str] {
        &[".csv", ".csv.gz", ".tsv", ".tsv.gz"]
    }

    fn recognises(&self, start: &[u8]) -> bool {
        // UTF-16 has zeros.
        kind_of_text(start).is_none() || start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff")
    }

    fn read(&self, source: Source, options: &LoadOptions, label: Option<&str>) -> Result<Content, DatasetError> {
        let label_column = options.label_column.as_deref().unwrap_or("video");
        read(source, label_column, label).map(Content::Labelled)
    }
}

fn read(source: Source, label_column: &str, given_label: Option<&str>) -> Result<Dataset, DatasetError> {
    let file = source.path().to_owned();
    source.check_gzip_name()?;
    let (start, gzip) = (source.plain_start(), source.is_gzip());
    let failed = |error| reading_failed(&file, gzip, error);
    let mut text = text(&start, source.plain_reader()?).map_err(failed)?;
    if let Some(what) = kind_of_text(&start).filter(|_| !is_utf16(&start)) {
        return Err(DatasetError::OtherKind { file, what });
    }
    let header = header(&mut text.inner, &[label_column, "timestep", "prediction"]).map_err(failed)?;
    let columns = Columns::find(&header, &file, label_column, given_label)?;
    let reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(header.separator)
        .buffer_capacity(BUFFER)
        .from_reader(text);
    let mut lines = Lines { file: &file, gzip, reader, before: header.last_line, line: 0, cells: header.names.len() };

    let mut pivot = Pivot::new(columns.features());
    let mut numbers = Numbers::new(header.separator);
    let (mut line, mut previous) = (ByteRecord::new(), ByteRecord::new());
    let mut name = String::new();
    while let Some(follows) = lines.next(&mut line)? {
        if !columns.same_group(&line, &previous) {
            let (label, session, timestep) = columns.group(&lines, &line, numbers)?;
            pivot.begin(label, session, timestep, lines.line);
        } else if !follows {
            pivot.skip_to(lines.line);
        }
        let cell = &line[columns.prediction.index];
        let value = match numbers.float(cell) {
            Ok(value) if !(cell.is_empty() && lines.unterminated()) => value,
            Ok(_) => return Err(columns.prediction.fault(&lines, &line, Numbers::NUMBER)),
            Err(wanted) => return Err(columns.prediction.fault(&lines, &line, wanted)),
        };
        match columns.feature(&lines, &line, &mut name)? {
            Some(feature) => pivot.push_feature(feature, value),
            None => pivot.push(value),
        }
        std::mem::swap(&mut line, &mut previous);
    }

    let cut_line = lines.unterminated().then_some(lines.line);
    let mut dataset = pivot.finish(&file, cut_line)?;
    if let Some(line) = cut_line {
        let file = crate::escape::path(&file);
        dataset.notes.push(format!("{file}: line {line} ends without a newline; its value may be cut short"));
    }
    Ok(dataset)
}

/// The lines after the header, with their numbers.
struct Lines<'a> {
    file: &'a Path,
    gzip: bool,
    reader: csv::Reader<Text>,
    /// Lines up to the end of the header.
    before: u64,
    /// The line just read, from 1; where a cell holds line ends, the first of its lines.
    line: u64,
    /// Cells of the header.
    cells: usize,
}

impl Lines<'_> {
    /// Reads the next line that is not blank; whether it follows the line before, or `None` at the end.
    fn next(&mut self, line: &mut ByteRecord) -> Result<Option<bool>, DatasetError> {
        let ended = self.before + self.reader.position().line() - 1;
        if !self.reader.read_byte_record(line).map_err(|error| self.failed(error))? {
            return Ok(None);
        }
        // The position is that of the line after, or of the last line where that has no newline.
        let last = self.before + self.reader.position().line() - u64::from(!self.unterminated());
        let follows = last == ended + 1;
        self.line = if follows { last } else { last - line_ends(line) };
        if line.len() != self.cells {
            let (file, line_number) = (self.file.to_owned(), self.line);
            if self.unterminated() {
                return Err(DatasetError::CutMidLine { file, line: line_number });
            }
            let (expected, found) = (self.cells, line.len());
            return Err(DatasetError::FieldCount { file, line: line_number, expected, found });
        }
        Ok(Some(follows))
    }

    /// Whether the text has ended inside the line just read.
    fn unterminated(&self) -> bool {
        self.reader.get_ref().unterminated()
    }

    /// The error for a cell of the line just read.
    fn fault(&self, line: &ByteRecord, column: usize, name: &str, wanted: &'static str) -> DatasetError {
        let (file, line_number) = (self.file.to_owned(), self.line);
        if self.unterminated() {
            return DatasetError::CutMidLine { file, line: line_number };
        }
        let cell = String::from_utf8_lossy(&line[column]).chars().take(SHOWN).collect();
        DatasetError::Cell { file, line: line_number, column: name.to_owned(), cell, wanted }
    }

    fn failed(&self, error: csv::Error) -> DatasetError {
        match error.into_kind() {
            ErrorKind::Io(source) => reading_failed(self.file, self.gzip, source),
            other => {
                DatasetError::Read { file: PathBuf::from(self.file), source: io::Error::other(format!("{other:?}")) }
            }
        }
    }
}

/// The line ends inside the cells of a line.
fn line_ends(line: &ByteRecord) -> u64 {
    line.as_slice().iter().filter(|&&byte| byte == b'\n').count() as u64
}

fn is_utf16(start: &[u8]) -> bool {
    matches!(start, [0xff, 0xfe, third, fourth, ..] if (*third, *fourth) != (0, 0))
        || start.starts_with(b"\xfe\xff")
        || matches!(start, [a, 0, b, 0, ..] | [0, a, 0, b, ..] if *a != 0 && *b != 0)
}
