//! Writes a bundle from tensors in PyTorch's names and shapes.

use std::borrow::Cow;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use core::error::Error;
use core::fmt;

use half::bf16;

use super::header::{Description, Header, MAGIC, VERSION};
use super::layout::{ALIGNMENT, HEADER, Shape, TRAILER, Tensor, count, header_length, tensors, tensors_end};
use super::values::is_allowed;
use super::{Bundle, BundleError, ProvisioningKey, read_tensors, sha256, tag, weights};
use crate::encoder::format::Storage;
use crate::encoder::{Dims, DimsError, WeightFormat};
use crate::kernel::{LANES, bfloat_to_float};

/// Why no bundle was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// A size is outside its limits.
    Dims(DimsError),
    /// The description does not fit the sizes, or names a recipe that a bundle cannot hold.
    Description(BundleError),
    /// A connectome has no description, or weights that are not float32: no reader takes either.
    Connectome,
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
    /// A value is not finite, or a scale or inverse deviation is not above zero.
    Value {
        /// Tensor that holds it.
        tensor: String,
        /// Its position.
        index: usize,
    },
    /// A region of a connectome has no feature.
    EmptyRegion {
        /// The region, from 1.
        region: usize,
    },
    /// A weight is outside the range of its format.
    Range {
        /// Tensor that holds it.
        tensor: String,
        /// Its position.
        index: usize,
        /// The format.
        format: WeightFormat,
    },
}

/// Writes the bundle of a model, tagged when there is a provisioning key.
///
/// `tensor` gives each tensor by its PyTorch state_dict name, row-major in PyTorch's shape; the standardiser's are
/// `standardiser.mean` and `standardiser.inv_std`. Formats with int8 weights round these to bfloat16 and take one value
/// more, `proj.input_scale`: the step size of a standardised feature's codes. An output's scale is its largest weight over
/// the largest integer. Without a description the bundle is of version 1.
/// The same tensors and description give the same bytes.
///
/// # Errors
/// A size is outside its limits, the description does not fit them, a connectome has none or another format than float32, or a tensor is missing, of another length or holds a value that a bundle may not hold.
pub fn write<'t>(
    dims: &Dims,
    format: WeightFormat,
    description: Option<&Description<'_>>,
    mut tensor: impl FnMut(&str) -> Option<Cow<'t, [f32]>>,
    provisioning_key: Option<&ProvisioningKey>,
) -> Result<Vec<u8>, WriteError> {
    dims.validate().map_err(WriteError::Dims)?;
    if dims.is_connectome() && (description.is_none() || format != WeightFormat::F32) {
        return Err(WriteError::Connectome);
    }
    let mut bytes = header(dims, format, description).map_err(WriteError::Description)?;
    let mut scales = Vec::new();
    for place in tensors(*dims, format, header_length(description.is_some())) {
        let name = place.name.to_string();
        // A product's scales follow its weights, and are made with them.
        if place.storage == Storage::Positive && !scales.is_empty() {
            floats(&mut bytes, &scales);
            scales.clear();
        } else {
            let values = tensor(&name).ok_or_else(|| WriteError::Missing { tensor: name.clone() })?;
            check(&name, &values, &place, dims)?;
            match place.shape {
                Shape::Linear { inputs, outputs } => {
                    scales = weights::store(&mut bytes, &values, inputs, outputs, format)
                        .map_err(|index| WriteError::Range { tensor: name, index, format })?;
                }
                Shape::Vector(_) if place.storage == Storage::Parcel => {
                    bytes.extend(values.iter().map(|&parcel| parcel as u8));
                }
                Shape::Symmetric { rows } => {
                    for row in values.chunks_exact(rows) {
                        floats(&mut bytes, row);
                        bytes.resize(bytes.len() + 4 * (rows.next_multiple_of(LANES) - rows), 0);
                    }
                }
                Shape::Vector(_) if format.is_bfloat(place.storage) => {
                    bfloats(&mut bytes, &values, place.storage).map_err(|index| WriteError::Range {
                        tensor: name,
                        index,
                        format,
                    })?;
                }
                Shape::Vector(_) | Shape::Positions { .. } => floats(&mut bytes, &values),
            }
        }
        pad(&mut bytes);
    }
    Ok(seal(bytes, provisioning_key))
}

