//! The tensors of a bundle: their names, shapes, order and places.

use core::fmt;

use crate::encoder::Dims;

/// Tensors start at multiples of this many bytes.
pub(super) const ALIGNMENT: u64 = 64;

/// Bytes of the header before the tensor table.
pub(super) const HEADER: u64 = 64;

/// Bytes of a tensor's entry in the table.
pub(super) const ENTRY: u64 = 8;

/// Bytes after the tensors: digest, tag and checksum.
pub(super) const TRAILER: u64 = 96;

/// Name of a tensor, as in the PyTorch state_dict; shows with `Display`, equals a `&str`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TensorName {
    layer: Option<usize>,
    name: &'static str,
}

impl TensorName {
    /// Whether it is this tensor outside the layers; unlike `==`, links no formatting into a firmware.
    pub(super) fn is(&self, name: &str) -> bool {
        self.layer.is_none() && self.name == name
    }
}

/// How a tensor is shaped and stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One value a component.
    Vector(usize),
    /// A product's weights: PyTorch has (outputs, inputs), the bundle stores (inputs, outputs).
    Linear {
        /// Inputs of the product.
        inputs: usize,
        /// Outputs of the product.
        outputs: usize,
    },
    /// The position table: PyTorch has (1, rows, columns), the bundle stores (rows, columns).
    Positions {
        /// Longest window.
        rows: usize,
        /// Width of the Transformer.
        columns: usize,
    },
}

/// A tensor's name, shape and place in the bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Its name.
    pub name: TensorName,
    /// Its shape.
    pub shape: Shape,
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
            Self::Positions { rows, columns } => rows * columns,
        }
    }
}

impl fmt::Display for TensorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.layer {
            Some(layer) => write!(f, "enc.layers.{layer}.{}", self.name),
            None => f.write_str(self.name),
        }
    }
}

impl PartialEq<str> for TensorName {
    fn eq(&self, other: &str) -> bool {
        /// Eats what is written from the front of the string.
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
pub(super) fn count(dims: &Dims) -> usize {
    let (before, after) = outside_layers(dims);
    before.len() + dims.layers * LAYER.len() + after.len()
}

/// Every tensor in the order of the bundle; `dims` must be valid.
pub(super) fn tensors(dims: Dims) -> impl Iterator<Item = Tensor> {
    let named = move |layer, table: &'static [Row]| {
        table.iter().map(move |(name, shape)| (TensorName { layer, name }, shape(&dims)))
    };
    let mut offset = tensors_start(&dims);
    let (before, after) = outside_layers(&dims);
    named(None, before)
        .chain((0..dims.layers).flat_map(move |layer| named(Some(layer), &LAYER)))
        .chain(named(None, after))
        .map(move |(name, shape)| {
            let tensor = Tensor { name, shape, offset, length: shape.values() as u64 * 4 };
            offset = (offset + tensor.length).next_multiple_of(ALIGNMENT);
            tensor
        })
}

/// The tensors before the layers and after them; a linear model ends with its projection.
fn outside_layers(dims: &Dims) -> (&'static [Row], &'static [Row]) {
    if dims.is_linear() { (BEFORE.split_at(LINEAR).0, &[]) } else { (&BEFORE, &AFTER) }
}

/// First byte of the first tensor.
pub(super) fn tensors_start(dims: &Dims) -> u64 {
    (HEADER + ENTRY * count(dims) as u64).next_multiple_of(ALIGNMENT)
}

/// First byte after the last tensor's padding.
pub(super) fn tensors_end(dims: &Dims) -> u64 {
    tensors(*dims).last().map_or(0, |tensor| (tensor.offset + tensor.length).next_multiple_of(ALIGNMENT))
}

type Row = (&'static str, fn(&Dims) -> Shape);

/// Tensors of a linear model, the first of [`BEFORE`].
const LINEAR: usize = 4;

const BEFORE: [Row; 5] = [
    ("standardiser.mean", |d| Shape::Vector(d.features)),
    ("standardiser.inv_std", |d| Shape::Vector(d.features)),
    ("proj.weight", |d| linear(d.features, d.d_model)),
    ("proj.bias", width),
    ("pos.pe", |d| Shape::Positions { rows: d.positions, columns: d.d_model }),
];

const LAYER: [Row; 12] = [
    ("norm1.weight", width),
    ("norm1.bias", width),
    ("self_attn.in_proj_weight", |d| linear(d.d_model, 3 * d.d_model)),
    ("self_attn.in_proj_bias", |d| Shape::Vector(3 * d.d_model)),
    ("self_attn.out_proj.weight", |d| linear(d.d_model, d.d_model)),
    ("self_attn.out_proj.bias", width),
    ("norm2.weight", width),
    ("norm2.bias", width),
    ("linear1.weight", |d| linear(d.d_model, d.feed_forward)),
    ("linear1.bias", |d| Shape::Vector(d.feed_forward)),
    ("linear2.weight", |d| linear(d.feed_forward, d.d_model)),
    ("linear2.bias", width),
];

const AFTER: [Row; 6] = [
    ("head.0.weight", width),
    ("head.0.bias", width),
    ("head.1.weight", |d| linear(d.d_model, d.d_model)),
    ("head.1.bias", width),
    ("head.3.weight", |d| linear(d.d_model, d.latent)),
    ("head.3.bias", |d| Shape::Vector(d.latent)),
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
    fn a_name_equals_exactly_its_own_spelling() {
        let name = TensorName { layer: Some(12), name: "norm1.bias" };
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
