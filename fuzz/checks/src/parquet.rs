//! Tables in Parquet: what loads has the values that were written, in every type, encoding and compression.

mod column;

use std::sync::Arc;

use ::parquet::basic::{Compression, Encoding};
use ::parquet::file::metadata::ParquetMetaDataReader;
use ::parquet::file::properties::{WriterProperties, WriterVersion};
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::types::{Type, TypePtr};
use arbitrary::{Arbitrary, Unstructured};
use bytes::Bytes;

use crate::damage::Damage;
use crate::numbers::{canonical, filled, number};
use crate::recordings::load_as;
use column::{Column, KINDS, TEXT};

/// Values that a table may state: a run of equal ones takes a few bytes, however long it is.
const LARGEST: i64 = 1 << 22;

/// A table as a program of Python might write it, with damage.
#[derive(Arbitrary, Debug)]
struct Table<'a> {
    /// Rows of each group of rows.
    groups: [u8; 2],
    labels: Option<&'a [u8]>,
    sessions: Option<&'a [u8]>,
    timesteps: Option<Times>,
    features: Features<'a>,
    is_version_2: bool,
    has_dictionary: bool,
    compression: u8,
    encoding: u8,
    damage: Damage,
}

#[derive(Arbitrary, Debug)]
enum Features<'a> {
    /// Columns of numbers, of types in turn; every so many a value is null.
    Columns { count: u8, kinds: &'a [u8], nulls: Option<u8>, bytes: &'a [u8] },
    /// A column of lists, one of which may be longer.
    Lists { length: u8, kind: u8, nulls: Option<u8>, is_ragged: bool, bytes: &'a [u8] },
    /// A row a value.
    Long { count: u8, bytes: &'a [u8] },
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Times {
    Counted { first: i32, is_float: bool },
    Constant,
}

/// Takes `bytes` as a table, and as the description of one.
pub fn check(bytes: &[u8]) {
    if is_small(bytes) {
        load_as("clips.parquet", bytes);
    }
    if let Ok(table) = Table::arbitrary(&mut Unstructured::new(bytes)) {
        table.check();
    }
}

/// Whether a table states few values.
fn is_small(bytes: &[u8]) -> bool {
    let Ok(metadata) = ParquetMetaDataReader::new().parse_and_finish(&Bytes::copy_from_slice(bytes)) else {
        return true;
    };
    let columns = metadata.file_metadata().schema_descr().num_columns() as i64;
    let rows = metadata.row_groups().iter().map(|group| group.num_rows().max(0));
    rows.fold(0, i64::saturating_add).saturating_mul(columns) <= LARGEST
}

impl Table<'_> {
    fn check(&self) {
        let Some(file) = self.file() else { return };
        let loaded = load_as("clips.parquet", &file);
        if self.features.columns(&self.rows()).iter().any(|column| column.is_ragged) {
            // A single list is as long as it is.
            assert!(loaded.is_none() || self.rows().iter().sum::<usize>() == 1, "{self:?}");
        } else if let (Some(loaded), Some(stored)) = (&loaded, self.values()) {
            let sorted = |values: &[f32], features: usize| {
                let mut rows: Vec<Vec<u32>> = values.chunks_exact(features).map(canonical).collect();
                rows.sort();
                rows
            };
            let features = loaded.features;
            assert_eq!(sorted(&loaded.values, features), sorted(&stored, features), "{self:?}");
            if self.labels.is_none() && self.sessions.is_none() && self.timesteps.is_none() {
                assert_eq!(canonical(&loaded.values), canonical(&stored));
            }
        } else if self.values().is_some_and(|values| !values.iter().all(|value| value.is_nan())) {
            assert!(!self.is_plain(), "{self:?} is refused");
        }
        let damaged = self.damage.of(&file);
        if is_small(&damaged) {
            load_as("clips.parquet", &damaged);
        }
    }

    fn rows(&self) -> Vec<usize> {
        self.groups.iter().map(|rows| usize::from(rows % 7)).collect()
    }

    /// Whether nothing in the table is a reason to refuse it.
    fn is_plain(&self) -> bool {
        self.labels.is_none() && self.sessions.is_none() && self.timesteps.is_none()
    }

    /// The values of the rows, each by itself; none where there are no features, or the table has a row a value.
    fn values(&self) -> Option<Vec<f32>> {
        if matches!(self.features, Features::Long { .. }) {
            return None;
        }
        let columns = self.features.columns(&self.rows());
        let value = |column: &Column, value: &Option<Vec<u8>>| {
            value.as_ref().map_or(f32::NAN, |bytes| number(KINDS[column.kind].1, bytes))
        };
        let mut values = Vec::new();
        for (group, rows) in self.rows().into_iter().enumerate() {
            for row in 0..rows {
                for column in &columns {
                    let width = column.list.unwrap_or(1);
                    let cells = &column.values[group][row * width..][..width];
                    values.extend(cells.iter().map(|cell| value(column, cell)));
                }
            }
        }
        (!values.is_empty()).then_some(values)
    }

    fn file(&self) -> Option<Vec<u8>> {
        let rows = self.rows();
        let mut columns = Vec::new();
        for (name, names) in [("label", self.labels), ("session", self.sessions)] {
            let Some(names) = names else { continue };
            let all: Vec<u8> = filled(names, rows.iter().sum());
            let mut names = all.iter().map(|name| Some(vec![b'a' + name % 4]));
            let values = rows.iter().map(|rows| names.by_ref().take(*rows).collect()).collect();
            columns.push(Column {
                name: name.to_owned(),
                kind: TEXT,
                list: None,
                has_nulls: false,
                values,
                is_ragged: false,
            });
        }
        if let Some(times) = self.timesteps {
            let mut row = 0;
            let mut time = || match times {
                Times::Constant => (2, 7_i32.to_le_bytes().to_vec()),
                Times::Counted { first, is_float } => {
                    row += 1;
                    let time = (first % (1 << 20)) + row;
                    if is_float { (0, (time as f32).to_le_bytes().to_vec()) } else { (2, time.to_le_bytes().to_vec()) }
                }
            };
            let kind = time().0;
            let values = rows.iter().map(|rows| (0..*rows).map(|_| Some(time().1)).collect()).collect();
            columns.push(Column {
                name: "timestep".to_owned(),
                kind,
                list: None,
                has_nulls: false,
                values,
                is_ragged: false,
            });
        }
        columns.extend(self.features.columns(&rows));
        if columns.is_empty() {
            return None;
        }
        self.written(&columns, &rows).ok()
    }

    fn written(&self, columns: &[Column], rows: &[usize]) -> ::parquet::errors::Result<Vec<u8>> {
        let compressions = [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::LZ4_RAW, Compression::LZ4];
        let version = if self.is_version_2 { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 };
        let mut properties = WriterProperties::builder()
            .set_writer_version(version)
            .set_dictionary_enabled(self.has_dictionary)
            .set_data_page_row_count_limit(5)
            .set_write_batch_size(2)
            .set_compression(compressions[usize::from(self.compression) % compressions.len()]);
        if self.encoding % 3 == 1 {
            properties = properties.set_encoding(Encoding::PLAIN);
        }
        let fields: Vec<TypePtr> = columns.iter().map(Column::field).collect::<Result<_, _>>()?;
        let schema = Type::group_type_builder("schema").with_fields(fields).build()?;
        let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties.build()))?;
        for group in 0..rows.len() {
            let mut written = writer.next_row_group()?;
            for column in columns {
                column.write(group, &mut written)?;
            }
            written.close()?;
        }
        writer.into_inner()
    }
}

