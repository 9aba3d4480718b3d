//! NumPy arrays: one array of a `.npy` file or of an open `.npz` archive.

mod archive;
mod array;
mod header;
mod text;
mod values;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::error::DatasetError;
pub(crate) use archive::Archive;
use array::{Array, Axes};
pub(super) use values::{Format, Scalar};

/// What the only array of a `.npy` file is called in messages.
const WHOLE: &str = "the file";

/// A matrix of finite size, row-major.
pub(crate) struct Matrix {
    pub(crate) rows: usize,
    pub(crate) features: usize,
    pub(crate) values: Vec<f32>,
}

/// Reads the numbers of a `.npy` file that has one axis, beside those of length 1.
///
/// `length` is as for [`read_npy`].
pub(super) fn read_npy_numbers(file: &Path, input: impl Read, length: Option<u64>) -> Result<Vec<f64>, DatasetError> {
    Array::open(file, WHOLE, input, length)?.numbers()
}

/// Reads the matrix of a `.npy` file, and a note where bytes follow it.
///
/// `length` is the number of bytes of the whole input, where it is known.
pub(super) fn read_npy(
    file: &Path,
    input: impl Read,
    length: Option<u64>,
) -> Result<(Matrix, Option<String>), DatasetError> {
    let (matrix, left) = Array::open(file, WHOLE, input, length)?.matrix(Axes::Two)?;
    Ok((matrix, left.note(file)?))
}

/// Reads a `.npy` file of vectors, such as embeddings: returns their number and their components, vectors x components.
///
/// # Errors
/// [`DatasetError`], naming the file and what is wrong with it.
pub fn read_vectors(file: &Path) -> Result<(usize, Vec<f32>), DatasetError> {
    let failed = |source| DatasetError::Read { file: file.to_owned(), source };
    let input = File::open(file).map_err(failed)?;
    let length = input.metadata().map_err(failed)?.len();
    let (matrix, _) = Array::open(file, WHOLE, input, Some(length))?.matrix(Axes::OneOrTwo)?;
    Ok((matrix.rows, matrix.values))
}
