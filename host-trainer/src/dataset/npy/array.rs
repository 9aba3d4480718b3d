//! One array whose header has been read.

use std::io::{self, BufReader, Read};
use std::path::Path;

use npyz::{DType, Order, TypeChar};

use super::header::read_header;
use super::text::{narrow_text, wide_text};
use super::values::{Format, Number, transposed};
use super::{Matrix, WHOLE};
use crate::dataset::error::DatasetError;
use crate::dataset::times::Timesteps;
use crate::escape;

/// Longest name in bytes; bounds the memory of one item.
const LONGEST_NAME: usize = 1 << 22;
/// Columns that hold the start of a segment, by the names that they have in tables of segments.
const STARTS: &[&str] = &["start", "onset", "time"];

/// The axes an array may have.
#[derive(Clone, Copy)]
pub(super) enum Axes {
    /// Rows and features.
    Two,
    /// One vector, or one row per vector.
    OneOrTwo,
}

/// An array of which the values are still to be read.
pub(super) struct Array<'a> {
    file: &'a Path,
    name: &'a str,
    kind: DType,
    shape: Vec<u64>,
    order: Order,
    input: Box<dyn Read + 'a>,
    /// Bytes of values that are known to be there.
    available: Option<u64>,
}

/// The input after an array.
pub(super) struct Left<'a> {
    name: &'a str,
    input: Box<dyn Read + 'a>,
}

impl<'a> Array<'a> {
    /// Reads the header; `length` is the number of bytes of the input, where it is known.
    pub(super) fn open(
        file: &'a Path,
        name: &'a str,
        input: impl Read + 'a,
        length: Option<u64>,
    ) -> Result<Self, DatasetError> {
        let mut input: Box<dyn Read + 'a> = Box::new(input);
        let (header, data) = read_header(&mut input).map_err(|error| read_error(file, name, &error))?;
        let available = length.map(|length| length.saturating_sub(data));
        Ok(Self {
            file,
            name,
            kind: header.dtype(),
            shape: header.shape().to_vec(),
            order: header.order(),
            input,
            available,
        })
    }

    /// The array as rows x features, and what follows it.
    pub(super) fn matrix(mut self, axes: Axes) -> Result<(Matrix, Left<'a>), DatasetError> {
        let (file, name) = (self.file, self.name);
        let Some(format) = self.format() else {
            return Err(self.wrong_type("float16, float32, float64 or whole numbers; save array.astype('float32')"));
        };
        let shape = &self.shape;
        let (rows, features) = match (shape.as_slice(), axes) {
            (&[rows, features], _) => (rows, features),
            (&[components], Axes::OneOrTwo) => (1, components),
            _ => {
                let long = shape.iter().filter(|&&length| length != 1).count();
                let advice = if shape.len() > 2 && long == 2 { "; save numpy.squeeze(array)" } else { "" };
                let reason = format!("its shape is {shape:?}; it must have two axes, timesteps x features{advice}");
                return Err(wrong(file, name, reason));
            }
        };
        let too_large = || wrong(file, name, format!("its shape {shape:?} is too large"));
        let sizes = (usize::try_from(rows).ok(), usize::try_from(features).ok());
        let (Some(rows), Some(features)) = sizes else { return Err(too_large()) };
        let count = rows.checked_mul(features).filter(|count| count.checked_mul(8).is_some());
        let Some(count) = count else { return Err(too_large()) };
        if rows == 0 {
            return Err(DatasetError::NoRows { file: file.to_owned() });
        }
        if features == 0 {
            return Err(wrong(file, name, "it has no features".to_owned()));
        }
        let read = format.read_f32(&mut self.input, count, self.available);
        let mut values = read.map_err(|error| read_error(file, name, &error))?;
        if matches!(self.order, Order::Fortran) && rows > 1 && features > 1 {
            values = transposed(&values, rows);
        }
        Ok((Matrix { rows, features, values }, Left { name, input: self.input }))
    }

