//! A model's parameters as slices of one buffer, in the bundle's order.

use crate::encoder::dims::Dims;
use crate::encoder::format::{Storage, WeightFormat};
use crate::encoder::linear::{Linear, Parts};
use crate::kernel::{Fill, LayerNorm};

/// Tensors start at multiples of this many bytes.
const ALIGNMENT: usize = 64;

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
        let mut rest = Cutter { bytes, format, row: 0, check };
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
        Cutter { bytes: self.blocks, format, row: 0, check }
    }
}

/// A tensor as it is cut out of a model's bytes.
pub(crate) struct Piece<'a> {
    /// Its row in the table of every format's tensors.
    pub(crate) row: usize,
    pub(crate) storage: Storage,
    /// 1 but for weights.
    #[cfg_attr(not(feature = "weights-int8"), allow(dead_code))]
    pub(crate) inputs: usize,
    #[cfg_attr(not(feature = "weights-int8"), allow(dead_code))]
    pub(crate) outputs: usize,
    pub(crate) bytes: &'a [u8],
    /// The bytes between it and the next.
    pub(crate) padding: &'a [u8],
}

/// Whether a tensor is sound; not generic, so that the order of tensors is compiled once.
pub(crate) type Check<'c> = &'c mut dyn FnMut(&Piece<'_>) -> bool;

/// The rest of a buffer after the tensors cut so far.
pub(super) struct Cutter<'a, 'c> {
    bytes: &'a [u8],
    format: WeightFormat,
    row: usize,
    check: Check<'c>,
}

impl<'a> Cutter<'a, '_> {
    /// The next tensor's bytes; its padding is skipped. A tensor that this format lacks has no values and is not checked.
    fn cut(&mut self, storage: Storage, inputs: usize, outputs: usize) -> Option<&'a [u8]> {
        let row = self.row;
        self.row += 1;
        let length = self.format.bytes(storage, inputs, outputs);
        let (padded, rest) = self.bytes.split_at_checked(length.next_multiple_of(ALIGNMENT))?;
        let (bytes, padding) = padded.split_at_checked(length)?;
        self.bytes = rest;
        let sound = length == 0 || (self.check)(&Piece { row, storage, inputs, outputs, bytes, padding });
        sound.then_some(bytes)
    }

    fn floats(&mut self, length: usize) -> Option<&'a [f32]> {
        bytemuck::try_cast_slice(self.cut(Storage::Float, 1, length)?).ok()
    }

    fn positives(&mut self, length: usize) -> Option<&'a [f32]> {
        bytemuck::try_cast_slice(self.cut(Storage::Positive, 1, length)?).ok()
    }

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
