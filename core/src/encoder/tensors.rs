//! Cutting a model's bytes into its tensors.

use super::format::{Storage, WeightFormat};

/// Tensors start at multiples of this many bytes.
const ALIGNMENT: usize = 64;

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
    pub(super) bytes: &'a [u8],
    pub(super) format: WeightFormat,
    /// Row of the next tensor.
    row: usize,
    check: Check<'c>,
}

impl<'a, 'c> Cutter<'a, 'c> {
    /// Cuts the tensors of `bytes`, from the first row of the table on.
    pub(super) fn new(bytes: &'a [u8], format: WeightFormat, check: Check<'c>) -> Self {
        Self { bytes, format, row: 0, check }
    }

    /// The next tensor's bytes; its padding is skipped. A tensor that this format lacks has no values and is not checked.
    pub(super) fn cut(&mut self, storage: Storage, inputs: usize, outputs: usize) -> Option<&'a [u8]> {
        let row = self.row;
        self.row += 1;
        let length = self.format.bytes(storage, inputs, outputs);
        let (padded, rest) = self.bytes.split_at_checked(length.next_multiple_of(ALIGNMENT))?;
        let (bytes, padding) = padded.split_at_checked(length)?;
        self.bytes = rest;
        let sound = length == 0 || (self.check)(&Piece { row, storage, inputs, outputs, bytes, padding });
        sound.then_some(bytes)
    }

    pub(super) fn floats(&mut self, length: usize) -> Option<&'a [f32]> {
        bytemuck::try_cast_slice(self.cut(Storage::Float, 1, length)?).ok()
    }

    pub(super) fn positives(&mut self, length: usize) -> Option<&'a [f32]> {
        bytemuck::try_cast_slice(self.cut(Storage::Positive, 1, length)?).ok()
    }
}
