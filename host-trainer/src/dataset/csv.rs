//! Long CSV: one line per (label, timestep, feature), plain or gzip.
//!
//! Columns `video,timestep,prediction` and, where there is one, `session`, in any order; other columns are ignored. An
//! empty prediction is NaN, as in pandas; `nan`, `inf` and `-inf` are read in any case.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};
use flate2::bufread::MultiGzDecoder;

use super::pivot::Pivot;
use super::{Dataset, DatasetError};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BUFFER: usize = 128 * 1024;
/// Characters of a faulty cell that a message shows.
const SHOWN: usize = 40;

/// Reads a long CSV file into rows ordered by (label, session, timestep).
pub(super) fn read(file: &Path, label_column: Option<&str>) -> Result<Dataset, DatasetError> {
    let mut source = Source::open(file)?;
    let columns = Columns::find(&mut source, label_column.unwrap_or("video"))?;
    let mut pivot = Pivot::default();
    let (mut line, mut previous) = (ByteRecord::new(), ByteRecord::new());
    let mut next_number = 0;
    while source.read_line(&mut line)? {
        let number = source.line_number(&line);
        if !columns.same_group(&line, &previous) {
            let [label, session, timestep] = columns.group(&source, &line, number)?;
            let timestep = integer(timestep).ok_or_else(|| {
                source.fault(
                    number,
                    &columns.timestep.name,
                    timestep.as_bytes(),
                    "a whole number",
                )
            })?;
            pivot.begin(label, session, timestep, number);
        } else if number != next_number {
            pivot.skip_to(number);
        }
        let cell = &line[columns.prediction.index];
        match float(cell) {
            Some(value) if !(cell.is_empty() && source.unterminated()) => pivot.push(value),
            _ => return Err(source.fault(number, &columns.prediction.name, cell, "a number")),
        }
        next_number = number + 1;
        std::mem::swap(&mut line, &mut previous);
    }

    let cut_line = source.unterminated().then(|| next_number.saturating_sub(1));
    let mut dataset = pivot.finish(file, cut_line)?;
    if let Some(line) = cut_line {
        let note = format!(
            "{}: line {line} ends without a newline; its value may be cut short",
            file.display()
        );
        dataset.notes.push(note);
    }
    Ok(dataset)
}

/// A CSV file being read, which knows what went wrong with it.
struct Source<'a> {
    file: &'a Path,
    gzip: bool,
    reader: Reader<LastByte<Box<dyn Read>>>,
}

/// Where the cells of a line are.
struct Columns {
    label: Column,
    session: Option<Column>,
    timestep: Column,
    prediction: Column,
}

struct Column {
    name: String,
    index: usize,
}

/// Remembers how the input ended, to tell a cut file from a whole one.
struct LastByte<R> {
    inner: R,
    last: u8,
    ended: bool,
}

impl<'a> Source<'a> {
    fn open(file: &'a Path) -> Result<Self, DatasetError> {
        let failed = |source| DatasetError::Read {
            file: file.to_owned(),
            source,
        };
        let mut input = BufReader::with_capacity(BUFFER, File::open(file).map_err(failed)?);
        let start = input.fill_buf().map_err(failed)?;
        if start.is_empty() {
            return Err(DatasetError::Empty {
                file: file.to_owned(),
            });
        }
        let named_gzip = file
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        let gzip = named_gzip || start.starts_with(&GZIP_MAGIC);
        let inner: Box<dyn Read> = if gzip {
            Box::new(MultiGzDecoder::new(input))
        } else {
            Box::new(input)
        };
        let inner = LastByte {
            inner,
            last: b'\n',
            ended: false,
        };
        let reader = ReaderBuilder::new()
            .buffer_capacity(BUFFER)
            .from_reader(inner);
        Ok(Self { file, gzip, reader })
    }

    fn read_line(&mut self, line: &mut ByteRecord) -> Result<bool, DatasetError> {
        self.reader
            .read_byte_record(line)
            .map_err(|error| self.reading_failed(error))
    }

    /// The line a record is on, from 1.
    fn line_number(&self, line: &ByteRecord) -> u64 {
        line.position().map_or(0, |position| position.line())
    }

    /// Whether the input has ended inside the line just read.
    fn unterminated(&self) -> bool {
        let input = self.reader.get_ref();
        input.ended && !matches!(input.last, b'\n' | b'\r')
    }

