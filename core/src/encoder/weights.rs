//! A model's parameters as slices of one buffer, in the bundle's order.

use crate::encoder::dims::Dims;
use crate::encoder::linear::Linear;
use crate::encoder::norm::LayerNorm;
use crate::encoder::standardise::Standardiser;

/// Tensors start at multiples of this many floats (64 bytes).
const ALIGNMENT: usize = 16;

/// Parameters outside the layers, and the layers' block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights<'a> {
    pub(super) standardiser: Standardiser<'a>,
    pub(super) projection: Linear<'a>,
    /// Position table (positions, d_model).
    pub(super) positions: &'a [f32],
    layers: &'a [f32],
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
    /// Cuts `floats` into tensors; `None` when there are too few or too many for `dims`.
    pub(super) fn cut(floats: &'a [f32], dims: &Dims) -> Option<Self> {
        let mut rest = Cutter(floats);
        let width = dims.d_model;
        let layer = 4 * (width * width + width) // query, key, value and attention output
            + 2 * width * dims.feed_forward + dims.feed_forward + width // feed-forward
            + 4 * width; // two norms
        // A linear model ends with its projection.
        let (positions, head, latent) = if dims.is_linear() { (0, 0, 0) } else { (dims.positions, width, dims.latent) };
        let weights = Self {
            standardiser: Standardiser { mean: rest.take(dims.features)?, inv_std: rest.take(dims.features)? },
            projection: rest.linear(dims.features, width)?,
            positions: rest.take(positions * width)?,
            layers: rest.take(dims.layers * layer)?,
            head_norm: rest.norm(head)?,
            head_hidden: rest.linear(head, head)?,
            head_output: rest.linear(head, latent)?,
        };
        rest.0.is_empty().then_some(weights)
    }

    /// The layers in order.
    pub(super) fn layers(&self, dims: &Dims) -> impl Iterator<Item = Layer<'a>> {
        let (width, feed_forward) = (dims.d_model, dims.feed_forward);
        let length = self.layers.len() / dims.layers.max(1);
        self.layers.chunks_exact(length.max(1)).filter_map(move |block| {
            let mut rest = Cutter(block);
            Some(Layer {
                attention_norm: rest.norm(width)?,
                query_key_value: rest.linear(width, 3 * width)?,
                attention_output: rest.linear(width, width)?,
                feed_forward_norm: rest.norm(width)?,
                expand: rest.linear(width, feed_forward)?,
                contract: rest.linear(feed_forward, width)?,
            })
        })
    }
}

/// What is left of a buffer after the tensors cut so far.
struct Cutter<'a>(&'a [f32]);

impl<'a> Cutter<'a> {
    /// The next `length` floats, and past their padding.
    fn take(&mut self, length: usize) -> Option<&'a [f32]> {
        let (padded, rest) = self.0.split_at_checked(length.next_multiple_of(ALIGNMENT))?;
        self.0 = rest;
        padded.get(..length)
    }

    fn linear(&mut self, inputs: usize, outputs: usize) -> Option<Linear<'a>> {
        Some(Linear { weight: self.take(inputs * outputs)?, bias: self.take(outputs)? })
    }

    fn norm(&mut self, width: usize) -> Option<LayerNorm<'a>> {
        Some(LayerNorm { weight: self.take(width)?, bias: self.take(width)? })
    }
}
