//! Writes a dataset as Parquet: one row a timestep, its features in one list column.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, FloatType, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};

use super::super::rows::Dataset;

/// Values of a group of rows, about 64 MB.
const GROUP: usize = 1 << 24;

/// Writes the columns `label`, `session`, `timestep` and `values`, compressed by snappy.
///
/// # Errors
/// When `output` cannot be written.
pub(in crate::dataset) fn write(dataset: &Dataset, output: impl Write + Send) -> Result<()> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_column_dictionary_enabled("values.list.element".into(), false)
        .set_statistics_enabled(parquet::file::properties::EnabledStatistics::None)
        .build();
    let mut writer = SerializedFileWriter::new(output, schema()?, Arc::new(properties))?;
    let names = |names: &[String]| -> Vec<ByteArray> { names.iter().map(|name| name.as_str().into()).collect() };
    let (labels, sessions) = (names(&dataset.labels), names(&dataset.sessions));
    let rows_of_group = (GROUP / dataset.features.max(1)).max(1);
    let groups = dataset.rows.chunks(rows_of_group).zip(dataset.values.chunks(rows_of_group * dataset.features));
    for (rows, values) in groups {
        let mut group = writer.next_row_group()?;
        let labels: Vec<ByteArray> = rows.iter().map(|row| labels[row.label as usize].clone()).collect();
        let sessions: Vec<ByteArray> = rows.iter().map(|row| sessions[row.session as usize].clone()).collect();
        let timesteps: Vec<i64> = rows.iter().map(|row| row.timestep).collect();
        column::<ByteArrayType>(&mut group, &labels, None)?;
        column::<ByteArrayType>(&mut group, &sessions, None)?;
        column::<Int64Type>(&mut group, &timesteps, None)?;
        let starts: Vec<i16> = (0..values.len()).map(|at| i16::from(at % dataset.features != 0)).collect();
        column::<FloatType>(&mut group, values, Some(&starts))?;
        group.close()?;
    }
    writer.close()?;
    Ok(())
}

/// Writes the next column; `starts` is 0 where a list begins and 1 within it.
fn column<T: parquet::data_type::DataType>(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    values: &[T::T],
    starts: Option<&[i16]>,
) -> Result<()> {
    let Some(mut column) = group.next_column()? else {
        return Ok(());
    };
    let defined = starts.map(|starts| vec![1; starts.len()]);
    column.typed::<T>().write_batch(values, defined.as_deref(), starts)?;
    column.close()
}

/// `label`, `session`, `timestep`, and `values` as a list of required elements.
fn schema() -> Result<TypePtr> {
    let flat = |name: &str, physical: Physical, logical: Option<LogicalType>| {
        let builder = Type::primitive_type_builder(name, physical).with_repetition(Repetition::REQUIRED);
        builder.with_logical_type(logical).build().map(Arc::new)
    };
    let element = flat("element", Physical::FLOAT, None)?;
    let list = Type::group_type_builder("list").with_repetition(Repetition::REPEATED).with_fields(vec![element]);
    let values = Type::group_type_builder("values")
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(Some(LogicalType::List))
        .with_fields(vec![Arc::new(list.build()?)]);
    let columns = vec![
        flat("label", Physical::BYTE_ARRAY, Some(LogicalType::String))?,
        flat("session", Physical::BYTE_ARRAY, Some(LogicalType::String))?,
        flat("timestep", Physical::INT64, None)?,
        Arc::new(values.build()?),
    ];
    Type::group_type_builder("recordings").with_fields(columns).build().map(Arc::new)
}