impl Features<'_> {
    fn columns(&self, rows: &[usize]) -> Vec<Column> {
        // Values in turn, of which every so many is null.
        let cells = |kind: usize, bytes: &[u8], counts: Vec<usize>, nulls: Option<u8>| {
            let size = KINDS[kind].2;
            let all = filled(bytes, size * counts.iter().sum::<usize>());
            let every = nulls.map(|nulls| usize::from(nulls % 5) + 1);
            let cell = |(at, bytes): (usize, &[u8])| {
                let is_null = every.is_some_and(|every| at % every == 0);
                let mut bytes = bytes.to_vec();
                if KINDS[kind].1 == 'b' {
                    bytes[0] &= 1;
                }
                (!is_null).then_some(bytes)
            };
            let mut cells = all.chunks_exact(size).enumerate().map(cell);
            counts.into_iter().map(|count| cells.by_ref().take(count).collect()).collect()
        };
        match self {
            Self::Columns { count, kinds, nulls, bytes } => (0..usize::from(count % 6))
                .map(|at| {
                    let kind = usize::from(kinds.get(at).copied().unwrap_or(0)) % KINDS.len();
                    let bytes = bytes.get(at..).unwrap_or_default();
                    let values = cells(kind, bytes, rows.to_vec(), *nulls);
                    Column {
                        name: format!("v{at}"),
                        kind,
                        list: None,
                        has_nulls: nulls.is_some(),
                        values,
                        is_ragged: false,
                    }
                })
                .collect(),
            Self::Lists { length, kind, nulls, is_ragged, bytes } => {
                let (length, kind) = (usize::from(length % 6) + 1, usize::from(*kind) % KINDS.len());
                let counts = rows.iter().map(|rows| rows * length).collect();
                let mut values: Vec<Vec<Option<Vec<u8>>>> = cells(kind, bytes, counts, *nulls);
                let is_ragged = *is_ragged && rows.last().is_some_and(|rows| *rows > 0);
                if let Some(last) = values.last_mut().filter(|_| is_ragged) {
                    last.push(None);
                }
                let has_nulls = nulls.is_some() || is_ragged;
                vec![Column { name: "values".to_owned(), kind, list: Some(length), has_nulls, values, is_ragged }]
            }
            Self::Long { count, bytes } => {
                let count = usize::from(count % 4) + 1;
                let mut row = 0;
                let values = |of: &mut dyn FnMut() -> Vec<u8>| -> Vec<Vec<Option<Vec<u8>>>> {
                    rows.iter().map(|rows| (0..*rows).map(|_| Some(of())).collect()).collect()
                };
                let mut vertex = || {
                    row += 1;
                    ((row - 1) % count as i32).to_le_bytes().to_vec()
                };
                let vertices = values(&mut vertex);
                let column = |name: &str, kind: usize, values| Column {
                    name: name.to_owned(),
                    kind,
                    list: None,
                    has_nulls: false,
                    is_ragged: false,
                    values,
                };
                vec![column("vertex", 2, vertices), column("prediction", 0, cells(0, bytes, rows.to_vec(), None))]
            }
        }
    }
}
