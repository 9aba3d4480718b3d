//! The values behind a header, read in pieces and converted.

use std::io::{self, Read};

use npyz::half::f16;
use npyz::{Endianness, TypeChar, TypeStr};

/// Values read at a time.
const PIECE: usize = 64 * 1024;
/// Side of the square tiles by which a matrix is transposed: two of them fit the nearest cache.
const TILE: usize = 32;

/// Reads numbers in pieces and evaluates an expression of each, which has its own type.
macro_rules! each_number {
    ($format:expr, $input:expr, $count:expr, |$value:ident| $body:expr) => {
        match $format.scalar {
            Scalar::Bool => pieces($input, $count, |[$value]| {
                let $value = u8::from($value != 0);
                $body
            }),
            Scalar::I8 => each_number!(i8, $format, $input, $count, |$value| $body),
            Scalar::I16 => each_number!(i16, $format, $input, $count, |$value| $body),
            Scalar::I32 => each_number!(i32, $format, $input, $count, |$value| $body),
            Scalar::I64 => each_number!(i64, $format, $input, $count, |$value| $body),
            Scalar::U8 => each_number!(u8, $format, $input, $count, |$value| $body),
            Scalar::U16 => each_number!(u16, $format, $input, $count, |$value| $body),
            Scalar::U32 => each_number!(u32, $format, $input, $count, |$value| $body),
            Scalar::U64 => each_number!(u64, $format, $input, $count, |$value| $body),
            Scalar::F16 => each_number!(f16, $format, $input, $count, |half| {
                let $value = half.to_f32();
                $body
            }),
            Scalar::F32 => each_number!(f32, $format, $input, $count, |$value| $body),
            Scalar::F64 => each_number!(f64, $format, $input, $count, |$value| $body),
        }
    };
    ($number:ty, $format:expr, $input:expr, $count:expr, |$value:ident| $body:expr) => {
        pieces($input, $count, |bytes| {
            let big_endian = $format.big_endian;
            let $value = if big_endian { <$number>::from_be_bytes(bytes) } else { <$number>::from_le_bytes(bytes) };
            $body
        })
    };
}

/// How numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dataset) struct Format {
    pub(in crate::dataset) scalar: Scalar,
    pub(in crate::dataset) big_endian: bool,
}

/// A type of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dataset) enum Scalar {
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F16,
    F32,
    F64,
}

impl Format {
    /// The format of NumPy's `kind`, if it is one of numbers.
    pub(super) fn of(kind: &TypeStr) -> Option<Self> {
        let scalar = match (kind.type_char(), kind.size_field()) {
            (TypeChar::Bool, 1) => Scalar::Bool,
            (TypeChar::Int, 1) => Scalar::I8,
            (TypeChar::Int, 2) => Scalar::I16,
            (TypeChar::Int, 4) => Scalar::I32,
            (TypeChar::Int, 8) => Scalar::I64,
            (TypeChar::Uint, 1) => Scalar::U8,
            (TypeChar::Uint, 2) => Scalar::U16,
            (TypeChar::Uint, 4) => Scalar::U32,
            (TypeChar::Uint, 8) => Scalar::U64,
            (TypeChar::Float, 2) => Scalar::F16,
            (TypeChar::Float, 4) => Scalar::F32,
            (TypeChar::Float, 8) => Scalar::F64,
            _ => return None,
        };
        Some(Self { scalar, big_endian: kind.endianness() == Endianness::Big })
    }

    /// Bytes of a number.
    pub(in crate::dataset) fn bytes(self) -> usize {
        match self.scalar {
            Scalar::Bool | Scalar::I8 | Scalar::U8 => 1,
            Scalar::I16 | Scalar::U16 | Scalar::F16 => 2,
            Scalar::I32 | Scalar::U32 | Scalar::F32 => 4,
            Scalar::I64 | Scalar::U64 | Scalar::F64 => 8,
        }
    }

    /// Whether its numbers are whole.
    pub(super) fn is_whole(self) -> bool {
        !matches!(self.scalar, Scalar::Bool | Scalar::F16 | Scalar::F32 | Scalar::F64)
    }

