//! A model's parameters as slices of one buffer, in the bundle's order.

use crate::encoder::dims::Dims;
use crate::encoder::format::{Storage, WeightFormat};
use crate::encoder::linear::{Linear, Parts};
use crate::encoder::tensors::{Check, Cutter};
use crate::kernel::{Fill, LayerNorm};

/// Parameters before the blocks, and the blocks' bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights<'a> {
    pub(super) projection: Linear<'a>,
    /// Position table (positions, d_model).
    pub(super) positions: &'a [f32],
    blocks: &'a [u8],
}

/// A norm and two products; two make a layer, one the head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'a> {
    pub(super) norm: LayerNorm<'a>,
    pub(super) first: Linear<'a>,
    pub(super) second: Linear<'a>,
}

impl<'a> Weights<'a> {
    /// Cuts `bytes` into tensors, each of which `check` is shown.
    ///
    /// `None` when one is refused, there are too few or too many bytes, or floats would be misaligned.
    pub(super) fn cut(
        bytes: &'a [u8],
        dims: &Dims,
        format: WeightFormat,
        fill: Fill,
        check: Check<'_>,
    ) -> Option<Self> {
        let mut rest = Cutter::new(bytes, format, check);
        let (features, width) = (dims.features, dims.d_model);
        let statistics = [rest.cut(Storage::Mean, 1, features)?, rest.cut(Storage::InvStd, 1, features)?];
        let input_scale = rest.positives(format.largest_code().map_or(0, |_| 1))?.first().copied();
        let projection = rest.linear(features, width, Some((statistics, fill)), input_scale)?;
        // A linear model ends with its projection.
        let positions = if dims.is_linear() { 0 } else { dims.positions };
        let positions = rest.floats(positions * width)?;
        let weights = Self { projection, positions, blocks: rest.bytes };
        if !dims.is_linear() {
            for _ in 0..dims.layers {
                rest.attention(dims)?;
                rest.feed_forward(dims)?;
            }
            rest.head(dims)?;
        }
        rest.bytes.is_empty().then_some(weights)
    }

    /// The layers' blocks and the head's, to be cut in their order.
    pub(super) fn blocks<'c>(&self, format: WeightFormat, check: Check<'c>) -> Cutter<'a, 'c> {
        Cutter::new(self.blocks, format, check)
    }
}

impl<'a> Cutter<'a, '_> {
    fn linear(
        &mut self,
        inputs: usize,
        outputs: usize,
        statistics: Option<([&'a [u8]; 2], Fill)>,
        input_scale: Option<f32>,
    ) -> Option<Linear<'a>> {
        let weights = self.cut(Storage::Weight, inputs, outputs)?;
        let scale = self.positives(if self.format.is_scaled() { outputs } else { 0 })?;
        let bias = self.floats(outputs)?;
        Linear::new(self.format, Parts { inputs, weights, scale, bias, statistics, input_scale })
    }

    fn norm(&mut self, width: usize) -> Option<LayerNorm<'a>> {
        Some(LayerNorm { weight: self.floats(width)?, bias: self.floats(width)? })
    }

    /// Queries, keys and values; the output.
    pub(super) fn attention(&mut self, dims: &Dims) -> Option<Block<'a>> {
        self.block(dims.d_model, 3 * dims.d_model, dims.d_model, dims.d_model)
    }

    /// Out to the feed-forward width; back.
    pub(super) fn feed_forward(&mut self, dims: &Dims) -> Option<Block<'a>> {
        self.block(dims.d_model, dims.feed_forward, dims.feed_forward, dims.d_model)
    }

    /// The hidden product; the output.
    pub(super) fn head(&mut self, dims: &Dims) -> Option<Block<'a>> {
        self.block(dims.d_model, dims.d_model, dims.d_model, dims.latent)
    }

    fn block(&mut self, width: usize, outputs: usize, inputs: usize, latent: usize) -> Option<Block<'a>> {
        Some(Block {
            norm: self.norm(width)?,
            first: self.linear(width, outputs, None, None)?,
            second: self.linear(inputs, latent, None, None)?,
        })
    }
}
