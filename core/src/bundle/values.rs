//! Which values a bundle may hold.

use crate::encoder::format::Storage;
use crate::encoder::{Piece, WeightFormat};
#[cfg(feature = "connectome")]
use crate::kernel::LANES;
#[cfg(feature = "weights-int8")]
use crate::kernel::{QUAD, bfloat_to_float};

/// Whether a tensor's storage allows each of its values; never in a format that this build does not read.
pub(super) fn are_sound(tensor: &Piece<'_>, format: WeightFormat) -> bool {
    let bytes = tensor.bytes;
    match (tensor.storage, format) {
        #[cfg(feature = "connectome")]
        (Storage::Parcel, _) => are_parcels(bytes, tensor.outputs),
        #[cfg(feature = "connectome")]
        (Storage::Symmetric, _) => is_symmetric(bytes, tensor.inputs),
        #[cfg(not(feature = "connectome"))]
        (Storage::Parcel | Storage::Symmetric, _) => false,
        #[cfg(feature = "weights-int8")]
        _ if format.is_bfloat(tensor.storage) => {
            words(bytes).map(bfloat_to_float).all(|value| is_allowed(value, tensor.storage))
        }
        (Storage::Float | Storage::Positive | Storage::Mean | Storage::InvStd, _)
        | (Storage::Weight, WeightFormat::F32) => floats(bytes).all(|value| is_allowed(value, tensor.storage)),
        #[cfg(feature = "weights-16bit")]
        (Storage::Weight, WeightFormat::F16) => words(bytes).all(is_finite_half),
        #[cfg(feature = "weights-16bit")]
        (Storage::Weight, WeightFormat::I16) => words(bytes).all(|word| word as i16 != i16::MIN),
        #[cfg(feature = "weights-int8")]
        (Storage::Weight, WeightFormat::I8I16 | WeightFormat::I8) => {
            bytes.iter().all(|byte| *byte as i8 != i8::MIN) && is_padded_with_zeros(tensor)
        }
        #[cfg(not(all(feature = "weights-16bit", feature = "weights-int8")))]
        _ => false,
    }
}

/// Whether a tensor of this storage may hold the value; a scale makes a finite number of every integer.
pub(super) fn is_allowed(value: f32, storage: Storage) -> bool {
    match storage {
        Storage::Positive => value > 0.0 && (value * f32::from(i16::MAX)).is_finite(),
        Storage::InvStd => value > 0.0 && value.is_finite(),
        _ => value.is_finite(),
    }
}

/// Whether these bytes are padding.
pub(super) fn are_zeros(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

/// Whether the bits are those of a finite IEEE 754 half.
#[cfg(feature = "weights-16bit")]
pub(super) fn is_finite_half(bits: u16) -> bool {
    bits & 0x7c00 != 0x7c00
}

/// Whether each of these is a region, from 1, or 0 for none, and each region has one.
#[cfg(feature = "connectome")]
pub(super) fn are_parcels(parcels: &[u8], regions: usize) -> bool {
    parcels.iter().all(|parcel| usize::from(*parcel) <= regions)
        && (1..=regions).all(|region| parcels.iter().any(|parcel| usize::from(*parcel) == region))
}

/// Whether these are finite floats, symmetric to the bit, in rows padded with zeros.
#[cfg(feature = "connectome")]
fn is_symmetric(bytes: &[u8], rows: usize) -> bool {
    let (values, stride) = (bytes.as_chunks::<4>().0, rows.next_multiple_of(LANES));
    values.chunks_exact(stride).enumerate().all(|(i, row)| {
        let (row, padding) = row.split_at(rows);
        let mirrored = values.iter().skip(i).step_by(stride);
        row.iter().zip(mirrored).all(|(value, mirrored)| value == mirrored && f32::from_le_bytes(*value).is_finite())
            && are_zeros(padding.as_flattened())
    })
}

fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes))
}

#[cfg(any(feature = "weights-16bit", feature = "weights-int8"))]
fn words(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes.as_chunks().0.iter().map(|bytes| u16::from_le_bytes(*bytes))
}

/// Whether the last quad of inputs holds zeros where there is no input.
#[cfg(feature = "weights-int8")]
fn is_padded_with_zeros(tensor: &Piece<'_>) -> bool {
    let unused = tensor.inputs.next_multiple_of(QUAD) - tensor.inputs;
    let last = tensor.bytes.as_chunks::<QUAD>().0.iter().rev().take(tensor.outputs);
    last.flat_map(|quad| quad.iter().rev().take(unused)).all(|weight| *weight == 0)
}

#[cfg(all(test, feature = "connectome"))]
mod tests {
    use super::*;

    #[test]
    fn parcels_are_regions_or_none_and_leave_no_region_empty() {
        assert!(are_parcels(&[1, 0, 3, 2, 2], 3));
        assert!(!are_parcels(&[1, 0, 3, 2, 4], 3));
        assert!(!are_parcels(&[1, 0, 3, 3, 3], 3));
    }
}
