//! Frames: a payload with its kind, its number and its CRC, stuffed for the link.

use core::error::Error;
use core::fmt;

use crc::{CRC_32_ISO_HDLC, Crc, Table};
use zeroize::Zeroize;

use super::cobs::{Stuffer, unstuff};
use super::fault::{Fault, Refusal};
use super::{HEAD, MAX_FRAME};

static CHECK: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISO_HDLC);

/// What a frame's payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message of the handshake: the host's [`super::Hello`], or the token's Noise message.
    Handshake,
    /// A sealed [`super::Packet`] of a session.
    Session,
    /// A [`Refusal`] in clear: there is no session to seal it in. Whoever is on the link can forge it.
    Refusal,
}

/// A frame whose CRC is right. The CRC detects noise on the line, and nothing else.
#[derive(Debug)]
pub struct Frame<'a> {
    /// What the payload is.
    pub kind: Kind,
    /// Number of the request in its session, which the answer repeats; 0 where there is none.
    pub number: u32,
    /// The payload, which may be opened in place.
    pub payload: &'a mut [u8],
    /// Its CRC, which with the number tells a repeated request from a new one.
    pub crc: u32,
}

/// Why bytes are not a frame, or a message does not fit one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// The stuffing, the CRC or the kind is wrong.
    Damaged,
    /// The frame is longer than [`MAX_FRAME`], or than the buffer it should be written to.
    TooLong,
    /// The message does not decode, or has bytes left over.
    Malformed,
}

/// Writes a frame, its final zero included; returns its length.
///
/// # Errors
/// The frame does not fit `out`; [`MAX_FRAME`] bytes hold every frame.
pub fn encode(kind: Kind, number: u32, payload: &[u8], out: &mut [u8]) -> Result<usize, FrameError> {
    let (mut stuffer, mut digest) = (Stuffer::new(out), CHECK.digest());
    for piece in [&[kind.code()][..], &number.to_le_bytes(), payload] {
        digest.update(piece);
        piece.iter().try_for_each(|&byte| stuffer.push(byte)).ok_or(FrameError::TooLong)?;
    }
    let crc = digest.finalize().to_le_bytes();
    crc.iter().try_for_each(|&byte| stuffer.push(byte)).ok_or(FrameError::TooLong)?;
    stuffer.finish().ok_or(FrameError::TooLong)
}

/// Writes a refusal in clear.
///
/// # Errors
/// As [`encode()`].
pub fn encode_refusal(number: u32, refusal: Refusal, out: &mut [u8]) -> Result<usize, FrameError> {
    let mut payload = [0; REFUSAL];
    let payload = postcard::to_slice(&refusal, &mut payload).map_err(|_| FrameError::TooLong)?;
    encode(Kind::Refusal, number, payload, out)
}

/// Reads a frame without its final zero, in place.
///
/// # Errors
/// The stuffing, the CRC or the kind is wrong.
pub fn decode(frame: &mut [u8]) -> Result<Frame<'_>, FrameError> {
    let plain = unstuff(frame).ok_or(FrameError::Damaged)?;
    let (content, crc) = plain.split_last_chunk_mut::<4>().ok_or(FrameError::Damaged)?;
    let crc = u32::from_le_bytes(*crc);
    if CHECK.checksum(content) != crc {
        return Err(FrameError::Damaged);
    }
    let ([kind], rest) = content.split_first_chunk_mut::<1>().ok_or(FrameError::Damaged)?;
    let kind = Kind::from_code(*kind).ok_or(FrameError::Damaged)?;
    let (number, payload) = rest.split_first_chunk_mut::<4>().ok_or(FrameError::Damaged)?;
    Ok(Frame { kind, number: u32::from_le_bytes(*number), payload, crc })
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Self::Handshake => 0,
            Self::Session => 1,
            Self::Refusal => 2,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        [Self::Handshake, Self::Session, Self::Refusal].into_iter().find(|kind| kind.code() == code)
    }
}

/// Longest encoding of a [`Refusal`]: varints of a u16 and a u32.
const REFUSAL: usize = 3 + 5;

/// Gathers the bytes of a link into frames.
pub struct Receiver {
    buffer: [u8; MAX_FRAME],
    length: usize,
}

impl Receiver {
    /// Nothing gathered yet.
    pub const fn new() -> Self {
        Self { buffer: [0; MAX_FRAME], length: 0 }
    }

    /// Takes the next byte; at the end of a frame, gives the bytes of the frame for [`decode`].
    ///
    /// Zeros between frames are skipped.
    ///
    /// # Errors
    /// The frame that ends here was longer than [`MAX_FRAME`]; nothing of it was kept.
    pub fn push(&mut self, byte: u8) -> Option<Result<&mut [u8], FrameError>> {
        if byte != 0 {
            if let Some(slot) = self.buffer.get_mut(self.length) {
                *slot = byte;
            }
            self.length = self.length.saturating_add(1);
            return None;
        }
        match core::mem::take(&mut self.length) {
            0 => None,
            length => Some(self.buffer.get_mut(..length).ok_or(FrameError::TooLong)),
        }
    }

    /// Clears the buffer, in which a frame that was opened in place is in clear.
    pub fn clear(&mut self) {
        self.buffer.zeroize();
        self.length = 0;
    }
}

impl Default for Receiver {
    fn default() -> Self {
        Self::new()
    }
}

impl From<FrameError> for Refusal {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Damaged => Fault::Damaged,
            FrameError::TooLong => Fault::TooLong,
            FrameError::Malformed => Fault::Malformed,
        }
        .into()
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Damaged => "frame is damaged",
            Self::TooLong => "frame is too long",
            Self::Malformed => "message does not decode",
        })
    }
}

impl Error for FrameError {}

// The head is two chunks that `decode` splits off one by one.
const _: () = assert!(HEAD == 1 + 4);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_that_is_cleared_holds_no_byte_of_a_frame() {
        let mut receiver = Receiver::new();
        for byte in [7, 8, 9] {
            assert!(receiver.push(byte).is_none());
        }
        assert_eq!(receiver.buffer[..3], [7, 8, 9]);
        receiver.clear();
        assert_eq!((receiver.buffer, receiver.length), ([0; MAX_FRAME], 0));
    }
}
