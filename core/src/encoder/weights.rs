//! A model's parameters as slices of one buffer, in the bundle's order.

use bytemuck::AnyBitPattern;

use crate::encoder::dims::Dims;
#[cfg(feature = "four-byte")]
use crate::encoder::float::FloatLinear;
use crate::encoder::format::WeightFormat;
#[cfg(feature = "one-byte")]
use crate::encoder::integer::IntegerLinear;
use crate::encoder::linear::Linear;
use crate::encoder::norm::LayerNorm;
use crate::encoder::standardise::Standardiser;

/// Tensors start at multiples of this many bytes.
const ALIGNMENT: usize = 64;

/// Parameters outside the layers, and the layers' block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights<'a> {
    pub(super) standardiser: Standardiser<'a>,
    pub(super) projection: Linear<'a>,
    /// Position table (positions, d_model).
    pub(super) positions: &'a [f32],
    layers: &'a [u8],
    pub(super) head_norm: LayerNorm<'a>,
    pub(super) head_hidden: Linear<'a>,
    pub(super) head_output: Linear<'a>,
}

/// Parameters of one pre-norm Transformer layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layer<'a> {
    pub(super) attention_norm: LayerNorm<'a>,
    pub(super) query_key_value: Linear<'a>,
    pub(super) attention_output: Linear<'a>,
    pub(super) feed_forward_norm: LayerNorm<'a>,
    pub(super) expand: Linear<'a>,
    pub(super) contract: Linear<'a>,
}

impl<'a> Weights<'a> {
    /// Cuts `bytes` into tensors; `None` when there are too few or too many, or floats would be misaligned.
    pub(super) fn cut(bytes: &'a [u8], dims: &Dims, format: WeightFormat) -> Option<Self> {
        let mut rest = Cutter { bytes, format };
        let (features, width) = (dims.features, dims.d_model);
        // A linear model ends with its projection.
        let (positions, head, latent) = if dims.is_linear() { (0, 0, 0) } else { (dims.positions, width, dims.latent) };
        let standardiser = Standardiser { mean: rest.take(features)?, inv_std: rest.take(features)? };
        let input_scale = match format.largest_code() {
            Some(_) => rest.take(1)?.first().copied(),
            None => None,
        };
        let projection = rest.linear(features, width, input_scale)?;
        let positions = rest.take(positions * width)?;
        let layers = rest.bytes;
        for _ in 0..dims.layers {
            rest.layer(dims)?;
        }
        let (layers, _) = layers.split_at_checked(layers.len() - rest.bytes.len())?;
        let weights = Self {
            standardiser,
            projection,
            positions,
            layers,
            head_norm: rest.norm(head)?,
            head_hidden: rest.linear(head, head, None)?,
            head_output: rest.linear(head, latent, None)?,
        };
        rest.bytes.is_empty().then_some(weights)
    }

    /// A layer; `None` past the last.
    pub(super) fn layer(&self, index: usize, dims: &Dims, format: WeightFormat) -> Option<Layer<'a>> {
        let length = self.layers.len() / dims.layers.max(1);
        let bytes = self.layers.chunks_exact(length.max(1)).nth(index)?;
        Cutter { bytes, format }.layer(dims)
    }
}

/// What is left of a buffer after the tensors cut so far.
struct Cutter<'a> {
    bytes: &'a [u8],
    format: WeightFormat,
}

impl<'a> Cutter<'a> {
    /// The next `length` values, and past their padding.
    fn take<T: AnyBitPattern>(&mut self, length: usize) -> Option<&'a [T]> {
        let length = length * size_of::<T>();
        let (padded, rest) = self.bytes.split_at_checked(length.next_multiple_of(ALIGNMENT))?;
        self.bytes = rest;
        bytemuck::try_cast_slice(padded.get(..length)?).ok()
    }

    #[cfg_attr(not(feature = "one-byte"), allow(unused_variables))]
    fn linear(&mut self, inputs: usize, outputs: usize, input_scale: Option<f32>) -> Option<Linear<'a>> {
        Some(match self.format {
            #[cfg(feature = "four-byte")]
            WeightFormat::F32 => {
                let (weight, bias) = (self.take(inputs * outputs)?, self.take(outputs)?);
                Linear::F32(FloatLinear { inputs, weight, stride: outputs, scale: None, bias })
            }
            #[cfg(feature = "two-byte")]
            WeightFormat::F16 => {
                let (weight, bias) = (self.take(inputs * outputs)?, self.take(outputs)?);
                Linear::F16(FloatLinear { inputs, weight, stride: outputs, scale: None, bias })
            }
            #[cfg(feature = "two-byte")]
            WeightFormat::I16 => {
                let (weight, scale, bias) = (self.take(inputs * outputs)?, self.take(outputs)?, self.take(outputs)?);
                Linear::I16(FloatLinear { inputs, weight, stride: outputs, scale: Some(scale), bias })
            }
            #[cfg(feature = "one-byte")]
            WeightFormat::I8I16 | WeightFormat::I8 => {
                let weight = self.take(self.format.weight_bytes(inputs, outputs))?;
                let (scale, bias) = (self.take(outputs)?, self.take(outputs)?);
                let most = self.format.largest_code()?;
                Linear::I8(IntegerLinear { inputs, weight, stride: outputs, scale, bias, most, input_scale })
            }
            #[cfg(not(all(feature = "two-byte", feature = "one-byte")))]
            _ => return None,
        })
    }

    fn norm(&mut self, width: usize) -> Option<LayerNorm<'a>> {
        Some(LayerNorm { weight: self.take(width)?, bias: self.take(width)? })
    }

    fn layer(&mut self, dims: &Dims) -> Option<Layer<'a>> {
        let (width, feed_forward) = (dims.d_model, dims.feed_forward);
        Some(Layer {
            attention_norm: self.norm(width)?,
            query_key_value: self.linear(width, 3 * width, None)?,
            attention_output: self.linear(width, width, None)?,
            feed_forward_norm: self.norm(width)?,
            expand: self.linear(width, feed_forward, None)?,
            contract: self.linear(feed_forward, width, None)?,
        })
    }
}
