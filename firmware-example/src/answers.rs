//! Answers to frames: a handshake or a request of the session is answered once, a repeated frame by the same bytes.

use neural_vault_core::wire::{
    Fault, Frame, HEAD, KEY_LENGTH, Kind, PART, Packet, Refusal, SEAL, answers_with_a_key, encode,
};
use zeroize::Zeroize;

use crate::board::Board;
use crate::machine::Machine;

/// Longest packet of an answer: a part of an embedding, with the variant of its `Result` and its length.
const LONGEST_PACKET: usize = KEY_LENGTH + 1 + 2 + 4 * PART;

/// Longest answer as a frame.
const LONGEST_FRAME: usize = {
    let plain = HEAD + LONGEST_PACKET + SEAL + 4;
    plain + plain / 254 + 2
};

/// First byte of an answer's message when it is a refusal: the variant of its `Result`.
const REFUSAL: u8 = 1;

/// The answer to the latest frame that was answered.
pub(crate) struct Answers {
    /// The answer's packet, which is sealed in place.
    packet: [u8; LONGEST_PACKET + SEAL],
    frame: [u8; LONGEST_FRAME],
    length: usize,
    answered: Option<Request>,
    /// Whether the answer holds a key. It is sent once.
    holds_a_key: bool,
}

/// A request, by what tells it from others.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Request {
    /// A [`Kind`] as its number: with the enum, empty memory would not be all zeros, and its copy would take flash.
    kind: u8,
    number: u32,
    crc: u32,
}

impl Answers {
    pub(crate) const fn new() -> Self {
        let (packet, frame) = ([0; LONGEST_PACKET + SEAL], [0; LONGEST_FRAME]);
        Self { packet, frame, length: 0, answered: None, holds_a_key: false }
    }

    /// The frame that answers `frame`.
    ///
    /// # Errors
    /// A refusal in clear: nothing was done, and the latest answer can still be asked for again.
    pub(crate) fn reply<B: Board>(&mut self, frame: Frame<'_>, machine: &mut Machine<'_, B>) -> Result<&[u8], Refusal> {
        let (kind, number) = (frame.kind, frame.number);
        let request = Request { kind: kind as u8, number, crc: frame.crc };
        if self.answered == Some(request) {
            return if self.holds_a_key { Err(Fault::AnswerGone.into()) } else { self.sent() };
        }
        if self.holds_a_key {
            self.frame.zeroize();
        }
        let length = match frame.kind {
            Kind::Handshake => {
                let length = machine.handshake(frame.payload, &mut self.packet)?;
                self.holds_a_key = false;
                length
            }
            Kind::Session => {
                let request = machine.opened(frame.number, frame.payload)?;
                let length = machine.answer(frame.number, request, &mut self.packet);
                self.holds_a_key = holds_a_key(&self.packet);
                machine.sealed(&mut self.packet, length)
            }
            Kind::Refusal => return Err(Fault::Malformed.into()),
        };
        self.answered = Some(request);
        self.length = framed((kind, number), &self.packet, length, &mut self.frame);
        self.sent()
    }

    /// The frame at the start of its buffer.
    fn sent(&self) -> Result<&[u8], Refusal> {
        self.frame.get(..self.length).ok_or(Fault::AnswerGone.into())
    }
}

/// Whether an answer that is not yet sealed is a key and no refusal.
fn holds_a_key(packet: &[u8]) -> bool {
    let Ok(Packet { key, message }) = Packet::split(packet) else {
        return true;
    };
    answers_with_a_key(key) && message.first() != Some(&REFUSAL)
}

/// The frame of an answer; returns its length. An answer that does not fit is a mistake of this program, which then panics.
/// Never inlined, so that the list of panics names this function.
#[inline(never)]
fn framed((kind, number): (Kind, u32), packet: &[u8], length: usize, frame: &mut [u8]) -> usize {
    let payload = packet.get(..length);
    let written = payload.and_then(|payload| encode(kind, number, payload, frame).ok());
    #[expect(clippy::expect_used, reason = "the frame's buffer is as long as the longest answer's frame")]
    written.expect("an answer fits its frame")
}

#[cfg(test)]
mod tests {
    use neural_vault_core::wire::{Embed, Embedding, Endpoint, Reply, write_packet};

    use super::*;

    #[test]
    fn the_longest_answer_has_its_length() {
        let answer: Reply<'_, Embed> = Ok(Embedding { components: &[0xff; 4 * PART] });
        assert_eq!(write_packet(&Embed::KEY, &answer, &mut [0; 1024]), Ok(LONGEST_PACKET));
    }

    #[test]
    fn the_longest_frame_has_its_length() {
        // Bytes without a zero are stuffed most often.
        let packet = [0xff; LONGEST_PACKET + SEAL];
        assert_eq!(encode(Kind::Session, u32::MAX, &packet, &mut [0; 1024]), Ok(LONGEST_FRAME));
    }
}
