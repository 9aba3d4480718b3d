//! The tensors of a bundle: their names, shapes, order and places.

use core::fmt;

use crate::encoder::format::Storage;
use crate::encoder::{Dims, IMPOSTOR_LENGTHS, WeightFormat};
use Kind::{Float, InputScale, InvStd, Mean, Parcel, Scale, Symmetric, Weight};

/// Tensors start at multiples of this many bytes.
pub(super) const ALIGNMENT: u64 = 64;

/// Bytes of the header of both versions.
pub(super) const HEADER: u64 = 64;

/// Bytes of the description after it, in version 2.
pub(super) const DESCRIPTION: u64 = 64;

/// Bytes of a tensor's entry in the table.
pub(super) const ENTRY: u64 = 8;

/// Bytes after the tensors: digest, tag and checksum.
#[cfg(feature = "std")]
pub(super) const TRAILER: u64 = 96;

/// Name of a tensor, as in the PyTorch state_dict; shows with `Display`, equals a `&str`.
///
/// It is formatted lazily, so that a build that shows no name links none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TensorName {
    layer: Option<usize>,
    /// Row of [`ROWS`].
    row: usize,
}

/// How a tensor is shaped and stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One value a component.
    Vector(usize),
    /// A product's weights: PyTorch has (outputs, inputs), the bundle stores (inputs, outputs), or in the formats with
    /// int8 weights (inputs / 4, outputs, 4).
    Linear {
        /// Inputs of the product.
        inputs: usize,
        /// Outputs of the product.
        outputs: usize,
    },
    /// A symmetric matrix: PyTorch has (rows, rows), the bundle stores rows padded to a multiple of 16 values.
    Symmetric {
        /// Rows and columns.
        rows: usize,
    },
    /// The position table: PyTorch has (1, rows, columns), the bundle stores (rows, columns).
    Positions {
        /// Longest window.
        rows: usize,
        /// Width of the Transformer.
        columns: usize,
    },
}

/// A tensor's name, shape, storage and place in the bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Its name.
    pub name: TensorName,
    /// Its shape.
    pub shape: Shape,
    /// How its values are stored.
    pub storage: Storage,
    /// First byte, from the start of the bundle.
    pub offset: u64,
    /// Bytes without padding.
    pub length: u64,
}

impl Shape {
    /// Values in the tensor.
    pub fn values(&self) -> usize {
        match *self {
            Self::Vector(values) => values,
            Self::Linear { inputs, outputs } => inputs * outputs,
            Self::Symmetric { rows } => rows * rows,
            Self::Positions { rows, columns } => rows * columns,
        }
    }
}

impl fmt::Display for TensorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = ROWS.get(self.row).map_or("", |row| row.name);
        match self.layer {
            Some(layer) => write!(f, "enc.layers.{layer}.{name}"),
            None => f.write_str(name),
        }
    }
}

impl TensorName {
    /// The name at a place of a model's table, scales that its format lacks among them.
    pub(super) fn at(place: usize, dims: &Dims) -> Self {
        if dims.is_connectome() {
            return Self { layer: None, row: NETWORK + place };
        }
        let layers = dims.layers * LAYER;
        match place.checked_sub(BEFORE) {
            Some(place) if place < layers => Self { layer: Some(place / LAYER), row: BEFORE + place % LAYER },
            Some(_) => Self { layer: None, row: place + LAYER - layers },
            None => Self { layer: None, row: place },
        }
    }
}

impl PartialEq<str> for TensorName {
    fn eq(&self, other: &str) -> bool {
        /// Removes what is written from the front of the string.
        struct Rest<'a>(&'a str);

        impl fmt::Write for Rest<'_> {
            fn write_str(&mut self, part: &str) -> fmt::Result {
                self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
                Ok(())
            }
        }

        let mut rest = Rest(other);
        fmt::write(&mut rest, format_args!("{self}")).is_ok() && rest.0.is_empty()
    }
}

/// Number of tensors of a model.
pub(super) fn count(dims: &Dims, format: WeightFormat) -> usize {
    Tensors { dims: *dims, format, place: 0, offset: 0 }.count()
}

