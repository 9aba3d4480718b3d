//! Decodes one column of a group of rows.

use std::collections::HashMap;
use std::io;

use half::f16;
use parquet::basic::Type as Physical;
use parquet::column::page::PageReader;
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{
    BoolType, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, FloatType, Int32Type,
    Int64Type,
};
use parquet::errors::{ParquetError, Result};

use super::Names;
use super::column::{Column, is_unsigned};

/// Rows that are decoded at a time where they are converted to something smaller.
const BATCH: usize = 1 << 16;

type Pages = Box<dyn PageReader>;

/// Reads a number for each of `rows`; a null is NaN.
pub(super) fn numbers(column: &Column, pages: Pages, rows: usize, mut take: impl FnMut(f32)) -> Result<()> {
    /// One physical type.
    macro_rules! read {
        ($kind:ty, $convert:expr) => {{
            let convert = $convert;
            for_each::<$kind>(column, pages, rows, |number| {
                take(number.map_or(f32::NAN, convert));
                Ok(())
            })
        }};
    }
    let unsigned = is_unsigned(&column.descriptor);
    match column.descriptor.physical_type() {
        Physical::BOOLEAN => read!(BoolType, |&number: &bool| f32::from(u8::from(number))),
        Physical::INT32 if unsigned => read!(Int32Type, |&number: &i32| number as u32 as f32),
        Physical::INT32 => read!(Int32Type, |&number: &i32| number as f32),
        Physical::INT64 if unsigned => read!(Int64Type, |&number: &i64| number as u64 as f32),
        Physical::INT64 => read!(Int64Type, |&number: &i64| number as f32),
        Physical::FLOAT => read!(FloatType, |&number: &f32| number),
        Physical::DOUBLE => read!(DoubleType, |&number: &f64| number as f32),
        _ => read!(FixedLenByteArrayType, half),
    }
}

/// Reads `rows` lists of one length; a null in a list is NaN.
pub(super) fn lists(column: &Column, pages: Pages, rows: usize) -> Result<Vec<f32>> {
    let unsigned = is_unsigned(&column.descriptor);
    match column.descriptor.physical_type() {
        Physical::BOOLEAN => lists_of::<BoolType>(column, pages, rows, |&number| f32::from(u8::from(number))),
        Physical::INT32 if unsigned => lists_of::<Int32Type>(column, pages, rows, |&number| number as u32 as f32),
        Physical::INT32 => lists_of::<Int32Type>(column, pages, rows, |&number| number as f32),
        Physical::INT64 if unsigned => lists_of::<Int64Type>(column, pages, rows, |&number| number as u64 as f32),
        Physical::INT64 => lists_of::<Int64Type>(column, pages, rows, |&number| number as f32),
        Physical::FLOAT => lists_of::<FloatType>(column, pages, rows, |&number| number),
        Physical::DOUBLE => lists_of::<DoubleType>(column, pages, rows, |&number| number as f32),
        _ => lists_of::<FixedLenByteArrayType>(column, pages, rows, half),
    }
}

/// Reads `rows` names, of text or whole numbers.
pub(super) fn names(column: &Column, pages: Pages, rows: usize) -> Result<Names> {
    let mut names = Names::default();
    let mut index: HashMap<Vec<u8>, u32> = HashMap::new();
    let mut add = |name: &[u8]| -> Result<()> {
        let same = names.rows.last().filter(|&&last| names.names[last as usize].as_bytes() == name);
        let number = match same.or_else(|| index.get(name)) {
            Some(&number) => number,
            None => {
                let text = std::str::from_utf8(name).map_err(|_| {
                    own(format!("row {}: the name is not UTF-8 text; write it again", names.rows.len() + 1))
                })?;
                names.names.push(text.to_owned());
                index.insert(name.to_owned(), index.len() as u32);
                index.len() as u32 - 1
            }
        };
        names.rows.push(number);
        Ok(())
    };
    let missing = |row: usize| own(format!("row {row} has no name; name it or leave the row out"));
    let mut row = 0;
    if column.descriptor.physical_type() == Physical::BYTE_ARRAY {
        for_each::<ByteArrayType>(column, pages, rows, |name| {
            row += 1;
            add(name.ok_or_else(|| missing(row))?.data())
        })?;
    } else {
        for number in integers(column, pages, rows)? {
            add(number.to_string().as_bytes())?;
        }
    }
    Ok(names)
}

