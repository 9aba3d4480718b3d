//! The token's end of the link: gathers frames, answers each, and leaves no secret in its buffers.

use neural_vault_core::key::CLEARED_STACK;
use neural_vault_core::wire::{Receiver, Refusal, decode, encode_refusal};
use zeroize::zeroize_stack;

use crate::answers::Answers;
use crate::board::Board;
use crate::machine::Machine;

/// Longest refusal in clear as a frame.
const LONGEST_REFUSAL: usize = 24;

/// Buffers of the link.
pub(crate) struct Link {
    receiver: Receiver,
    answers: Answers,
    /// Separate, so that a damaged frame does not overwrite an answer that the host may ask for again.
    refusal: [u8; LONGEST_REFUSAL],
}

impl Link {
    pub(crate) const fn new() -> Self {
        Self { receiver: Receiver::new(), answers: Answers::new(), refusal: [0; LONGEST_REFUSAL] }
    }

    /// Takes the next byte; at the end of a frame, returns the bytes to send.
    pub(crate) fn push<B: Board>(&mut self, byte: u8, machine: &mut Machine<'_, B>) -> Option<&[u8]> {
        let Self { receiver, answers, refusal } = self;
        let received = receiver.push(byte)?;
        let (number, answer) = match received.and_then(decode) {
            Ok(frame) => (frame.number, answers.reply(frame, machine)),
            Err(error) => (0, Err(error.into())),
        };
        receiver.clear();
        zeroize_stack::<CLEARED_STACK>();
        Some(answer.unwrap_or_else(|reason| refused(number, reason, refusal)))
    }
}

/// The frame of a refusal in clear. One that does not fit is a mistake of this program, which then panics.
/// Never inlined, so that the list of panics names this function.
#[inline(never)]
fn refused(number: u32, reason: Refusal, buffer: &mut [u8; LONGEST_REFUSAL]) -> &[u8] {
    let length = encode_refusal(number, reason, buffer);
    #[expect(clippy::expect_used, reason = "the buffer is as long as the longest refusal")]
    length.ok().and_then(|length| buffer.get(..length)).expect("a refusal fits its buffer")
}