/// Bytes before the tensor table.
pub(super) const fn header_length(is_described: bool) -> u64 {
    if is_described { HEADER + DESCRIPTION } else { HEADER }
}

/// Every tensor in the order of the bundle, whose table starts at `header`; `dims` must be valid.
pub(super) fn tensors(dims: Dims, format: WeightFormat, header: u64) -> Tensors {
    Tensors { dims, format, place: 0, offset: tensors_start(&dims, format, header) }
}

/// A model's tensors from a place in its table on.
pub(super) struct Tensors {
    dims: Dims,
    format: WeightFormat,
    /// Rows passed.
    place: usize,
    /// First byte of the next tensor.
    offset: u64,
}

impl Iterator for Tensors {
    type Item = Tensor;

    fn next(&mut self) -> Option<Tensor> {
        // A linear model ends with its projection.
        while !self.dims.is_linear() || self.place < LINEAR {
            let name = TensorName::at(self.place, &self.dims);
            let end = if self.dims.is_connectome() { ROWS.len() } else { NETWORK };
            let row = ROWS.get(..end)?.get(name.row)?;
            self.place += 1;
            let is_there = match row.kind {
                Scale => self.format.is_scaled(),
                InputScale => self.format.largest_code().is_some(),
                Parcel => self.dims.features != self.dims.d_model,
                Float | Mean | InvStd | Weight | Symmetric => true,
            };
            if is_there {
                return Some(self.tensor(name, row));
            }
        }
        None
    }
}

impl Tensors {
    fn tensor(&mut self, name: TensorName, row: &Row) -> Tensor {
        let shape = (row.shape)(&self.dims);
        let (inputs, outputs) = match shape {
            Shape::Linear { inputs, outputs } => (inputs, outputs),
            Shape::Symmetric { rows } => (rows, rows),
            Shape::Vector(values) if matches!(row.kind, Parcel) => (values, self.dims.d_model),
            _ => (1, shape.values()),
        };
        let length = self.format.bytes(row.storage(), inputs, outputs);
        let (offset, length) = (self.offset, length as u64);
        self.offset = (offset + length).next_multiple_of(ALIGNMENT);
        Tensor { name, shape, storage: row.storage(), offset, length }
    }
}

/// First byte of the first tensor.
pub(super) fn tensors_start(dims: &Dims, format: WeightFormat, header: u64) -> u64 {
    (header + ENTRY * count(dims, format) as u64).next_multiple_of(ALIGNMENT)
}

/// First byte after the last tensor's padding.
#[cfg(feature = "std")]
pub(super) fn tensors_end(dims: &Dims, format: WeightFormat, header: u64) -> u64 {
    let mut tensors = tensors(*dims, format, header);
    tensors.by_ref().for_each(drop);
    tensors.offset
}

/// A tensor's name, kind and shape.
struct Row {
    name: &'static str,
    kind: Kind,
    shape: fn(&Dims) -> Shape,
}

/// The kind of a tensor; only some formats have scales.
#[derive(Clone, Copy)]
enum Kind {
    Float,
    Mean,
    InvStd,
    Weight,
    /// Scales of a product's outputs.
    Scale,
    /// The scale of the projection's inputs.
    InputScale,
    /// The regions of features.
    Parcel,
    Symmetric,
}

impl Row {
    fn storage(&self) -> Storage {
        match self.kind {
            Float => Storage::Float,
            Scale | InputScale => Storage::Positive,
            Mean => Storage::Mean,
            InvStd => Storage::InvStd,
            Weight => Storage::Weight,
            Parcel => Storage::Parcel,
            Symmetric => Storage::Symmetric,
        }
    }
}

const fn row(name: &'static str, kind: Kind, shape: fn(&Dims) -> Shape) -> Row {
    Row { name, kind, shape }
}

/// Rows of a linear model, the first of them.
const LINEAR: usize = 6;

/// Rows before the layers.
const BEFORE: usize = 7;

/// Rows of a layer.
const LAYER: usize = 16;

/// Rows of a Transformer of one layer, the first of them; after them come those of a connectome.
const NETWORK: usize = 31;

