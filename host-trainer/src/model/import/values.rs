//! Elements of any type to float32.

use half::{bf16, f16};
use safetensors::tensor::{Dtype, TensorView};

/// Float32 values, and what was done to get them.
pub(super) struct Converted {
    pub values: Vec<f32>,
    /// The type in the file, unless it is float32.
    pub from: Option<&'static str>,
    /// Whether a value was rounded.
    pub rounded: bool,
}

/// The elements of a tensor as float32.
///
/// Floats of 16 bits and integers that float32 holds are converted exactly; float64 is rounded to the nearest float32.
///
/// # Errors
/// When the type is none of these, an integer is not a float32, or a float64 lies beyond float32's range.
pub(super) fn convert(view: &TensorView<'_>) -> Result<Converted, String> {
    let bytes = view.data();
    let exact = |from, values| Ok(Converted { values, from: Some(from), rounded: false });
    match view.dtype() {
        Dtype::F32 => Ok(Converted { values: each(bytes, f32::from_le_bytes), from: None, rounded: false }),
        Dtype::F16 => exact("float16", each(bytes, |b| f16::from_le_bytes(b).to_f32())),
        Dtype::BF16 => exact("bfloat16", each(bytes, |b| bf16::from_le_bytes(b).to_f32())),
        Dtype::F64 => double(&each(bytes, f64::from_le_bytes)),
        Dtype::U8 => exact("uint8", each(bytes, |[b]| f32::from(b))),
        Dtype::I8 => exact("int8", each(bytes, |b| f32::from(i8::from_le_bytes(b)))),
        Dtype::U16 => exact("uint16", each(bytes, |b| f32::from(u16::from_le_bytes(b)))),
        Dtype::I16 => exact("int16", each(bytes, |b| f32::from(i16::from_le_bytes(b)))),
        Dtype::U32 => exact("uint32", whole(&each(bytes, |b| i128::from(u32::from_le_bytes(b))))?),
        Dtype::I32 => exact("int32", whole(&each(bytes, |b| i128::from(i32::from_le_bytes(b))))?),
        Dtype::U64 => exact("uint64", whole(&each(bytes, |b| i128::from(u64::from_le_bytes(b))))?),
        Dtype::I64 => exact("int64", whole(&each(bytes, |b| i128::from(i64::from_le_bytes(b))))?),
        other => Err(format!("its type is {other}, which cannot be converted to float32")),
    }
}

fn double(values: &[f64]) -> Result<Converted, String> {
    let narrow: Vec<f32> = values.iter().map(|&value| value as f32).collect();
    let overflow = |(wide, narrow): (&f64, &f32)| wide.is_finite() && !narrow.is_finite();
    if let Some(at) = values.iter().zip(&narrow).position(overflow) {
        return Err(format!("element {at} is {:e}, beyond the range of float32", values[at]));
    }
    let rounded = values.iter().zip(&narrow).any(|(wide, narrow)| f64::from(*narrow) != *wide && !wide.is_nan());
    Ok(Converted { values: narrow, from: Some("float64"), rounded })
}

/// Integers as floats, each of which must be exact.
fn whole(values: &[i128]) -> Result<Vec<f32>, String> {
    let exact = |&value: &i128| {
        let float = value as f32;
        if float as i128 == value { Ok(float) } else { Err(format!("{value} is not a float32")) }
    };
    values.iter().map(exact).collect()
}

fn each<const N: usize, T>(bytes: &[u8], element: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|bytes| element(*bytes)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn converted(dtype: Dtype, bytes: &[u8]) -> Result<(Vec<f32>, bool), String> {
        let count = bytes.len() * 8 / dtype.bitsize();
        let view = TensorView::new(dtype, vec![count], bytes).unwrap();
        convert(&view).map(|converted| (converted.values, converted.rounded))
    }

    #[test]
    fn sixteen_bit_floats_and_small_integers_are_exact() {
        let sound: [(Dtype, &[u8], &[f32]); 9] = [
            (Dtype::F32, &1.5f32.to_le_bytes(), &[1.5]),
            (Dtype::F16, &[0x00, 0x3e, 0x01, 0x00], &[1.5, 5.960_464_5e-8]),
            (Dtype::BF16, &[0xc0, 0x3f, 0x01, 0x00], &[1.5, f32::from_bits(0x0001_0000)]),
            (Dtype::U8, &[255], &[255.0]),
            (Dtype::I8, &[255], &[-1.0]),
            (Dtype::I16, &(-300i16).to_le_bytes(), &[-300.0]),
            (Dtype::I32, &(1i32 << 24).to_le_bytes(), &[16_777_216.0]),
            (Dtype::U64, &(1u64 << 63).to_le_bytes(), &[9_223_372_036_854_775_808.0]),
            (Dtype::I64, &(-7i64).to_le_bytes(), &[-7.0]),
        ];
        for (dtype, bytes, values) in sound {
            assert_eq!(converted(dtype, bytes).unwrap(), (values.to_vec(), false), "{dtype}");
        }
    }

    #[test]
    fn float64_is_rounded_and_says_so_only_when_it_was() {
        assert_eq!(converted(Dtype::F64, &0.5f64.to_le_bytes()).unwrap(), (vec![0.5], false));
        assert_eq!(converted(Dtype::F64, &0.1f64.to_le_bytes()).unwrap(), (vec![0.1], true));
        let infinite = converted(Dtype::F64, &f64::INFINITY.to_le_bytes()).unwrap();
        assert_eq!(infinite, (vec![f32::INFINITY], false));
    }

    #[test]
    fn what_float32_cannot_hold_is_refused() {
        let refused: [(Dtype, &[u8], &str); 5] = [
            (Dtype::F64, &1e300f64.to_le_bytes(), "element 0 is 1e300, beyond the range"),
            (Dtype::I32, &((1i32 << 24) + 1).to_le_bytes(), "16777217 is not a float32"),
            (Dtype::I64, &i64::MAX.to_le_bytes(), "9223372036854775807 is not a float32"),
            (Dtype::C64, &[0; 8], "its type is C64"),
            (Dtype::F8_E4M3, &[0; 2], "its type is F8_E4M3"),
        ];
        for (dtype, bytes, says) in refused {
            let error = converted(dtype, bytes).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
