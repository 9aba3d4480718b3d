//! NumPy arrays: one array of a `.npy` file or of an open `.npz` archive.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use npyz::half::f16;
use npyz::{DType, Deserialize, NpyFile, Order, TypeChar};
use zip::ZipArchive;
use zip::result::ZipError;

use super::error::DatasetError;

/// NumPy pads a plain array's header to 64 or 128 bytes.
const LONGEST_HEADER: usize = 2048;
/// A plain array's header is one dictionary that holds one tuple.
const BRACKETS: usize = 2;
/// Longest name in characters; bounds the memory of one item.
const LONGEST_NAME: u64 = 4096;

/// A matrix of finite size, row-major.
pub(super) struct Matrix {
    pub(super) rows: usize,
    pub(super) features: usize,
    pub(super) values: Vec<f32>,
}

/// A `.npz` file, opened.
pub(super) struct Archive<'a, R> {
    file: &'a Path,
    zip: ZipArchive<BufReader<R>>,
}

/// Reads the matrix of a `.npy` file.
pub(super) fn read_npy(file: &Path, input: impl Read) -> Result<Matrix, DatasetError> {
    Array::open(file, "the file", BufReader::new(input))?.matrix(Axes::Two)
}

/// Reads a `.npy` file of vectors, such as embeddings: returns their number and their components, vectors x components.
///
/// # Errors
/// [`DatasetError`], naming the file and what is wrong with it.
pub fn read_vectors(file: &Path) -> Result<(usize, Vec<f32>), DatasetError> {
    let input = File::open(file).map_err(|source| DatasetError::Read { file: file.to_owned(), source })?;
    let matrix = Array::open(file, "the file", BufReader::new(input))?.matrix(Axes::OneOrTwo)?;
    Ok((matrix.rows, matrix.values))
}

impl<'a, R: Read + Seek> Archive<'a, R> {
    /// Opens the archive and reads its directory.
    pub(super) fn open(file: &'a Path, input: R) -> Result<Self, DatasetError> {
        let zip = ZipArchive::new(BufReader::new(input)).map_err(|error| zip_error(file, "the file", error))?;
        Ok(Self { file, zip })
    }

    /// The first of `wanted` that the archive holds.
    pub(super) fn find(&self, wanted: &[&'static str]) -> Option<&'static str> {
        wanted.iter().copied().find(|name| self.zip.index_for_name(&format!("{name}.npy")).is_some())
    }

    /// As [`Archive::find`], with an error that lists the archive's arrays.
    pub(super) fn need(&self, wanted: &'static [&'static str]) -> Result<&'static str, DatasetError> {
        self.find(wanted).ok_or_else(|| {
            let found = self.zip.file_names().flatten().map(|name| name.trim_end_matches(".npy").to_owned()).collect();
            DatasetError::MissingArray { file: self.file.to_owned(), wanted, found }
        })
    }

    /// Reads a float array of rows x features.
    pub(super) fn matrix(&mut self, name: &str) -> Result<Matrix, DatasetError> {
        self.array(name)?.matrix(Axes::Two)
    }

    /// Reads `rows` strings or whole numbers, as text.
    pub(super) fn names(&mut self, name: &str, rows: usize) -> Result<Vec<String>, DatasetError> {
        self.array(name)?.names(rows)
    }

    /// Reads `rows` whole numbers.
    pub(super) fn integers(&mut self, name: &str, rows: usize) -> Result<Vec<i64>, DatasetError> {
        self.array(name)?.integers(rows)
    }

    fn array<'s>(&'s mut self, name: &'s str) -> Result<Array<'s>, DatasetError> {
        let entry = self.zip.by_name(&format!("{name}.npy")).map_err(|error| zip_error(self.file, name, error))?;
        Array::open(self.file, name, BufReader::new(entry))
    }
}

/// The axes an array may have.
#[derive(Clone, Copy)]
enum Axes {
    /// Rows and features.
    Two,
    /// One vector, or one row per vector.
    OneOrTwo,
}

/// One array whose header has been read.
struct Array<'a> {
    file: &'a Path,
    name: &'a str,
    npy: NpyFile<Box<dyn Read + 'a>>,
}

impl<'a> Array<'a> {
    fn open(file: &'a Path, name: &'a str, mut input: impl Read + 'a) -> Result<Self, DatasetError> {
        let failed = |error: io::Error| read_error(file, name, &error);
        // The header's parser takes time exponential in the depth of nesting: deeper headers must not reach it.
        let mut start = vec![0; 12];
        input.read_exact(&mut start).map_err(failed)?;
        if start.starts_with(b"\x93NUMPY") {
            let size = match start[6] {
                1 => 10 + usize::from(u16::from_le_bytes([start[8], start[9]])),
                _ => 12_usize.saturating_add(u32::from_le_bytes([start[8], start[9], start[10], start[11]]) as usize),
            };
            let rest = size.saturating_sub(start.len()).min(LONGEST_HEADER) as u64;
            input.by_ref().take(rest).read_to_end(&mut start).map_err(failed)?;
            let brackets = start.iter().skip(10).filter(|byte| b"([{".contains(byte)).count();
            if size > LONGEST_HEADER || brackets > BRACKETS {
                let reason = "its header is not a plain array's; save numpy.ascontiguousarray(array)";
                return Err(wrong(file, name, reason.to_owned()));
            }
        }
        let input: Box<dyn Read + 'a> = Box::new(io::Cursor::new(start).chain(input));
        let npy = NpyFile::new(input).map_err(failed)?;
        Ok(Array { file, name, npy })
    }