/// The tensors of a Transformer of one layer, of which another layer has its rows again, and those of a connectome.
const ROWS: [Row; 36] = [
    row("standardiser.mean", Mean, |d| Shape::Vector(d.features)),
    row("standardiser.inv_std", InvStd, |d| Shape::Vector(d.features)),
    row("proj.input_scale", InputScale, |_| Shape::Vector(1)),
    row("proj.weight", Weight, |d| linear(d.features, d.d_model)),
    row("proj.weight_scale", Scale, width),
    row("proj.bias", Float, width),
    row("pos.pe", Float, |d| Shape::Positions { rows: d.positions, columns: d.d_model }),
    row("norm1.weight", Float, width),
    row("norm1.bias", Float, width),
    row("self_attn.in_proj_weight", Weight, |d| linear(d.d_model, 3 * d.d_model)),
    row("self_attn.in_proj_weight_scale", Scale, |d| Shape::Vector(3 * d.d_model)),
    row("self_attn.in_proj_bias", Float, |d| Shape::Vector(3 * d.d_model)),
    row("self_attn.out_proj.weight", Weight, |d| linear(d.d_model, d.d_model)),
    row("self_attn.out_proj.weight_scale", Scale, width),
    row("self_attn.out_proj.bias", Float, width),
    row("norm2.weight", Float, width),
    row("norm2.bias", Float, width),
    row("linear1.weight", Weight, |d| linear(d.d_model, d.feed_forward)),
    row("linear1.weight_scale", Scale, |d| Shape::Vector(d.feed_forward)),
    row("linear1.bias", Float, |d| Shape::Vector(d.feed_forward)),
    row("linear2.weight", Weight, |d| linear(d.feed_forward, d.d_model)),
    row("linear2.weight_scale", Scale, width),
    row("linear2.bias", Float, width),
    row("head.0.weight", Float, width),
    row("head.0.bias", Float, width),
    row("head.1.weight", Weight, |d| linear(d.d_model, d.d_model)),
    row("head.1.weight_scale", Scale, width),
    row("head.1.bias", Float, width),
    row("head.3.weight", Weight, |d| linear(d.d_model, d.latent)),
    row("head.3.weight_scale", Scale, |d| Shape::Vector(d.latent)),
    row("head.3.bias", Float, |d| Shape::Vector(d.latent)),
    row("connectome.parcels", Parcel, |d| Shape::Vector(d.features)),
    row("connectome.whitening", Symmetric, |d| Shape::Symmetric { rows: d.d_model }),
    row("connectome.mean", Float, |d| Shape::Vector(d.latent)),
    row("connectome.impostor_frames", Float, |_| Shape::Vector(IMPOSTOR_LENGTHS)),
    row("connectome.impostor_scores", Float, |_| Shape::Vector(IMPOSTOR_LENGTHS)),
];

fn width(dims: &Dims) -> Shape {
    Shape::Vector(dims.d_model)
}

const fn linear(inputs: usize, outputs: usize) -> Shape {
    Shape::Linear { inputs, outputs }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_pytorch_layer_by_layer() {
        let dims = Dims { features: 5, d_model: 16, heads: 2, layers: 2, feed_forward: 16, latent: 16, positions: 3 };
        for (place, name) in [
            (BEFORE - 1, "pos.pe"),
            (BEFORE, "enc.layers.0.norm1.weight"),
            (BEFORE + LAYER - 1, "enc.layers.0.linear2.bias"),
            (BEFORE + LAYER, "enc.layers.1.norm1.weight"),
            (BEFORE + 2 * LAYER - 1, "enc.layers.1.linear2.bias"),
            (BEFORE + 2 * LAYER, "head.0.weight"),
        ] {
            assert!(TensorName::at(place, &dims) == *name, "{name}");
        }
    }

    #[test]
    fn a_name_equals_exactly_its_own_spelling() {
        let name = TensorName { layer: Some(12), row: BEFORE + 1 };
        assert!(name == *"enc.layers.12.norm1.bias");
        for other in [
            "enc.layers.1.norm1.bias",
            "enc.layers.012.norm1.bias",
            "enc.layers.12.norm1.bias.",
            "enc.layers.12.norm1.bia",
            "norm1.bias",
            "",
        ] {
            assert!(name != *other, "{other}");
        }
    }
}
