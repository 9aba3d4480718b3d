//! Numbers at fixed places of a NIfTI-1 header, in the file's byte order.

use crate::dataset::numbers::ByteOrder;

/// Bytes of the header.
pub(super) const LENGTH: usize = 348;

/// The header's bytes, read in the file's order.
pub(super) struct Fields<'b> {
    bytes: &'b [u8; LENGTH],
    order: ByteOrder,
}

impl<'b> Fields<'b> {
    pub(super) fn new(bytes: &'b [u8; LENGTH], order: ByteOrder) -> Self {
        Self { bytes, order }
    }

    pub(super) fn byte(&self, place: usize) -> u8 {
        self.bytes[place]
    }

    pub(super) fn short(&self, place: usize) -> i16 {
        match self.order {
            ByteOrder::Little => i16::from_le_bytes(at(self.bytes, place)),
            ByteOrder::Big => i16::from_be_bytes(at(self.bytes, place)),
        }
    }

    pub(super) fn float(&self, place: usize) -> f32 {
        match self.order {
            ByteOrder::Little => f32::from_le_bytes(at(self.bytes, place)),
            ByteOrder::Big => f32::from_be_bytes(at(self.bytes, place)),
        }
    }

    pub(super) fn floats<const COUNT: usize>(&self, place: usize) -> [f64; COUNT] {
        std::array::from_fn(|index| self.float(place + 4 * index).into())
    }
}

pub(super) fn at<const SIZE: usize>(bytes: &[u8; LENGTH], place: usize) -> [u8; SIZE] {
    std::array::from_fn(|index| bytes[place + index])
}