/// Reads `rows` whole numbers; floats that are whole are taken.
pub(super) fn integers(column: &Column, pages: Pages, rows: usize) -> Result<Vec<i64>> {
    let mut numbers = Vec::new();
    /// One physical type.
    macro_rules! read {
        ($kind:ty, $convert:expr) => {
            for_each::<$kind>(column, pages, rows, |number| {
                let row = numbers.len() + 1;
                let number = number.ok_or_else(|| own(format!("row {row} has no number")))?;
                let whole =
                    $convert(*number).ok_or_else(|| own(format!("row {row}: {number} is not a whole number")))?;
                numbers.push(whole);
                Ok(())
            })?
        };
    }
    // Above 2^53 neighbouring integers are the same float64.
    let whole =
        |number: f64| (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then_some(number as i64);
    let unsigned = is_unsigned(&column.descriptor);
    match column.descriptor.physical_type() {
        Physical::INT32 if unsigned => read!(Int32Type, |number: i32| Some(i64::from(number as u32))),
        Physical::INT32 => read!(Int32Type, |number: i32| Some(i64::from(number))),
        Physical::INT64 if unsigned => read!(Int64Type, |number: i64| (number >= 0).then_some(number)),
        Physical::INT64 => read!(Int64Type, Some),
        Physical::FLOAT => read!(FloatType, |number: f32| whole(number.into())),
        Physical::DOUBLE => read!(DoubleType, whole),
        _ => return Err(own("it holds no whole numbers; write it as int64".to_owned())),
    }
    Ok(numbers)
}

/// Calls `take` with the value of each of `rows` rows of a flat column, `None` for a null.
fn for_each<T: DataType>(
    column: &Column,
    pages: Pages,
    rows: usize,
    mut take: impl FnMut(Option<&T::T>) -> Result<()>,
) -> Result<()> {
    let mut reader = ColumnReaderImpl::<T>::new(column.descriptor.clone(), pages);
    let required = column.descriptor.max_def_level() == 0;
    let (mut values, mut levels, mut read) = (Vec::new(), Vec::new(), 0);
    while read < rows {
        values.clear();
        levels.clear();
        let (records, ..) = reader.read_records(BATCH.min(rows - read), Some(&mut levels), None, &mut values)?;
        if records == 0 {
            return Err(ParquetError::EOF(format!("{read} of {rows} rows are there")));
        }
        read += records;
        if required || values.len() == records {
            values.iter().try_for_each(|value| take(Some(value)))?;
        } else {
            let mut present = values.iter();
            for &level in &levels {
                take(if level > 0 { present.next() } else { None })?;
            }
        }
    }
    Ok(())
}

fn lists_of<T: DataType>(
    column: &Column,
    pages: Pages,
    rows: usize,
    convert: impl Fn(&T::T) -> f32,
) -> Result<Vec<f32>> {
    let mut reader = ColumnReaderImpl::<T>::new(column.descriptor.clone(), pages);
    let present = column.descriptor.max_def_level();
    // A list that is null or empty has one level, below that of an element that is null.
    let element = column.descriptor.repeated_ancestor_def_level();
    let (mut values, mut levels, mut starts) = (Vec::new(), Vec::new(), Vec::new());
    let mut all = Vec::new();
    let (mut read, mut length) = (0, None);
    while read < rows {
        values.clear();
        levels.clear();
        starts.clear();
        // At first one list, which tells how many are decoded at a time.
        let batch = length.map_or(1, |length: usize| (BATCH / length.max(1)).max(1)).min(rows - read);
        let (records, ..) = reader.read_records(batch, Some(&mut levels), Some(&mut starts), &mut values)?;
        if records == 0 {
            return Err(ParquetError::EOF(format!("{read} of {rows} rows are there")));
        }
        if levels.iter().any(|&level| level < element) {
            let short = row_without(&levels, &starts, element);
            return Err(own(format!("row {} has no values; leave it out", read + short + 1)));
        }
        let length = *length.get_or_insert(starts.len());
        if let Some(row) = row_of_other_length(&starts, records, length) {
            let row = read + row + 1;
            return Err(own(format!("row {row} has another number of values than row 1, which has {length}")));
        }
        if values.len() == levels.len() {
            all.extend(values.iter().map(&convert));
        } else {
            let mut values = values.iter();
            let value =
                |&level: &i16| if level == present { values.next().map_or(f32::NAN, &convert) } else { f32::NAN };
            all.extend(levels.iter().map(value));
        }
        read += records;
    }
    Ok(all)
}

/// The first row, from 0, whose list is null or empty.
fn row_without(levels: &[i16], starts: &[i16], element: i16) -> usize {
    let at = levels.iter().position(|&level| level < element).unwrap_or(0);
    starts[..=at].iter().filter(|&&start| start == 0).count() - 1
}

/// The first of `records` rows, from 0, that does not have `length` elements; a start of 0 begins a row.
fn row_of_other_length(starts: &[i16], records: usize, length: usize) -> Option<usize> {
    let regular = starts.len() == records * length
        && starts.chunks_exact(length).all(|row| row[0] == 0 && row[1..].iter().all(|&start| start != 0));
    if regular {
        return None;
    }
    let begins: Vec<usize> = (0..starts.len()).filter(|&at| starts[at] == 0).chain([starts.len()]).collect();
    begins.windows(2).position(|pair| pair[1] - pair[0] != length)
}

fn half(number: &FixedLenByteArray) -> f32 {
    match *number.data() {
        [low, high] => f16::from_le_bytes([low, high]).to_f32(),
        _ => f32::NAN,
    }
}

/// An error in this module's words.
fn own(reason: String) -> ParquetError {
    ParquetError::External(Box::new(io::Error::other(reason)))
}
