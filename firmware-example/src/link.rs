//! The token's end of the link: gathers frames, and answers a repeated request without acting twice.

use neural_vault_core::wire::{Endpoint, Handshake, Receiver, decode, encode_refusal};

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
    length: usize,
    /// Number and CRC of the request that `answer` answers.
    answered: Option<(u32, u32)>,
    /// Apart from `answer`, so that damage on the link does not cost the answer a host may ask for again.
    refusal: [u8; LONGEST_REFUSAL],
}

impl Link {
    pub(crate) const fn new() -> Self {
        let answer = [0; LONGEST_ANSWER];
        Self { receiver: Receiver::new(), answer, length: 0, answered: None, refusal: [0; LONGEST_REFUSAL] }
    }

    /// Takes the next byte; at the end of a frame, returns what to send.
    pub(crate) fn push<B: Board>(&mut self, byte: u8, machine: &mut Machine<'_, B>) -> Option<&[u8]> {
        let gathered = self.receiver.push(byte)?;
        let frame = match gathered.and_then(decode) {
            Ok(frame) => frame,
            Err(error) => {
                let length = encode_refusal([0; 8], 0, error.into(), &mut self.refusal).ok()?;
                return self.refusal.get(..length);
            }
        };
        let request = (frame.number, frame.crc);
        // A handshake is always new: it is how a host that forgot its numbers begins again.
        if self.answered != Some(request) || frame.key == Handshake::KEY.to_bytes() {
            self.answered = None;
            self.length = machine.answer(&frame, &mut self.answer);
            self.answered = Some(request);
        }
        self.answer.get(..self.length)
    }
}
