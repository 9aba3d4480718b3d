//! What the columns of a Parquet table hold.

use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::schema::types::{ColumnDescPtr, SchemaDescriptor};

/// A column of a table.
pub(in crate::dataset) struct Column {
    pub(in crate::dataset) name: String,
    pub(in crate::dataset) kind: Kind,
    pub(super) leaf: usize,
    pub(super) descriptor: ColumnDescPtr,
}

impl Column {
    /// Its place among the columns of the file, which distinguishes columns of one name.
    pub(in crate::dataset) fn place(&self) -> usize {
        self.leaf
    }
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dataset) enum Kind {
    Number,
    Text,
    /// A list of numbers in each row.
    List,
    /// Times, decimals, structures and the like.
    Other,
}

/// The columns of a schema, in order.
pub(super) fn all(schema: &SchemaDescriptor) -> Vec<Column> {
    let roots = |leaf| schema.get_column_root_idx(leaf);
    (0..schema.num_columns())
        .filter(|&leaf| leaf == 0 || roots(leaf - 1) != roots(leaf))
        .map(|leaf| {
            let descriptor = schema.column(leaf);
            let alone = leaf + 1 == schema.num_columns() || roots(leaf + 1) != roots(leaf);
            let name = schema.get_column_root(leaf).name().to_owned();
            let flat = descriptor.path().parts().len() == 1;
            let kind = match (value(&descriptor), descriptor.max_rep_level()) {
                (kind @ (Kind::Number | Kind::Text), 0) if flat => kind,
                (Kind::Number, 1) if alone => Kind::List,
                _ => Kind::Other,
            };
            Column { name, kind, leaf, descriptor }
        })
        .collect()
}

/// What a value of a leaf is.
fn value(descriptor: &ColumnDescPtr) -> Kind {
    use ConvertedType as Converted;
    let logical = descriptor.logical_type_ref();
    let plain = matches!(
        descriptor.converted_type(),
        Converted::NONE
            | Converted::UTF8
            | Converted::ENUM
            | Converted::INT_8
            | Converted::INT_16
            | Converted::INT_32
            | Converted::INT_64
            | Converted::UINT_8
            | Converted::UINT_16
            | Converted::UINT_32
            | Converted::UINT_64
    );
    let plain = match logical {
        None => plain,
        Some(LogicalType::Integer(_) | LogicalType::String | LogicalType::Enum | LogicalType::Float16) => true,
        // A column of nulls alone.
        Some(LogicalType::Unknown) => true,
        Some(_) => false,
    };
    match descriptor.physical_type() {
        _ if !plain => Kind::Other,
        Physical::BOOLEAN | Physical::INT32 | Physical::INT64 | Physical::FLOAT | Physical::DOUBLE => Kind::Number,
        Physical::FIXED_LEN_BYTE_ARRAY if logical == Some(&LogicalType::Float16) => Kind::Number,
        Physical::BYTE_ARRAY => Kind::Text,
        Physical::FIXED_LEN_BYTE_ARRAY | Physical::INT96 => Kind::Other,
    }
}

/// Whether whole numbers of a leaf are stored without a sign.
pub(super) fn is_unsigned(descriptor: &ColumnDescPtr) -> bool {
    use ConvertedType as Converted;
    match descriptor.logical_type_ref() {
        Some(LogicalType::Integer(integer)) => !integer.is_signed,
        _ => matches!(
            descriptor.converted_type(),
            Converted::UINT_8 | Converted::UINT_16 | Converted::UINT_32 | Converted::UINT_64
        ),
    }
}
