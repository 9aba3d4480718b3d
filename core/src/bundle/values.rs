//! Which values a bundle may hold.

use super::{Shape, Storage, Tensor};
use crate::encoder::{QUAD, WeightFormat};

/// Whether every value of a tensor is one that its storage allows.
pub(super) fn are_sound(bytes: &[u8], tensor: &Tensor, format: WeightFormat) -> bool {
    match tensor.storage {
        Storage::Float => floats(bytes).all(f32::is_finite),
        Storage::Positive => floats(bytes).all(|value| value.is_finite() && value > 0.0),
        Storage::Weight => match format {
            WeightFormat::F32 => floats(bytes).all(f32::is_finite),
            WeightFormat::F16 => words(bytes).all(is_finite_half),
            WeightFormat::I16 => words(bytes).all(|word| word as i16 != i16::MIN),
            WeightFormat::I8I16 | WeightFormat::I8 => {
                bytes.iter().all(|byte| *byte as i8 != i8::MIN) && is_padded_with_zeros(bytes, tensor.shape)
            }
        },
    }
}

/// Whether the bits are those of a finite IEEE 754 half.
pub(super) fn is_finite_half(bits: u16) -> bool {
    bits & 0x7c00 != 0x7c00
}

fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes))
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes.as_chunks().0.iter().map(|bytes| u16::from_le_bytes(*bytes))
}

/// Whether the last quad of inputs holds zeros where there is no input.
fn is_padded_with_zeros(bytes: &[u8], shape: Shape) -> bool {
    let Shape::Linear { inputs, outputs } = shape else {
        return false;
    };
    let (quads, _) = bytes.as_chunks::<QUAD>();
    let used = inputs % QUAD;
    used == 0 || quads.iter().rev().take(outputs).all(|quad| quad.iter().skip(used).all(|&weight| weight == 0))
}
