//! The token's end of the link: assembles frames, and answers a repeated request without acting twice.

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
    /// Separate from `answer`, so that a damaged frame does not overwrite an answer that the host may ask for again.
    refusal: [u8; LONGEST_REFUSAL],
}

impl Link {
    pub(crate) const fn new() -> Self {
        let answer = [0; LONGEST_ANSWER];
        Self { receiver: Receiver::new(), answer, length: Ok(0), answered: None, refusal: [0; LONGEST_REFUSAL] }
    }

    /// Takes the next byte; at the end of a frame, returns the bytes to send.
    pub(crate) fn push<B: Board>(&mut self, byte: u8, machine: &mut Machine<'_, B>) -> Option<&[u8]> {
        let mut received = self.receiver.push(byte)?;
        let frame = received.as_mut().map_err(|error| *error).and_then(|bytes| decode(bytes));
        // Nothing is cleared after a scan's chunk: it holds no secret, and a scan has hundreds of them.
        let is_chunk = frame.is_ok_and(|frame| frame.key == ScanChunk::KEY.to_bytes());
        let (buffer, length) = match frame {
            Err(error) => {
                let length = encode_refusal([0; 8], 0, error.into(), &mut self.refusal);
                (self.refusal.as_slice(), length)
            }
            Ok(frame) => {
                let request = (frame.number, frame.crc);
                // A handshake is never a repetition: a host that lost count of its requests starts again with it.
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
            if let Ok(bytes) = received {
                bytes.zeroize();
            }
            zeroize_stack::<CLEARED_STACK>();
        }
        Some(sent(buffer, length))
    }
}

/// The frame at the start of a link's buffer. A frame that does not fit is a mistake of this program, which then panics.
/// Never inlined, so that the list of panics names this function.
#[inline(never)]
fn sent(buffer: &[u8], length: Result<usize, FrameError>) -> &[u8] {
    #[expect(clippy::expect_used, reason = "buffers are as long as the longest answer and the longest refusal")]
    length.ok().and_then(|length| buffer.get(..length)).expect("a frame fits its buffer")
}
