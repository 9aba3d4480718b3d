//! Writes a bundle from tensors in PyTorch's names and shapes.

use std::borrow::Cow;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use core::error::Error;
use core::fmt;

use sha2::{Digest, Sha256};

use super::layout::{ALIGNMENT, Shape, count, tensors, tensors_end};
use super::{Bundle, MAGIC, VERSION, WEIGHTS_F32, checksum_of, tag};
use crate::encoder::{Dims, DimsError};

/// Why no bundle was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// A size is outside its limits.
    Dims(DimsError),
    /// A tensor is missing.
    Missing {
        /// Its name.
        tensor: String,
    },
    /// A tensor has another number of values than its shape.
    Length {
        /// Its name.
        tensor: String,
        /// Values given.
        given: usize,
        /// Values of its shape.
        expected: usize,
    },
    /// A value is not finite, or an inverse deviation is not above zero.
    Value {
        /// Tensor that holds it.
        tensor: String,
        /// Its position.
        index: usize,
    },
}

/// Writes the bundle of a model, tagged when there is a provisioning key.
///
/// `tensor` gives each tensor by its PyTorch state_dict name, row-major in PyTorch's shape; the standardiser's are
/// `standardiser.mean` and `standardiser.inv_std`. The same tensors give the same bytes.
///
/// # Errors
/// A size is outside its limits, or a tensor is missing, of another length or holds a value no bundle may hold.
pub fn write<'t>(
    dims: &Dims,
    mut tensor: impl FnMut(&str) -> Option<Cow<'t, [f32]>>,
    provisioning_key: Option<&[u8; 32]>,
) -> Result<Vec<u8>, WriteError> {
    dims.validate().map_err(WriteError::Dims)?;
    let mut bytes = header(dims);
    for place in tensors(*dims) {
        let name = place.name.to_string();
        let Some(values) = tensor(&name) else {
            return Err(WriteError::Missing { tensor: name });
        };
        check(&name, &values, place.shape)?;
        match place.shape {
            Shape::Linear { inputs, outputs } => {
                extend(&mut bytes, &transpose(&values, outputs, inputs));
            }
            Shape::Vector(_) | Shape::Positions { .. } => extend(&mut bytes, &values),
        }
        pad(&mut bytes);
    }
    let digest: [u8; 32] = Sha256::digest(&bytes).into();
    let tag = provisioning_key.and_then(|key| tag(key, &digest)).unwrap_or_default();
    bytes.extend(digest);
    bytes.extend(tag);
    bytes.extend(checksum_of(&digest, &tag));
    Ok(bytes)
}

/// Every tensor [`write()`] asks for, in its order, with its PyTorch shape.
///
/// # Errors
/// A size is outside its limits.
pub fn tensor_names_and_shapes(dims: &Dims) -> Result<Vec<(String, Vec<usize>)>, DimsError> {
    dims.validate()?;
    let named = tensors(*dims).map(|tensor| {
        let shape = match tensor.shape {
            Shape::Vector(values) => vec![values],
            Shape::Linear { inputs, outputs } => vec![outputs, inputs],
            Shape::Positions { rows, columns } => vec![1, rows, columns],
        };
        (tensor.name.to_string(), shape)
    });
    Ok(named.collect())
}

impl Bundle<'_> {
    /// The values of a tensor row-major in PyTorch's shape, as [`write()`] took them.
    pub fn state_tensor(&self, name: &str) -> Option<Vec<f32>> {
        let tensor = self.tensors().find(|tensor| tensor.name == *name)?;
        let values = self.tensor(name)?;
        Some(match tensor.shape {
            Shape::Linear { inputs, outputs } => transpose(values, inputs, outputs),
            Shape::Vector(_) | Shape::Positions { .. } => values.to_vec(),
        })
    }
}

fn header(dims: &Dims) -> Vec<u8> {
    let length = tensors_end(dims) + super::TRAILER;
    let mut bytes = Vec::with_capacity(length as usize);
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(WEIGHTS_F32.to_le_bytes());
    bytes.extend((length as u32).to_le_bytes());
    let sizes = [
        dims.features,
        dims.d_model,
        dims.heads,
        dims.layers,
        dims.feed_forward,
        dims.latent,
        dims.positions,
        count(dims),
    ];
    for size in sizes {
        bytes.extend((size as u32).to_le_bytes());
    }
    pad(&mut bytes);
    for tensor in tensors(*dims) {
        bytes.extend((tensor.offset as u32).to_le_bytes());
        bytes.extend((tensor.length as u32).to_le_bytes());
    }
    pad(&mut bytes);
    bytes
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(ALIGNMENT as usize), 0);
}

fn check(name: &str, values: &[f32], shape: Shape) -> Result<(), WriteError> {
    let tensor = || name.to_string();
    if values.len() != shape.values() {
        return Err(WriteError::Length { tensor: tensor(), given: values.len(), expected: shape.values() });
    }
    let positive = name == "standardiser.inv_std";
    let unsound = |value: &f32| !value.is_finite() || (positive && *value <= 0.0);
    match values.iter().position(unsound) {
        Some(index) => Err(WriteError::Value { tensor: tensor(), index }),
        None => Ok(()),
    }
}

fn extend(bytes: &mut Vec<u8>, values: &[f32]) {
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

/// The values of a row-major (rows, columns) matrix, column by column.
fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    // As many neighbouring columns at once as a line of the cache holds values.
    const TOGETHER: usize = 16;
    let mut transposed = vec![0.0; values.len()];
    for (block, transposed) in transposed.chunks_mut(TOGETHER * rows.max(1)).enumerate() {
        for (row, values) in values.chunks_exact(columns.max(1)).enumerate() {
            let slots = transposed.iter_mut().skip(row).step_by(rows.max(1));
            for (slot, value) in slots.zip(values.iter().skip(block * TOGETHER)) {
                *slot = *value;
            }
        }
    }
    transposed
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dims(error) => error.fmt(f),
            Self::Missing { tensor } => write!(f, "tensor {tensor} is missing"),
            Self::Length { tensor, given, expected } => {
                write!(f, "tensor {tensor} has {given} values, its shape has {expected}")
            }
            Self::Value { tensor, index } => {
                write!(f, "tensor {tensor} holds a value that is not finite or not allowed at {index}")
            }
        }
    }
}

impl Error for WriteError {}