    /// The array as `rows` names: text, or whole numbers as text.
    pub(super) fn names(mut self, rows: usize) -> Result<Vec<String>, DatasetError> {
        let wanted = "text or whole numbers; save numpy.array(names, dtype=str)";
        let (file, name) = (self.file, self.name);
        let failed = |error: io::Error| read_error(file, name, &error);
        if let Some(format) = self.format().filter(|format| format.is_whole()) {
            self.check_rows(rows)?;
            let mut names = Vec::new();
            let add = |number| {
                names.push(if let Number::Whole(number) = number { number.to_string() } else { String::new() })
            };
            format.read_each(&mut self.input, rows, add).map_err(failed)?;
            return Ok(names);
        }
        let DType::Plain(kind) = &self.kind else { return Err(self.wrong_type(wanted)) };
        let wide = match kind.type_char() {
            TypeChar::UnicodeStr => true,
            TypeChar::ByteStr => false,
            _ => return Err(self.wrong_type(wanted)),
        };
        let big_endian = kind.endianness() == npyz::Endianness::Big;
        let Some(bytes) = kind.num_bytes().filter(|&bytes| bytes <= LONGEST_NAME) else {
            return Err(self.wrong_type("text of at most a million characters"));
        };
        self.check_rows(rows)?;
        let mut input = BufReader::with_capacity(1 << 16, &mut self.input);
        let mut item = vec![0; bytes];
        let mut names = Vec::new();
        for row in 0..rows {
            input.read_exact(&mut item).map_err(failed)?;
            let text = if wide { wide_text(&item, big_endian) } else { narrow_text(&item) };
            let text = text.ok_or_else(|| wrong(file, name, format!("row {row} is not text; save it as str")))?;
            names.push(text);
        }
        Ok(names)
    }