    /// Reads `count` numbers and rounds them to float32.
    ///
    /// `available` is the number of bytes that are known to be there: memory for more is taken only as they come.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] where there are fewer.
    pub(in crate::dataset) fn read_f32(
        self,
        input: &mut dyn Read,
        count: usize,
        available: Option<u64>,
    ) -> io::Result<Vec<f32>> {
        let known = (count as u64).checked_mul(self.bytes() as u64).is_some_and(|bytes| available >= Some(bytes));
        let whole = if known { count } else { 0 };
        if self.scalar == Scalar::F32 {
            let mut values = read_floats(input, count, whole)?;
            if self.big_endian != cfg!(target_endian = "big") {
                values.iter_mut().for_each(|value| *value = f32::from_bits(value.to_bits().swap_bytes()));
            }
            return Ok(values);
        }
        let mut values = Vec::with_capacity(whole);
        each_number!(self, input, count, |value| values.push(value as f32))?;
        Ok(values)
    }

    /// Reads `count` numbers and hands each to `take`.
    pub(super) fn read_each(self, input: &mut dyn Read, count: usize, mut take: impl FnMut(Number)) -> io::Result<()> {
        each_number!(self, input, count, |value| take(Number::from(value)))
    }
}

/// A number without loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Whole(i128),
    Float(f64),
}

macro_rules! number_from {
    ($variant:ident($wide:ty): $($number:ty),+) => {
        $(impl From<$number> for Number {
            fn from(value: $number) -> Self {
                Self::$variant(<$wide>::from(value))
            }
        })+
    };
}

number_from!(Whole(i128): i8, i16, i32, i64, u8, u16, u32, u64);
number_from!(Float(f64): f32, f64);

/// Reads numbers of `N` bytes in pieces.
fn pieces<const N: usize>(input: &mut dyn Read, count: usize, mut take: impl FnMut([u8; N])) -> io::Result<()> {
    let mut buffer = vec![0; N * PIECE.min(count)];
    let mut left = count;
    while left > 0 {
        let piece = &mut buffer[..N * PIECE.min(left)];
        input.read_exact(piece)?;
        let (numbers, _) = piece.as_chunks::<N>();
        numbers.iter().copied().for_each(&mut take);
        left -= numbers.len();
    }
    Ok(())
}

/// Reads float32 in this machine's order straight to where they stay; the first `whole` of them at once.
fn read_floats(input: &mut dyn Read, count: usize, whole: usize) -> io::Result<Vec<f32>> {
    let mut values = vec![0.0; whole];
    input.read_exact(bytemuck::cast_slice_mut(&mut values))?;
    while values.len() < count {
        let start = values.len();
        values.resize(count.min(start + PIECE), 0.0);
        input.read_exact(bytemuck::cast_slice_mut(&mut values[start..]))?;
    }
    Ok(values)
}

/// A row-major matrix of `rows` rows, from its columns one after the other.
pub(super) fn transposed(columns: &[f32], rows: usize) -> Vec<f32> {
    let features = columns.len() / rows.max(1);
    let mut values = vec![0.0; columns.len()];
    for first_row in (0..rows).step_by(TILE) {
        let last_row = rows.min(first_row + TILE);
        for first in (0..features).step_by(TILE) {
            for feature in first..features.min(first + TILE) {
                let column = &columns[feature * rows..][first_row..last_row];
                for (row, &value) in (first_row..).zip(column) {
                    values[row * features + feature] = value;
                }
            }
        }
    }
    values
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn columns_become_rows_whatever_the_size() {
        for (rows, features) in [(1, 1), (1, 70), (70, 1), (33, 65), (64, 32), (100, 31)] {
            let columns: Vec<f32> = (0..rows * features).map(|k| (k % rows * features + k / rows) as f32).collect();
            let expected: Vec<f32> = (0..rows * features).map(|k| k as f32).collect();
            assert_eq!(transposed(&columns, rows), expected, "{rows} x {features}");
        }
    }

    #[test]
    fn known_and_unknown_lengths_give_the_same_values() {
        let values: Vec<f32> = (0..3 * PIECE + 5).map(|k| k as f32).collect();
        let bytes: &[u8] = bytemuck::cast_slice(&values);
        let format = Format { scalar: Scalar::F32, big_endian: false };
        for available in [None, Some(1), Some(bytes.len() as u64)] {
            assert_eq!(format.read_f32(&mut &*bytes, values.len(), available).unwrap(), values);
        }
        let cut = format.read_f32(&mut &bytes[1..], values.len(), None);
        assert_eq!(cut.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
