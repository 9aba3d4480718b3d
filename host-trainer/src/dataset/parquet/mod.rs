//! Parquet: the columns of a table as numbers, lists of numbers and names.

mod column;
mod decode;
mod pages;
mod write;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::Compression;
use parquet::column::page::PageReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetStatisticsPolicy};
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::{ReadOptionsBuilder, SerializedFileReader, SerializedPageReader};
use rayon::prelude::*;

use super::error::DatasetError;
use super::npy::Matrix;
pub(super) use column::{Column, Kind};
use pages::Pages;
pub(super) use write::write;

/// Values of columns that are held at a time while they are spread over the rows, 2 MB.
const CACHED: usize = 1 << 19;
/// Values of a cache line.
const LINE: usize = 16;

/// An open table.
pub(super) struct Table {
    file: PathBuf,
    bytes: Arc<Bytes>,
    metadata: Arc<ParquetMetaData>,
    columns: Vec<Column>,
}

/// Names of rows: a number for each row, and the name of each number.
#[derive(Default)]
pub(super) struct Names {
    pub(super) rows: Vec<u32>,
    pub(super) names: Vec<String>,
}

impl Table {
    /// Reads the footer of a file in memory.
    ///
    /// # Errors
    /// [`DatasetError::Array`] for what is not a sound Parquet file.
    pub(super) fn open(file: &Path, bytes: Vec<u8>) -> Result<Self, DatasetError> {
        let bytes = Bytes::from(bytes);
        let options = ReadOptionsBuilder::new()
            .with_encoding_stats_as_mask(true)
            .with_column_stats_policy(ParquetStatisticsPolicy::SkipAll)
            .with_size_stats_policy(ParquetStatisticsPolicy::SkipAll)
            .build();
        let reader = SerializedFileReader::new_with_options(bytes.clone(), options);
        let metadata = reader.map_err(|error| unsound(file, "the file", &error))?.metadata().clone().into();
        let mut table = Self { file: file.to_owned(), bytes: Arc::new(bytes), metadata, columns: Vec::new() };
        table.columns = column::all(table.metadata.file_metadata().schema_descr());
        Ok(table)
    }

    /// The columns in the order of the file.
    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The number of rows of each group of rows, in the order of the file.
    pub(super) fn groups(&self) -> impl Iterator<Item = usize> {
        self.metadata.row_groups().iter().map(|group| group.num_rows().max(0) as usize)
    }

    /// Reads columns of numbers: rows x columns; a null is NaN.
    ///
    /// # Errors
    /// [`DatasetError::Array`], naming the column.
    pub(super) fn numbers(&self, group: usize, columns: &[&Column]) -> Result<Vec<f32>, DatasetError> {
        let rows = self.rows(group);
        if let [one] = columns {
            let mut values = Vec::new();
            self.decoded(group, one, |pages| decode::numbers(one, pages, rows, |value| values.push(value)))?;
            return Ok(values);
        }
        // The number of rows is a claim, which one column must bear out before there is room for more values than bytes.
        if rows.saturating_mul(columns.len()) > self.bytes.len()
            && let Some(first) = columns.first()
        {
            self.decoded(group, first, |pages| decode::numbers(first, pages, rows, |_| ()))?;
        }
        let mut by_row = self.room(rows, columns.len())?;
        if rows == 0 {
            return Ok(by_row);
        }
        let decode = |column: &Column, values: &mut [f32]| {
            let mut rest = values.iter_mut();
            let take = |value| rest.next().into_iter().for_each(|place| *place = value);
            self.decoded(group, column, |pages| decode::numbers(column, pages, rows, take))
        };
        // Columns that are decoded before they are spread over the rows: few enough to stay in the cache.
        let together = (CACHED / rows).clamp(LINE, columns.len().max(LINE));
        let mut by_column = self.room(rows, together)?;
        for (block, columns_of_block) in columns.chunks(together).enumerate() {
            let by_column = &mut by_column[..rows * columns_of_block.len()];
            by_column.par_chunks_mut(rows).zip(columns_of_block).try_for_each(|(v, column)| decode(column, v))?;
            by_row.par_chunks_mut(LINE * columns.len()).enumerate().for_each(|(tile, by_row)| {
                for (column, values) in by_column.chunks_exact(rows).enumerate() {
                    let values = &values[tile * LINE..];
                    for (row, value) in by_row.chunks_exact_mut(columns.len()).zip(values) {
                        row[block * together + column] = *value;
                    }
                }
            });
        }
        Ok(by_row)
    }

