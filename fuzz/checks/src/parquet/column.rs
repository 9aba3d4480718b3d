//! A column of a table, and how it is written.

use std::sync::Arc;

use ::parquet::basic::{LogicalType, Repetition, Type as Physical};
use ::parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type, Int64Type};
use ::parquet::file::writer::SerializedRowGroupWriter;
use ::parquet::schema::types::{Type, TypePtr};

/// Types of columns.
pub(super) const KINDS: [(Physical, char, usize); 5] = [
    (Physical::FLOAT, 'f', 4),
    (Physical::DOUBLE, 'f', 8),
    (Physical::INT32, 'i', 4),
    (Physical::INT64, 'i', 8),
    (Physical::BOOLEAN, 'b', 1),
];

/// A column: name, type, whether its values are lists, and values with nulls.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: usize,
    /// The length of the lists.
    pub(super) list: Option<usize>,
    pub(super) has_nulls: bool,
    /// The bytes of each value, group by group.
    pub(super) values: Vec<Vec<Option<Vec<u8>>>>,
    /// Whether the last list has a value more than the others.
    pub(super) is_ragged: bool,
}

/// The kind of a column of text.
pub(super) const TEXT: usize = KINDS.len();

impl Column {
    pub(super) fn field(&self) -> ::parquet::errors::Result<TypePtr> {
        let (physical, logical) = match KINDS.get(self.kind) {
            Some((physical, ..)) => (*physical, None),
            None => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        };
        let presence = if self.has_nulls { Repetition::OPTIONAL } else { Repetition::REQUIRED };
        let name = if self.list.is_some() { "element" } else { &self.name };
        let flat = Type::primitive_type_builder(name, physical).with_repetition(presence);
        let flat = Arc::new(flat.with_logical_type(logical).build()?);
        if self.list.is_none() {
            return Ok(flat);
        }
        let list = Type::group_type_builder("list").with_repetition(Repetition::REPEATED).with_fields(vec![flat]);
        let lists = Type::group_type_builder(&self.name).with_repetition(Repetition::REQUIRED);
        let lists = lists.with_logical_type(Some(LogicalType::List)).with_fields(vec![Arc::new(list.build()?)]);
        lists.build().map(Arc::new)
    }

    pub(super) fn write(
        &self,
        group: usize,
        to: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    ) -> ::parquet::errors::Result<()> {
        let values = &self.values[group];
        let present: Vec<&Vec<u8>> = values.iter().flatten().collect();
        let fixed = |bytes: &&Vec<u8>| -> [u8; 8] {
            let mut fixed = [0; 8];
            fixed[..bytes.len()].copy_from_slice(bytes);
            fixed
        };
        let low = |bytes: &&Vec<u8>| u32::from_le_bytes(fixed(bytes)[..4].try_into().expect("four bytes"));
        let all = |bytes: &&Vec<u8>| u64::from_le_bytes(fixed(bytes));
        match KINDS.get(self.kind).map(|(physical, ..)| *physical) {
            Some(Physical::FLOAT) => self.batch::<FloatType>(to, group, present.iter().map(|b| f32::from_bits(low(b)))),
            Some(Physical::DOUBLE) => {
                self.batch::<DoubleType>(to, group, present.iter().map(|b| f64::from_bits(all(b))))
            }
            Some(Physical::INT32) => self.batch::<Int32Type>(to, group, present.iter().map(|b| low(b) as i32)),
            Some(Physical::INT64) => self.batch::<Int64Type>(to, group, present.iter().map(|b| all(b) as i64)),
            Some(_) => self.batch::<BoolType>(to, group, present.iter().map(|b| b[0] != 0)),
            None => self.batch::<ByteArrayType>(to, group, present.iter().map(|b| ByteArray::from(b.as_slice()))),
        }
    }

    /// Whether a list of this group has another length than the others of the table.
    fn is_ragged_in(&self, group: usize) -> bool {
        self.is_ragged && group + 1 == self.values.len()
    }

    /// Writes values with the levels that say which of them are null, and where lists begin.
    fn batch<T: DataType>(
        &self,
        to: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
        group: usize,
        values: impl Iterator<Item = T::T>,
    ) -> ::parquet::errors::Result<()> {
        let cells = &self.values[group];
        let deepest = i16::from(self.list.is_some()) + i16::from(self.has_nulls);
        let levels: Vec<i16> = cells.iter().map(|cell| deepest - i16::from(cell.is_none())).collect();
        let mut starts =
            self.list.map(|length| -> Vec<i16> { (0..cells.len()).map(|at| i16::from(at % length != 0)).collect() });
        if let Some(last) = starts.as_mut().and_then(|starts| starts.last_mut()).filter(|_| self.is_ragged_in(group)) {
            *last = 1;
        }
        let Some(mut column) = to.next_column()? else { return Ok(()) };
        let values: Vec<T::T> = values.collect();
        let levels = (deepest > 0).then_some(levels.as_slice());
        column.typed::<T>().write_batch(&values, levels, starts.as_deref())?;
        column.close()
    }
}
