//! The token's end of the link: gathers frames, and answers a repeated request without acting twice.

use neural_vault_core::key::CLEARED_STACK;
use neural_vault_core::wire::{Endpoint, FrameError, Handshake, Receiver, ScanChunk, decode, encode_refusal};
use zeroize::{Zeroize, zeroize_stack};

use crate::board::Board;
use crate::machine::Machine;

/// Longest answer as a frame: an embedding of 128 components.
const LONGEST_ANSWER: usize = 560;

/// Longest refusal as a frame.
const LONGEST_REFUSAL: usize = 40;

/// Buffers of the link.
pub(crate) struct Link {
    receiver: Receiver,
    answer: [u8; LONGEST_ANSWER],
    length: Result<usize, FrameError>,
    /// Number and CRC of the request that `answer` answers.
    answered: Option<(u32, u32)>,
    /// Apart from `answer`, so that damage on the link does not cost the answer a host may ask for again.
    refusal: [u8; LONGEST_REFUSAL],
}

impl Link {
    pub(crate) const fn new() -> Self {
        let answer = [0; LONGEST_ANSWER];
        Self { receiver: Receiver::new(), answer, length: Ok(0), answered: None, refusal: [0; LONGEST_REFUSAL] }
    }

    /// Takes the next byte; at the end of a frame, returns what to send.
    pub(crate) fn push<B: Board>(&mut self, byte: u8, machine: &mut Machine<'_, B>) -> Option<&[u8]> {
        let mut gathered = self.receiver.push(byte)?;
        let frame = gathered.as_mut().map_err(|error| *error).and_then(|bytes| decode(bytes));
        // Nothing is cleared for a scan's chunks: they hold no secret, and come by the hundred.
        let is_chunk = frame.is_ok_and(|frame| frame.key == ScanChunk::KEY.to_bytes());
        let (buffer, length) = match frame {
            Err(error) => {
                let length = encode_refusal([0; 8], 0, error.into(), &mut self.refusal);
                (self.refusal.as_slice(), length)
            }
            Ok(frame) => {
                let request = (frame.number, frame.crc);
                // A handshake is always new: it is how a host that forgot its numbers begins again.
                if self.answered != Some(request) || frame.key == Handshake::KEY.to_bytes() {
                    self.answered = None;
                    if !is_chunk {
                        self.answer.zeroize();
                    }
                    self.length = machine.answer(&frame, &mut self.answer);
                    self.answered = Some(request);
                }
                (self.answer.as_slice(), self.length)
            }
        };
        if !is_chunk {
            if let Ok(bytes) = gathered {
                bytes.zeroize();
            }
            zeroize_stack::<CLEARED_STACK>();
        }
        Some(sent(buffer, length))
    }
}

/// The frame at the start of a link's buffer. That one does not fit would be this program's mistake, and
/// ends it. Never inlined, so that the list of panics names it.
#[inline(never)]
fn sent(buffer: &[u8], length: Result<usize, FrameError>) -> &[u8] {
    #[expect(clippy::expect_used, reason = "buffers are as long as the longest answer and the longest refusal")]
    length.ok().and_then(|length| buffer.get(..length)).expect("a frame fits its buffer")
}