    /// Reads a column of lists, all of one length: rows x length; a null in a list is NaN.
    ///
    /// # Errors
    /// [`DatasetError::Array`], naming the column and the row of another length.
    pub(super) fn lists(&self, group: usize, column: &Column) -> Result<Matrix, DatasetError> {
        let rows = self.rows(group);
        let values = self.decoded(group, column, |pages| decode::lists(column, pages, rows))?;
        Ok(Matrix { rows, features: values.len() / rows.max(1), values })
    }

    /// Reads a column of text or whole numbers as names.
    ///
    /// # Errors
    /// [`DatasetError::Array`], naming the column and the row without a name.
    pub(super) fn names(&self, group: usize, column: &Column) -> Result<Names, DatasetError> {
        let rows = self.rows(group);
        self.decoded(group, column, |pages| decode::names(column, pages, rows))
    }

    /// Reads a column of whole numbers.
    ///
    /// # Errors
    /// [`DatasetError::Array`], naming the column and the row that has none.
    pub(super) fn integers(&self, group: usize, column: &Column) -> Result<Vec<i64>, DatasetError> {
        let rows = self.rows(group);
        self.decoded(group, column, |pages| decode::integers(column, pages, rows))
    }

    fn rows(&self, group: usize) -> usize {
        self.groups().nth(group).unwrap_or(0)
    }

    /// The pages of a column in a group of rows, decompressed.
    fn pages(&self, group: usize, column: &Column) -> parquet::errors::Result<Box<dyn PageReader>> {
        let group = self.metadata.row_group(group);
        let chunk = group.column(column.leaf);
        let rows = group.num_rows().max(0) as usize;
        // The parquet crate panics at a range that is none.
        let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
        let end = start.checked_add(chunk.compressed_size());
        if start < 0 || chunk.compressed_size() < 0 || end.is_none_or(|end| end > self.bytes.len() as i64) {
            return Err(ParquetError::EOF("its pages are not in the file".to_owned()));
        }
        if let codec @ (Compression::BROTLI(_) | Compression::LZO) = chunk.compression() {
            return Err(ParquetError::NYI(format!("it is compressed by {codec}, which is not read")));
        }
        let zstd = matches!(chunk.compression(), Compression::ZSTD(_));
        let stored = zstd.then(|| chunk.clone().into_builder().set_compression(Compression::UNCOMPRESSED).build());
        let stored = stored.transpose()?;
        let reader = SerializedPageReader::new(self.bytes.clone(), stored.as_ref().unwrap_or(chunk), rows, None)?;
        Ok(Box::new(Pages::new(reader, &column.descriptor, zstd)))
    }

    fn room(&self, rows: usize, columns: usize) -> Result<Vec<f32>, DatasetError> {
        let mut room = Vec::new();
        let reserved = rows.checked_mul(columns).map(|count| room.try_reserve_exact(count).map(|()| count));
        match reserved {
            Some(Ok(count)) => {
                room.resize(count, 0.0);
                Ok(room)
            }
            _ => Err(self.error("the file", format!("its {rows} rows x {columns} columns do not fit in memory"))),
        }
    }

    /// What `read` makes of a column's pages; a panic of the parquet crate at malformed ones is an error too.
    fn decoded<T>(
        &self,
        group: usize,
        column: &Column,
        read: impl FnOnce(Box<dyn PageReader>) -> parquet::errors::Result<T>,
    ) -> Result<T, DatasetError> {
        let read = AssertUnwindSafe(|| self.pages(group, column).and_then(read));
        let what = format!("column `{}`", column.name);
        match catch_unwind(read) {
            Ok(read) => read.map_err(|error| unsound(&self.file, &what, &error)),
            Err(_) => Err(self.error(&what, "its pages are malformed; write or copy it again".to_owned())),
        }
    }

    fn error(&self, what: &str, reason: String) -> DatasetError {
        DatasetError::Array { file: self.file.clone(), what: what.to_owned(), reason }
    }
}

fn unsound(file: &Path, what: &str, error: &ParquetError) -> DatasetError {
    let reason = match error {
        // What this module says itself.
        ParquetError::External(own) => own.to_string(),
        ParquetError::NYI(what) => format!("{what}; write it again with compression='snappy'"),
        error => format!("not sound Parquet ({error}); write or copy it again"),
    };
    DatasetError::Array { file: file.to_owned(), what: what.to_owned(), reason }
}