/// The same bundle with the tag of a provisioning key, or without one; the digest stays.
pub fn retag(bundle: &Bundle<'_>, provisioning_key: Option<&ProvisioningKey>) -> Vec<u8> {
    seal(bundle.content.to_vec(), provisioning_key)
}

/// Every tensor of a float32 model, in the bundle's order, with its PyTorch shape.
///
/// # Errors
/// A size is outside its limits.
pub fn tensor_names_and_shapes(dims: &Dims) -> Result<Vec<(String, Vec<usize>)>, DimsError> {
    dims.validate()?;
    let named = tensors(*dims, WeightFormat::F32, HEADER).map(|tensor| {
        let shape = match tensor.shape {
            Shape::Vector(values) => vec![values],
            Shape::Linear { inputs, outputs } => vec![outputs, inputs],
            Shape::Symmetric { rows } => vec![rows, rows],
            Shape::Positions { rows, columns } => vec![1, rows, columns],
        };
        (tensor.name.to_string(), shape)
    });
    Ok(named.collect())
}

impl<'a> Bundle<'a> {
    /// Opens a buffer that [`Bundle::open`] has accepted or [`write()`] has made before: nothing is hashed.
    ///
    /// The buffer must be the same, as in a type that keeps it from being changed: digest and checksum are not compared.
    ///
    /// # Errors
    /// As [`Bundle::open`], but for digest and checksum.
    pub fn reopen(bytes: &'a [u8]) -> Result<Self, BundleError> {
        let header = Header::read(bytes)?;
        let (content, trailer) = bytes.split_last_chunk::<{ TRAILER as usize }>().ok_or(BundleError::Table)?;
        let ([digest, tag, _], []) = trailer.as_chunks::<32>() else {
            return Err(BundleError::Table);
        };
        Ok(Self { content, digest, tag, block: header.block, encoder: read_tensors(content, &header)? })
    }
}

impl Bundle<'_> {
    /// The values of a tensor row-major in PyTorch's shape: as given to [`write()`], up to the format's rounding.
    pub fn state_tensor(&self, name: &str) -> Option<Vec<f32>> {
        let tensor = self.tensors().find(|tensor| tensor.name == *name)?;
        match tensor.shape {
            Shape::Linear { inputs, outputs } => {
                let scale = self.tensor(&std::format!("{name}_scale"));
                weights::load(self.bytes_of(&tensor)?, scale, inputs, outputs, self.format())
            }
            Shape::Symmetric { rows } => {
                let values: &[f32] = bytemuck::try_cast_slice(self.bytes_of(&tensor)?).ok()?;
                let rows = values.chunks_exact(rows.next_multiple_of(LANES)).map(|row| &row[..rows]);
                Some(rows.collect::<Vec<_>>().concat())
            }
            Shape::Vector(_) if tensor.storage == Storage::Parcel => {
                Some(self.bytes_of(&tensor)?.iter().copied().map(f32::from).collect())
            }
            Shape::Vector(_) if self.format().is_bfloat(tensor.storage) => {
                let bits = self.bytes_of(&tensor)?.as_chunks().0.iter().map(|bytes| u16::from_le_bytes(*bytes));
                Some(bits.map(bfloat_to_float).collect())
            }
            Shape::Vector(_) | Shape::Positions { .. } => self.tensor(name).map(<[f32]>::to_vec),
        }
    }
}

fn header(dims: &Dims, format: WeightFormat, description: Option<&Description<'_>>) -> Result<Vec<u8>, BundleError> {
    let header = header_length(description.is_some());
    let length = tensors_end(dims, format, header) + TRAILER;
    let mut bytes = Vec::with_capacity(length as usize);
    bytes.extend(MAGIC);
    bytes.extend(description.map_or(1, |_| VERSION).to_le_bytes());
    bytes.extend(format.number().to_le_bytes());
    bytes.extend((length as u32).to_le_bytes());
    let sizes = [
        dims.features,
        dims.d_model,
        dims.heads,
        dims.layers,
        dims.feed_forward,
        dims.latent,
        dims.positions,
        count(dims, format),
    ];
    for size in sizes {
        bytes.extend((size as u32).to_le_bytes());
    }
    pad(&mut bytes);
    description.map_or(Ok(()), |description| description.write(&mut bytes, dims))?;
    for tensor in tensors(*dims, format, header) {
        bytes.extend((tensor.offset as u32).to_le_bytes());
        bytes.extend((tensor.length as u32).to_le_bytes());
    }
    pad(&mut bytes);
    Ok(bytes)
}