    /// The array as `rows` whole numbers, or else as times, which are numbers of any kind.
    pub(super) fn timesteps(self, rows: usize) -> Result<Timesteps, DatasetError> {
        let (file, name) = (self.file, self.name);
        let is_whole = self.format().is_some_and(Format::is_whole);
        let mut whole = Vec::new();
        let mut times = Vec::new();
        self.read_numbers(rows, |number| {
            whole.push(match number {
                Number::Whole(number) => i64::try_from(number).ok(),
                // Above 2^53 neighbouring integers are the same float64.
                Number::Float(number) => {
                    (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then_some(number as i64)
                }
            });
            times.push(match number {
                Number::Whole(number) => number as f64,
                Number::Float(number) => number,
            });
        })?;
        match (whole.iter().copied().collect(), whole.iter().position(Option::is_none)) {
            (Some(whole), _) => Ok(Timesteps::Whole(whole)),
            (None, Some(row)) if is_whole => Err(wrong(file, name, format!("row {row} is too large; count from 0"))),
            _ => Ok(Timesteps::Times(times)),
        }
    }

    /// The array as `rows` times: numbers, the first column of a matrix, or the field `start` of a structured array.
    pub(super) fn times(self, rows: usize) -> Result<Vec<f64>, DatasetError> {
        let mut times = Vec::new();
        self.read_numbers(rows, |number| {
            times.push(match number {
                Number::Whole(number) => number as f64,
                Number::Float(number) => number,
            });
        })?;
        Ok(times)
    }

    /// The numbers of an array of one axis, beside those of length 1.
    pub(super) fn numbers(mut self) -> Result<Vec<f64>, DatasetError> {
        let (file, name) = (self.file, self.name);
        let Some(format) = self.format() else { return Err(self.wrong_type("whole numbers")) };
        let long: Vec<u64> = self.shape.iter().copied().filter(|&length| length != 1).collect();
        let count = match long.as_slice() {
            [] => Some(1),
            &[count] => usize::try_from(count).ok().filter(|count| count.checked_mul(8).is_some()),
            _ => None,
        };
        let Some(count) = count else {
            let reason = format!("its shape is {:?}; it must have one number a feature", self.shape);
            return Err(wrong(file, name, reason));
        };
        let mut numbers = Vec::new();
        let take = |number| {
            numbers.push(match number {
                Number::Whole(number) => number as f64,
                Number::Float(number) => number,
            });
        };
        format.read_each(&mut self.input, count, take).map_err(|error| read_error(file, name, &error))?;
        Ok(numbers)
    }

    /// Whether it holds pickled Python objects, which are never read.
    pub(super) fn is_pickled(&self) -> bool {
        self.kind.uses_pickled_array()
    }

    /// Reads one number a row.
    fn read_numbers(mut self, rows: usize, mut take: impl FnMut(Number)) -> Result<(), DatasetError> {
        let (file, name) = (self.file, self.name);
        let failed = |error: io::Error| read_error(file, name, &error);
        let wanted = "numbers; save numpy.array(times, dtype='float64')";
        if let DType::Record(fields) = &self.kind {
            let starts = |(at, _): &(usize, &npyz::Field)| STARTS.contains(&fields[*at].name.as_str());
            let Some((at, field)) = (0..).zip(fields).find(starts) else { return Err(self.wrong_type(wanted)) };
            let format = match &field.dtype {
                DType::Plain(kind) => Format::of(kind),
                _ => None,
            };
            let bytes =
                |fields: &[npyz::Field]| fields.iter().map(|field| field.dtype.num_bytes()).sum::<Option<usize>>();
            let sizes = (bytes(&fields[..at]), bytes(fields).filter(|&bytes| bytes <= LONGEST_NAME));
            let (Some(format), (Some(before), Some(whole))) = (format, sizes) else {
                return Err(self.wrong_type(wanted));
            };
            self.check_rows(rows)?;
            let mut item = vec![0; whole];
            for _ in 0..rows {
                self.input.read_exact(&mut item).map_err(failed)?;
                format.read_each(&mut &item[before..], 1, &mut take).map_err(failed)?;
            }
            return Ok(());
        }
        let Some(format) = self.format() else { return Err(self.wrong_type(wanted)) };
        let columns = match self.shape.as_slice() {
            &[first, columns] if first == rows as u64 && (1..=1024).contains(&columns) => columns as usize,
            _ => {
                self.check_rows(rows)?;
                1
            }
        };
        if matches!(self.order, Order::Fortran) {
            return format.read_each(&mut self.input, rows, take).map_err(failed);
        }
        let mut at = 0;
        let first = |number| {
            if at % columns == 0 {
                take(number);
            }
            at += 1;
        };
        format.read_each(&mut self.input, rows * columns, first).map_err(failed)
    }

    /// How its numbers are stored, if it is one of numbers.
    fn format(&self) -> Option<Format> {
        match &self.kind {
            DType::Plain(kind) => Format::of(kind),
            _ => None,
        }
    }

    fn check_rows(&self, rows: usize) -> Result<(), DatasetError> {
        let shape = &self.shape;
        if *shape == [rows as u64] || *shape == [rows as u64, 1] {
            return Ok(());
        }
        let reason = format!("its shape is {shape:?}; it must have one entry for each of the {rows} rows");
        Err(wrong(self.file, self.name, reason))
    }

    fn wrong_type(&self, wanted: &str) -> DatasetError {
        let kind = self.kind.descr();
        let reason = match &self.kind {
            DType::Record(_) => format!(
                "its type is {kind}, a structured array; save \
                 numpy.lib.recfunctions.structured_to_unstructured(array).astype('float32')"
            ),
            _ if self.is_pickled() && self.shape.is_empty() => format!(
                "its type is {kind}, a pickled Python object, which is not read; save the array that is in \
                 numpy.load(path, allow_pickle=True).item()"
            ),
            _ if self.is_pickled() && wanted.starts_with("text") => {
                format!(
                    "its type is {kind}, pickled Python objects, which are not read; save numpy.array(names, dtype=str)"
                )
            }
            _ if self.is_pickled() => format!(
                "its type is {kind}, pickled Python objects, which are not read; save \
                 numpy.stack(list(array)).astype('float32')"
            ),
            _ => format!("its type is {kind}; it must be {wanted}"),
        };
        wrong(self.file, self.name, reason)
    }
}

impl Left<'_> {
    /// A note about bytes after the array.
    pub(super) fn note(mut self, file: &Path) -> Result<Option<String>, DatasetError> {
        let failed = |error: io::Error| read_error(file, self.name, &error);
        let mut start = Vec::new();
        self.input.as_mut().take(6).read_to_end(&mut start).map_err(failed)?;
        if start.is_empty() {
            return Ok(None);
        }
        let more = io::copy(&mut self.input, &mut io::sink()).map_err(failed)?;
        let bytes = start.len() as u64 + more;
        let place =
            if self.name == WHOLE { escape::path(file) } else { format!("{}: {}", escape::path(file), self.name) };
        let what = if start == b"\x93NUMPY" { "another array; save each to its own file" } else { "no part of it" };
        Ok(Some(format!("{place}: {bytes} bytes after the array are left out: {what}")))
    }
}

pub(super) fn read_error(file: &Path, what: &str, error: &io::Error) -> DatasetError {
    let reason = match error.kind() {
        io::ErrorKind::UnexpectedEof => "it is cut short; copy or save it again".to_owned(),
        _ => format!("{error}; save it again with numpy.save or numpy.savez"),
    };
    wrong(file, what, reason)
}

pub(super) fn wrong(file: &Path, what: &str, reason: String) -> DatasetError {
    DatasetError::Array { file: file.to_owned(), what: what.to_owned(), reason }
}