    fn fault(&self, line: u64, column: &str, cell: &[u8], wanted: &'static str) -> DatasetError {
        let file = self.file.to_owned();
        if self.unterminated() {
            return DatasetError::CutMidLine { file, line };
        }
        let cell = String::from_utf8_lossy(cell).chars().take(SHOWN).collect();
        DatasetError::Cell {
            file,
            line,
            column: column.to_owned(),
            cell,
            wanted,
        }
    }

    fn reading_failed(&self, error: csv::Error) -> DatasetError {
        let file = self.file.to_owned();
        match error.into_kind() {
            ErrorKind::UnequalLengths {
                pos,
                expected_len,
                len,
            } => {
                let line = pos.map_or(0, |position| position.line());
                if self.unterminated() {
                    return DatasetError::CutMidLine { file, line };
                }
                DatasetError::FieldCount {
                    file,
                    line,
                    expected: expected_len as usize,
                    found: len as usize,
                }
            }
            ErrorKind::Io(source) if self.gzip && source.kind() == io::ErrorKind::UnexpectedEof => {
                DatasetError::GzipCut { file }
            }
            ErrorKind::Io(source)
                if self.gzip
                    && matches!(
                        source.kind(),
                        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
                    ) =>
            {
                DatasetError::GzipDamaged { file, source }
            }
            ErrorKind::Io(source) => DatasetError::Read { file, source },
            other => DatasetError::Read {
                file,
                source: io::Error::other(format!("{other:?}")),
            },
        }
    }
}

impl Columns {
    fn find(source: &mut Source<'_>, label: &str) -> Result<Self, DatasetError> {
        let header = match source.reader.byte_headers() {
            Ok(header) => header.clone(),
            Err(error) => return Err(source.reading_failed(error)),
        };
        let found: Vec<String> = header
            .iter()
            .map(|name| String::from_utf8_lossy(name.trim_ascii()).into())
            .collect();
        if found.is_empty() {
            return Err(DatasetError::Empty {
                file: source.file.to_owned(),
            });
        }
        let find = |name: &str| {
            let index = found.iter().position(|column| column == name)?;
            Some(Column {
                name: name.to_owned(),
                index,
            })
        };
        let need = |name: &str| {
            find(name).ok_or_else(|| {
                let (file, column, found) =
                    (source.file.to_owned(), name.to_owned(), found.clone());
                DatasetError::MissingColumn {
                    file,
                    column,
                    found,
                }
            })
        };
        Ok(Self {
            label: need(label)?,
            session: find("session").filter(|_| label != "session"),
            timestep: need("timestep")?,
            prediction: need("prediction")?,
        })
    }

    /// Whether two lines have the same bytes in label, session and timestep.
    fn same_group(&self, a: &ByteRecord, b: &ByteRecord) -> bool {
        a.get(self.label.index) == b.get(self.label.index)
            && a.get(self.timestep.index) == b.get(self.timestep.index)
            && self
                .session
                .as_ref()
                .is_none_or(|session| a.get(session.index) == b.get(session.index))
    }

    /// Label, session (empty where there is none) and timestep of a line.
    fn group<'l>(
        &self,
        source: &Source<'_>,
        line: &'l ByteRecord,
        number: u64,
    ) -> Result<[&'l str; 3], DatasetError> {
        let text = |column: &Column| {
            let cell = &line[column.index];
            std::str::from_utf8(cell)
                .map_err(|_| source.fault(number, &column.name, cell, "UTF-8 text"))
        };
        let session = self.session.as_ref().map_or(Ok(""), text)?;
        let label = match text(&self.label)? {
            "" => return Err(source.fault(number, &self.label.name, b"", "a name")),
            label => label,
        };
        Ok([label, session, text(&self.timestep)?])
    }
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

/// A prediction: correctly rounded to float32, NaN when empty.
fn float(cell: &[u8]) -> Option<f32> {
    fast_float2::parse(cell)
        .ok()
        .or_else(|| match cell.trim_ascii() {
            [] => Some(f32::NAN),
            trimmed => fast_float2::parse(trimmed).ok(),
        })
}

/// A timestep: `3`, or `3.0` as pandas writes a column that once held NaN.
fn integer(cell: &str) -> Option<i64> {
    let cell = cell.trim();
    cell.parse().ok().or_else(|| {
        let value: f64 = cell.parse().ok()?;
        // Above 2^53 float64 no longer tells neighbouring integers apart.
        (value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0).then_some(value as i64)
    })
}

#[cfg(test)]
mod tests;
