//! How the weights of products are stored, and which numbers enter the products.

use crate::kernel::{LANES, QUAD};

/// How the weights of products are stored; part of a model's identity.
///
/// Biases, norms and the position table are float32 in every format; so is the standardiser, but bfloat16 beside int8
/// weights. Integer weights have a scale for every output, which turns them into real ones.
///
/// | format | weights | inputs of a product | sums |
/// |---|---|---|---|
/// | `f32` | float32 | float32 | float32, canonical order |
/// | `f16` | IEEE 754 half, exact in float32 | float32 | float32, canonical order |
/// | `i16` | int16 and a scale an output | float32 | float32, canonical order |
/// | `i8i16` | int8 and a scale an output | int16 codes | integers: exact in any order |
/// | `i8` | int8 and a scale an output | int8 codes | integers: exact in any order |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightFormat {
    /// float32.
    F32,
    /// IEEE 754 half precision.
    F16,
    /// int16, a scale an output.
    I16,
    /// int8, a scale an output; inputs in int16.
    I8I16,
    /// int8, a scale an output; inputs in int8.
    I8,
}

impl WeightFormat {
    /// Every format, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::F32, Self::F16, Self::I16, Self::I8I16, Self::I8];

    /// The number that stands for it in a bundle.
    pub const fn number(self) -> u16 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::I16 => 2,
            Self::I8I16 => 3,
            Self::I8 => 4,
        }
    }

    /// The format of a number; none for one that this build has no arithmetic for.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied().filter(|format| format.is_built())
    }

    /// Whether this build has the format's arithmetic: a token leaves out what its models do not use.
    const fn is_built(self) -> bool {
        match self {
            Self::F32 => cfg!(feature = "weights-f32"),
            Self::F16 | Self::I16 => cfg!(feature = "weights-16bit"),
            Self::I8I16 | Self::I8 => cfg!(feature = "weights-int8"),
        }
    }

    /// Its name: `f32`, `f16`, `i16`, `i8i16` or `i8`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::I16 => "i16",
            Self::I8I16 => "i8i16",
            Self::I8 => "i8",
        }
    }

    /// Whether every output has a scale.
    pub const fn is_scaled(self) -> bool {
        matches!(self, Self::I16 | Self::I8I16 | Self::I8)
    }

    /// The largest magnitude of a code that enters a product; `None` where float32 enters.
    pub const fn largest_code(self) -> Option<i16> {
        match self {
            Self::F32 | Self::F16 | Self::I16 => None,
            Self::I8I16 => Some(i16::MAX),
            Self::I8 => Some(127),
        }
    }

    /// Bytes that a tensor of so many values takes; `inputs` are 1 but for weights.
    pub(crate) const fn bytes(self, storage: Storage, inputs: usize, outputs: usize) -> usize {
        match (storage, self) {
            (Storage::Weight, Self::F16 | Self::I16) => 2 * inputs * outputs,
            (Storage::Weight, Self::I8I16 | Self::I8) => inputs.next_multiple_of(QUAD) * outputs,
            (Storage::Parcel, _) => inputs,
            (Storage::Symmetric, _) => 4 * inputs * outputs.next_multiple_of(LANES),
            _ if self.is_bfloat(storage) => 2 * inputs * outputs,
            _ => 4 * inputs * outputs,
        }
    }

    /// Whether values of this storage are bfloat16.
    pub(crate) const fn is_bfloat(self, storage: Storage) -> bool {
        matches!((storage, self), (Storage::Mean | Storage::InvStd, Self::I8I16 | Self::I8))
    }
}

/// How a tensor's values are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// float32.
    Float,
    /// A scale: float32 above zero, and finite times the largest integer of 16 bits.
    Positive,
    /// A mean: bfloat16 beside int8 weights, float32 else.
    Mean,
    /// An inverse standard deviation, above zero: as [`Storage::Mean`].
    InvStd,
    /// As the model's format stores the weights of products.
    Weight,
    /// A feature's region, one byte: from 1, or 0 for none. Every region has a feature.
    Parcel,
    /// A symmetric matrix in float32, its rows padded with zeros to a multiple of 16 values.
    Symmetric,
}
