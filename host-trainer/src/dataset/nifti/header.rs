//! The header of a NIfTI-1 file: 348 bytes at fixed places.
//!
//! | bytes | field | use |
//! |---|---|---|
//! | 0..4 | `sizeof_hdr` | 348 in the file's byte order |
//! | 40..56 | `dim` | number of axes, then their sizes |
//! | 70..72 | `datatype` | type of a value |
//! | 76..108 | `pixdim` | size of a voxel, and at 4 the time from volume to volume |
//! | 108..112 | `vox_offset` | where the values begin |
//! | 112..120 | `scl_slope`, `scl_inter` | a value is slope x stored + inter |
//! | 123 | `xyzt_units` | unit of the time |
//! | 252..328 | `qform_code` to `srow_z` | place of the volume in space |
//! | 344..348 | `magic` | `n+1` where the values follow in the same file |

use super::affine::{self, Affine};
use super::fields::{Fields, LENGTH, at};
use crate::dataset::numbers::{ByteOrder, NumberType, Scale};

/// Where values begin at the earliest: after the header and four bytes that announce extensions.
const EARLIEST: f32 = 352.0;

#[derive(Debug)]
pub(super) struct Header {
    pub(super) shape: [usize; 3],
    pub(super) frames: usize,
    pub(super) kind: NumberType,
    pub(super) order: ByteOrder,
    pub(super) offset: u64,
    pub(super) affine: Affine,
    pub(super) seconds: Option<f64>,
    scale: Option<Scale>,
}

impl Header {
    /// Reads the header; the error says what is wrong and what to do.
    pub(super) fn parse(bytes: &[u8; LENGTH]) -> Result<Self, String> {
        let order = match (u32::from_le_bytes(at(bytes, 0)), u32::from_be_bytes(at(bytes, 0))) {
            (348, _) => ByteOrder::Little,
            (_, 348) => ByteOrder::Big,
            (540, _) | (_, 540) => {
                return Err("it is NIfTI-2 (or CIFTI-2 inside it), which is not read; write an image as NIfTI-1 with \
                            nibabel.Nifti1Image.from_image, and the surfaces of a CIFTI file as GIFTI with \
                            wb_command -cifti-separate"
                    .to_owned());
            }
            _ => return Err("it is not a NIfTI-1 file".to_owned()),
        };
        match &bytes[344..] {
            b"n+1\0" => {}
            b"ni1\0" => {
                return Err(
                    "its values are in a second file (.hdr and .img); write one .nii file with nibabel.save".to_owned()
                );
            }
            _ => return Err("it is Analyze 7.5, not NIfTI-1; write it again with nibabel.save".to_owned()),
        }
        let fields = Fields::new(bytes, order);
        let (shape, frames) = sizes(&fields)?;
        let kind = match fields.short(70) {
            2 => NumberType::U8,
            4 => NumberType::I16,
            8 => NumberType::I32,
            16 => NumberType::F32,
            64 => NumberType::F64,
            256 => NumberType::I8,
            512 => NumberType::U16,
            768 => NumberType::U32,
            1024 => NumberType::I64,
            1280 => NumberType::U64,
            other => {
                return Err(format!("its data type {other} (complex or colour) is no recording; save it as float32"));
            }
        };
        let offset = match fields.float(108) {
            0.0 => EARLIEST,
            // Below 2^24 every whole number is a float32.
            offset if (EARLIEST..16_777_216.0).contains(&offset) => offset,
            offset => return Err(format!("its vox_offset is {offset}; it must be {EARLIEST} or more")),
        } as u64;
        let affine = affine::of(&fields, shape)?;
        Ok(Self { shape, frames, kind, order, offset, affine, seconds: seconds(&fields), scale: scale(&fields)? })
    }

    /// Values of a volume.
    pub(super) fn voxels(&self) -> usize {
        self.shape.iter().product()
    }

    /// Converts stored values, and scales them.
    pub(super) fn convert(&self, bytes: &[u8], values: &mut [f32]) {
        match self.scale {
            Some(scale) => self.kind.convert_scaled(self.order, scale, bytes, values),
            None => self.kind.convert(self.order, bytes, values),
        }
    }
}

/// The shape of a volume, and the number of volumes.
fn sizes(fields: &Fields<'_>) -> Result<([usize; 3], usize), String> {
    let axes = fields.short(40);
    let stored: Vec<i16> = (1..=axes.clamp(0, 7)).map(|axis| fields.short(40 + 2 * axis as usize)).collect();
    let named = || stored.iter().map(i16::to_string).collect::<Vec<_>>().join(" x ");
    if !(3..=7).contains(&axes) {
        return Err(format!("it has {axes} axes; a scan has three of space and one of time"));
    }
    if stored.iter().any(|&size| size < 1) {
        return Err(format!("its sizes are {}; each must be 1 or more", named()));
    }
    if stored.iter().skip(4).any(|&size| size > 1) {
        return Err(format!("its sizes are {}; a scan has three axes of space and one of time", named()));
    }
    // Three 15-bit sizes fit in a usize of 64 bits with room for the bytes of a value.
    let size = |axis: usize| stored.get(axis).map_or(1, |&size| size as usize);
    Ok(([size(0), size(1), size(2)], size(3)))
}

/// The scale of the stored values; a slope of zero means none.
fn scale(fields: &Fields<'_>) -> Result<Option<Scale>, String> {
    let [slope, intercept] = fields.floats(112);
    match (slope.is_finite(), intercept.is_finite()) {
        (false, _) => Ok(None),
        _ if slope == 0.0 || (slope, intercept) == (1.0, 0.0) => Ok(None),
        (true, true) => Ok(Some(Scale { slope, intercept })),
        (true, false) => Err(format!("its scl_inter is {intercept}; it must be a number")),
    }
}

/// The time from volume to volume in seconds, where the header has one.
fn seconds(fields: &Fields<'_>) -> Option<f64> {
    /// The bits of `xyzt_units` that give the unit of time.
    const TIME: u8 = 0x38;
    const MILLISECONDS: u8 = 16;
    const MICROSECONDS: u8 = 24;
    let unit = match fields.byte(123) & TIME {
        MILLISECONDS => 1e-3,
        MICROSECONDS => 1e-6,
        // Seconds, or nothing, which is seconds in practice.
        0 | 8 => 1.0,
        // Hertz and others.
        _ => return None,
    };
    let stored = f64::from(fields.float(76 + 4 * 4));
    // The shortest decimal of the stored float32, so that 0.8 is 0.8.
    let step = format!("{}", stored as f32).parse::<f64>().ok()? * unit;
    (step.is_finite() && step > 0.0).then_some(step)
}
