//! A `.npz` file: a ZIP archive of `.npy` files.

use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::array::{Array, Axes, read_error, wrong};
use super::{Matrix, WHOLE};
use crate::dataset::error::DatasetError;
use crate::dataset::times::Timesteps;

/// A `.npz` file, opened.
pub(crate) struct Archive<'a, R> {
    file: &'a Path,
    zip: ZipArchive<BufReader<R>>,
    /// Bytes of the whole archive.
    length: u64,
}

impl<'a, R: Read + Seek> Archive<'a, R> {
    /// Opens the archive and reads its directory.
    pub(crate) fn open(file: &'a Path, mut input: R) -> Result<Self, DatasetError> {
        let length = input.seek(SeekFrom::End(0)).map_err(|error| read_error(file, WHOLE, &error))?;
        let zip = ZipArchive::new(BufReader::new(input)).map_err(|error| zip_error(file, WHOLE, error))?;
        Ok(Self { file, zip, length })
    }

    /// The names of its arrays.
    pub(crate) fn arrays(&self) -> Vec<String> {
        let names = self.zip.file_names().flatten();
        names.map(|name| name.strip_suffix(".npy").unwrap_or(&name).to_owned()).collect()
    }

    /// The first of `wanted` that the archive holds.
    pub(crate) fn find(&self, wanted: &[&'static str]) -> Option<&'static str> {
        wanted.iter().copied().find(|name| self.zip.index_for_name(&format!("{name}.npy")).is_some())
    }

    /// As [`Archive::find`], with an error that lists the archive's arrays.
    pub(crate) fn need(&self, wanted: &'static [&'static str]) -> Result<&'static str, DatasetError> {
        let found = || self.arrays();
        self.find(wanted).ok_or_else(|| DatasetError::MissingArray {
            file: self.file.to_owned(),
            wanted,
            found: found(),
        })
    }

    /// Reads an array of rows x features, and a note where bytes follow it.
    pub(crate) fn matrix(&mut self, name: &str) -> Result<(Matrix, Option<String>), DatasetError> {
        let file = self.file;
        let (matrix, left) = self.array(name)?.matrix(Axes::Two)?;
        Ok((matrix, left.note(file)?))
    }

    /// Reads the numbers of an array of one axis, beside those of length 1.
    #[cfg(feature = "_engine")]
    pub(crate) fn numbers(&mut self, name: &str) -> Result<Vec<f64>, DatasetError> {
        self.array(name)?.numbers()
    }

    /// Reads `rows` strings or whole numbers, as text.
    pub(in crate::dataset) fn names(&mut self, name: &str, rows: usize) -> Result<Vec<String>, DatasetError> {
        self.array(name)?.names(rows)
    }

    /// Reads `rows` timesteps.
    pub(in crate::dataset) fn timesteps(&mut self, name: &str, rows: usize) -> Result<Timesteps, DatasetError> {
        self.array(name)?.timesteps(rows)
    }

    /// Reads `rows` times; `None` of pickled objects.
    pub(in crate::dataset) fn times(&mut self, name: &str, rows: usize) -> Result<Option<Vec<f64>>, DatasetError> {
        let array = self.array(name)?;
        if array.is_pickled() { Ok(None) } else { array.times(rows).map(Some) }
    }

    fn array<'s>(&'s mut self, name: &'s str) -> Result<Array<'s>, DatasetError> {
        let entry = self.zip.by_name(&format!("{name}.npy")).map_err(|error| zip_error(self.file, name, error))?;
        // The size that an entry claims is no evidence that it has as many bytes: a stored one has at most the archive's.
        let stored = entry.compression() == CompressionMethod::Stored;
        let length = stored.then(|| entry.compressed_size().min(self.length));
        Array::open(self.file, name, BufReader::new(entry), length)
    }
}

fn zip_error(file: &Path, what: &str, error: ZipError) -> DatasetError {
    match error {
        ZipError::Io(error) => read_error(file, what, &error),
        error => wrong(file, what, format!("not a sound .npz archive ({error}); save or copy it again")),
    }
}