    fn matrix(self, axes: Axes) -> Result<Matrix, DatasetError> {
        let (file, name) = (self.file, self.name);
        let shape = self.npy.shape().to_vec();
        let (rows, features) = match (shape.as_slice(), axes) {
            (&[rows, features], _) => (rows, features),
            (&[components], Axes::OneOrTwo) => (1, components),
            _ => {
                let reason = format!("its shape is {shape:?}; it must have two axes, timesteps x features");
                return Err(wrong(file, name, reason));
            }
        };
        let sizes = (usize::try_from(rows).ok(), usize::try_from(features).ok());
        let (Some(rows), Some(features)) = sizes else {
            return Err(wrong(file, name, format!("its shape {shape:?} is too large")));
        };
        let Some(count) = rows.checked_mul(features) else {
            return Err(wrong(file, name, format!("its shape {shape:?} is too large")));
        };
        if rows == 0 {
            return Err(DatasetError::NoRows { file: file.to_owned() });
        }
        if features == 0 {
            return Err(wrong(file, name, "it has no features".to_owned()));
        }
        let order = self.npy.order();
        let values = match self.kind() {
            Some((TypeChar::Float, 2)) => self.read(f16::to_f32)?,
            Some((TypeChar::Float, 4)) => self.read(|value: f32| value)?,
            Some((TypeChar::Float, 8)) => self.read(|value: f64| value as f32)?,
            _ => {
                return Err(self.wrong_type("float16, float32 or float64; save array.astype('float32')"));
            }
        };
        if values.len() != count {
            return Err(wrong(file, name, format!("it holds {} of {count} values", values.len())));
        }
        let values = match order {
            Order::C => values,
            Order::Fortran => (0..rows).flat_map(|row| values.iter().skip(row).step_by(rows).copied()).collect(),
        };
        Ok(Matrix { rows, features, values })
    }

    fn names(self, rows: usize) -> Result<Vec<String>, DatasetError> {
        match self.kind() {
            Some((TypeChar::UnicodeStr | TypeChar::ByteStr, 0..=LONGEST_NAME)) => {
                self.check_rows(rows)?;
                self.read(|name: String| name)
            }
            Some((TypeChar::Int | TypeChar::Uint, _)) => Ok(self.integers(rows)?.iter().map(i64::to_string).collect()),
            _ => Err(self.wrong_type("text or whole numbers; save numpy.array(names, dtype=str)")),
        }
    }

    fn integers(self, rows: usize) -> Result<Vec<i64>, DatasetError> {
        self.check_rows(rows)?;
        match self.kind() {
            Some((TypeChar::Int, 1)) => self.read(|value: i8| value.into()),
            Some((TypeChar::Int, 2)) => self.read(|value: i16| value.into()),
            Some((TypeChar::Int, 4)) => self.read(|value: i32| value.into()),
            Some((TypeChar::Int, 8)) => self.read(|value: i64| value),
            Some((TypeChar::Uint, 1)) => self.read(|value: u8| value.into()),
            Some((TypeChar::Uint, 2)) => self.read(|value: u16| value.into()),
            Some((TypeChar::Uint, 4)) => self.read(|value: u32| value.into()),
            _ => Err(self.wrong_type("whole numbers; save array.astype('int64')")),
        }
    }

    /// Kind and size of an item, where it is a scalar.
    fn kind(&self) -> Option<(TypeChar, u64)> {
        match self.npy.dtype() {
            DType::Plain(kind) => Some((kind.type_char(), kind.size_field())),
            _ => None,
        }
    }

    fn check_rows(&self, rows: usize) -> Result<(), DatasetError> {
        if self.npy.shape() == [rows as u64] {
            return Ok(());
        }
        let reason = format!("its shape is {:?}; it must have one entry for each of the {rows} rows", self.npy.shape());
        Err(wrong(self.file, self.name, reason))
    }

    fn read<T: Deserialize, U>(self, convert: impl Fn(T) -> U) -> Result<Vec<U>, DatasetError> {
        let items = self.npy.data::<T>().map_err(|error| wrong(self.file, self.name, error.to_string()))?;
        let items: io::Result<Vec<U>> = items.map(|item| item.map(&convert)).collect();
        items.map_err(|error| read_error(self.file, self.name, &error))
    }

    fn wrong_type(&self, wanted: &str) -> DatasetError {
        wrong(self.file, self.name, format!("its type is {}; it must be {wanted}", self.npy.dtype().descr()))
    }
}

fn zip_error(file: &Path, what: &str, error: ZipError) -> DatasetError {
    match error {
        ZipError::Io(error) => read_error(file, what, &error),
        error => wrong(file, what, format!("not a sound .npz archive ({error}); save or copy it again")),
    }
}

fn read_error(file: &Path, what: &str, error: &io::Error) -> DatasetError {
    let reason = match error.kind() {
        io::ErrorKind::UnexpectedEof => "it is cut short; copy or save it again".to_owned(),
        _ => format!("{error}; save it again with numpy.save or numpy.savez"),
    };
    wrong(file, what, reason)
}

fn wrong(file: &Path, what: &str, reason: String) -> DatasetError {
    DatasetError::Array { file: file.to_owned(), what: what.to_owned(), reason }
}