/// Puts digest, tag and checksum behind a bundle's content.
fn seal(mut bytes: Vec<u8>, provisioning_key: Option<&ProvisioningKey>) -> Vec<u8> {
    let digest = sha256(&bytes);
    let tag = provisioning_key.map_or([0; 32], |key| tag(key, &digest));
    bytes.extend(digest);
    bytes.extend(tag);
    let checksum = sha256([digest, tag].as_flattened());
    bytes.extend(checksum);
    bytes
}

fn floats(bytes: &mut Vec<u8>, values: &[f32]) {
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

/// Appends values rounded to bfloat16.
///
/// # Errors
/// The position of a value that its storage cannot hold once it is rounded.
fn bfloats(bytes: &mut Vec<u8>, values: &[f32], storage: Storage) -> Result<(), usize> {
    for (index, value) in values.iter().enumerate() {
        let rounded = bf16::from_f32(*value);
        if !is_allowed(rounded.to_f32(), storage) {
            return Err(index);
        }
        bytes.extend(rounded.to_le_bytes());
    }
    Ok(())
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(ALIGNMENT as usize), 0);
}

fn check(name: &str, values: &[f32], place: &Tensor, dims: &Dims) -> Result<(), WriteError> {
    let (tensor, given, expected) = (|| name.to_string(), values.len(), place.shape.values());
    if given != expected {
        return Err(WriteError::Length { tensor: tensor(), given, expected });
    }
    let wrong = match (place.shape, place.storage) {
        (Shape::Symmetric { rows }, _) => asymmetric(values, rows),
        (_, Storage::Parcel) => values.iter().position(|&parcel| !is_parcel(parcel, dims.d_model)),
        (_, storage) => values.iter().position(|value| !is_allowed(*value, storage)),
    };
    if let Some(index) = wrong {
        return Err(WriteError::Value { tensor: tensor(), index });
    }
    let has_feature = |region: &usize| values.contains(&(*region as f32));
    match (1..=dims.d_model).find(|region| !has_feature(region)) {
        Some(region) if place.storage == Storage::Parcel => Err(WriteError::EmptyRegion { region }),
        _ => Ok(()),
    }
}

/// Whether this is one of so many regions, from 1, or 0 for none.
fn is_parcel(parcel: f32, regions: usize) -> bool {
    parcel.fract() == 0.0 && (0.0..=regions as f32).contains(&parcel)
}

/// The position of the first value that is not finite, or not the bits of its mirror image.
fn asymmetric(values: &[f32], rows: usize) -> Option<usize> {
    let mirrored = |index: usize| values[index % rows * rows + index / rows];
    let is_wrong = |index: &usize| {
        let value = values[*index];
        !value.is_finite() || value.to_bits() != mirrored(*index).to_bits()
    };
    (0..values.len()).find(is_wrong)
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dims(error) => error.fmt(f),
            Self::Description(error) => error.fmt(f),
            Self::Connectome => f.write_str("a connectome has a description, and weights in float32"),
            Self::Missing { tensor } => write!(f, "tensor {tensor} is missing"),
            Self::Length { tensor, given, expected } => {
                write!(f, "tensor {tensor} has {given} values, its shape has {expected}")
            }
            Self::Value { tensor, index } => {
                write!(f, "tensor {tensor} holds a value that is not finite or not allowed at {index}")
            }
            Self::EmptyRegion { region } => write!(f, "no feature belongs to region {region}"),
            Self::Range { tensor, index, format } => {
                write!(f, "tensor {tensor} holds a value at {index} that is outside the range of {}", format.name())
            }
        }
    }
}

impl Error for WriteError {}
