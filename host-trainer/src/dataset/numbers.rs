//! Numbers as binary files store them, converted to float32.

/// The type of one stored number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberType {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F32,
    F64,
}

/// The order of the bytes of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

/// A linear map of stored numbers to values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    pub(super) slope: f64,
    pub(super) intercept: f64,
}

impl NumberType {
    /// Bytes of one number.
    pub(super) fn size(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    /// Converts all numbers of `bytes` to `values`, as many as both hold.
    pub(super) fn convert(self, order: ByteOrder, bytes: &[u8], values: &mut [f32]) {
        match self {
            // Not by way of float64, so that the most frequent type is a copy.
            Self::F32 => each(order, bytes, values, f32::from_le_bytes, f32::from_be_bytes),
            _ => self.convert_scaled(order, Scale { slope: 1.0, intercept: 0.0 }, bytes, values),
        }
    }

    /// As [`NumberType::convert`], scaled in float64.
    pub(super) fn convert_scaled(self, order: ByteOrder, scale: Scale, bytes: &[u8], values: &mut [f32]) {
        /// One type's conversion in both byte orders.
        macro_rules! scaled {
            ($number:ty) => {{
                let to_value = |number: $number| (scale.slope * number as f64 + scale.intercept) as f32;
                let little = |bytes| to_value(<$number>::from_le_bytes(bytes));
                let big = |bytes| to_value(<$number>::from_be_bytes(bytes));
                each(order, bytes, values, little, big);
            }};
        }
        match self {
            Self::I8 => scaled!(i8),
            Self::U8 => scaled!(u8),
            Self::I16 => scaled!(i16),
            Self::U16 => scaled!(u16),
            Self::I32 => scaled!(i32),
            Self::U32 => scaled!(u32),
            Self::I64 => scaled!(i64),
            Self::U64 => scaled!(u64),
            Self::F32 => scaled!(f32),
            Self::F64 => scaled!(f64),
        }
    }
}

fn each<const SIZE: usize>(
    order: ByteOrder,
    bytes: &[u8],
    values: &mut [f32],
    little: impl Fn([u8; SIZE]) -> f32,
    big: impl Fn([u8; SIZE]) -> f32,
) {
    let pairs = values.iter_mut().zip(bytes.as_chunks().0);
    match order {
        ByteOrder::Little => pairs.for_each(|(value, bytes)| *value = little(*bytes)),
        ByteOrder::Big => pairs.for_each(|(value, bytes)| *value = big(*bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(kind: NumberType, order: ByteOrder, bytes: &[u8]) -> f32 {
        let mut values = [0.0];
        kind.convert(order, bytes, &mut values);
        values[0]
    }

    #[test]
    fn every_type_is_converted_in_both_byte_orders() {
        use NumberType::*;
        let cases: [(NumberType, &[u8], f32); 10] = [
            (I8, &[0xfe], -2.0),
            (U8, &[0xfe], 254.0),
            (I16, &[0xff, 0xfe], -2.0),
            (U16, &[0xff, 0xfe], 65534.0),
            (I32, &[0xff, 0xff, 0xff, 0xfe], -2.0),
            (U32, &[0, 0, 1, 2], 258.0),
            (I64, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe], -2.0),
            (U64, &[0, 0, 0, 0, 0, 0, 1, 2], 258.0),
            (F32, &[0x3f, 0xc0, 0, 0], 1.5),
            (F64, &[0xbf, 0xf8, 0, 0, 0, 0, 0, 0], -1.5),
        ];
        for (kind, big, value) in cases {
            assert_eq!(kind.size(), big.len(), "{kind:?}");
            let little: Vec<u8> = big.iter().rev().copied().collect();
            assert_eq!(converted(kind, ByteOrder::Big, big), value, "{kind:?}");
            assert_eq!(converted(kind, ByteOrder::Little, &little), value, "{kind:?}");
        }
    }

    #[test]
    fn a_scale_is_applied_in_float64() {
        let mut values = [0.0; 2];
        let scale = Scale { slope: 0.5, intercept: -10.0 };
        NumberType::I16.convert_scaled(ByteOrder::Little, scale, &[4, 0, 0xff, 0xff], &mut values);
        assert_eq!(values, [-8.0, -10.5]);
    }
}
