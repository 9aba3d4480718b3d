//! Consistent Overhead Byte Stuffing (Cheshire and Baker 1999) without an index that could panic.

use core::cell::Cell;

/// A whole group: 254 bytes and no zero after them.
const FULL: u8 = 0xff;

/// Writes stuffed bytes into a buffer.
pub(super) struct Stuffer<'b> {
    out: &'b mut [u8],
    /// Where the open group's code goes, and the code so far.
    code_at: usize,
    code: u8,
    at: usize,
}

impl<'b> Stuffer<'b> {
    /// Starts a frame at the start of `out`.
    pub(super) fn new(out: &'b mut [u8]) -> Self {
        Self { out, code_at: 0, code: 1, at: 1 }
    }

    /// Adds a byte; `None` when the buffer is full.
    pub(super) fn push(&mut self, byte: u8) -> Option<()> {
        if byte != 0 {
            *self.out.get_mut(self.at)? = byte;
            self.at += 1;
            self.code += 1;
        }
        if byte == 0 || self.code == FULL {
            self.close()?;
        }
        Some(())
    }

    /// Ends the frame with a zero; returns its length with it.
    pub(super) fn finish(mut self) -> Option<usize> {
        self.close()?;
        // The group opened last holds nothing: the zero takes the place of its code.
        let end = self.code_at;
        *self.out.get_mut(end)? = 0;
        Some(end + 1)
    }

    fn close(&mut self) -> Option<()> {
        *self.out.get_mut(self.code_at)? = self.code;
        self.code_at = self.at;
        self.at += 1;
        self.code = 1;
        Some(())
    }
}

/// Decodes a frame without its final zero in place; `None` when it is not COBS.
pub(super) fn unstuff(frame: &mut [u8]) -> Option<&mut [u8]> {
    // Cells, as a group and its new place overlap, and `copy_within` can panic.
    let cells = Cell::from_mut(&mut *frame).as_slice_of_cells();
    let (mut rest, mut to) = (cells, 0);
    while let Some((code, after)) = rest.split_first() {
        let code = code.get();
        let length = usize::from(code).checked_sub(1)?;
        let (group, after) = after.split_at_checked(length)?;
        for (place, byte) in cells.get(to..to + length)?.iter().zip(group) {
            place.set(byte.get());
        }
        to += length;
        if code != FULL && !after.is_empty() {
            cells.get(to)?.set(0);
            to += 1;
        }
        rest = after;
    }
    frame.get_mut(..to)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    /// Bytes in which zeros and long runs without one are both common.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let run = (0usize..600, prop_oneof![Just(0u8), Just(1), Just(255)]);
        proptest::collection::vec(run, 0..4)
            .prop_map(|runs| runs.into_iter().flat_map(|(length, byte)| vec![byte; length / 2]).collect())
    }

    fn stuffed(plain: &[u8], room: usize) -> Option<Vec<u8>> {
        let mut out = vec![0xaa; room];
        let mut stuffer = Stuffer::new(&mut out);
        plain.iter().try_for_each(|&byte| stuffer.push(byte))?;
        let length = stuffer.finish()?;
        out.truncate(length);
        Some(out)
    }

    proptest! {
        #[test]
        fn any_bytes_come_back_as_another_implementation_reads_them(plain in bytes()) {
            let room = plain.len() + plain.len() / 254 + 2;
            let mut frame = stuffed(&plain, room).unwrap();
            prop_assert_eq!(frame.pop(), Some(0));
            prop_assert!(!frame.contains(&0));
            let mut other = frame.clone();
            let length = cobs::decode_in_place(&mut other).unwrap();
            prop_assert_eq!(&other[..length], &plain);
            prop_assert_eq!(unstuff(&mut frame).unwrap(), &plain);
        }

        #[test]
        fn any_frame_is_unstuffed_or_refused(mut frame in proptest::collection::vec(any::<u8>(), 0..600)) {
            let length = frame.len();
            if let Some(plain) = unstuff(&mut frame) {
                prop_assert!(plain.len() <= length);
            }
        }

        #[test]
        fn a_full_buffer_is_an_error(plain in bytes(), missing in 1usize..20) {
            let whole = stuffed(&plain, plain.len() + plain.len() / 254 + 2).unwrap();
            prop_assert!(stuffed(&plain, whole.len().saturating_sub(missing)).is_none());
        }
    }
}
