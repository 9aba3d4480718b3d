//! Frames: a message with its endpoint, its number and its CRC, stuffed for the link.

use core::error::Error;
use core::fmt;

use crc::{CRC_32_ISO_HDLC, Crc, Digest, Table};
use postcard::ser_flavors::Flavor;
use postcard_schema::key::Key;
use serde::{Deserialize, Serialize};

use super::cobs::{Stuffer, unstuff};
use super::fault::{Fault, Refusal};
use super::{HEAD, MAX_FRAME};

static CHECK: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISO_HDLC);

/// A frame whose CRC is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Key of the endpoint, [`Key::to_bytes`].
    pub key: [u8; 8],
    /// Number of the request.
    pub number: u32,
    /// The message in postcard's encoding.
    pub message: &'a [u8],
    /// Its CRC, which with the number tells a repeated request from a new one.
    pub crc: u32,
}

/// Why bytes are not a frame, or a message does not fit one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// The stuffing or the CRC is wrong.
    Damaged,
    /// The frame is longer than [`MAX_FRAME`], or than the buffer it should be written to.
    TooLong,
    /// The message does not decode, or has bytes left over.
    Malformed,
}

/// Writes the frame of a message, its final zero included; returns its length.
///
/// `key` is `E::KEY` of the endpoint, for requests and answers alike; an answer is a [`super::Reply`].
///
/// # Errors
/// The message does not fit `out`; [`MAX_FRAME`] bytes hold every message.
pub fn encode<T: Serialize + ?Sized>(key: &Key, number: u32, message: &T, out: &mut [u8]) -> Result<usize, FrameError> {
    encode_under(key.to_bytes(), number, message, out)
}

/// Writes a refusal of a request whose endpoint is not known, under the key it came with.
///
/// # Errors
/// As [`encode()`].
pub fn encode_refusal(key: [u8; 8], number: u32, refusal: Refusal, out: &mut [u8]) -> Result<usize, FrameError> {
    encode_under(key, number, &Err::<(), Refusal>(refusal), out)
}

fn encode_under<T: Serialize + ?Sized>(
    key: [u8; 8],
    number: u32,
    message: &T,
    out: &mut [u8],
) -> Result<usize, FrameError> {
    let mut writer = Writer { stuffer: Stuffer::new(out), digest: CHECK.digest() };
    let head = writer.try_extend(&key).and_then(|()| writer.try_extend(&number.to_le_bytes()));
    head.and_then(|()| postcard::serialize_with_flavor(message, writer)).map_err(|_| FrameError::TooLong)
}

/// Reads a frame without its final zero, in place.
///
/// # Errors
/// The stuffing or the CRC is wrong.
pub fn decode(frame: &mut [u8]) -> Result<Frame<'_>, FrameError> {
    let plain = unstuff(frame).ok_or(FrameError::Damaged)?;
    let (content, crc) = plain.split_last_chunk::<4>().ok_or(FrameError::Damaged)?;
    let crc = u32::from_le_bytes(*crc);
    if CHECK.checksum(content) != crc {
        return Err(FrameError::Damaged);
    }
    let (key, rest) = content.split_first_chunk::<8>().ok_or(FrameError::Damaged)?;
    let (number, message) = rest.split_first_chunk::<4>().ok_or(FrameError::Damaged)?;
    Ok(Frame { key: *key, number: u32::from_le_bytes(*number), message, crc })
}

impl<'a> Frame<'a> {
    /// Decodes the message.
    ///
    /// # Errors
    /// It is not a `T`, or has bytes left over.
    pub fn read<T: Deserialize<'a>>(&self) -> Result<T, FrameError> {
        match postcard::take_from_bytes(self.message) {
            Ok((message, [])) => Ok(message),
            _ => Err(FrameError::Malformed),
        }
    }
}

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
}

impl Default for Receiver {
    fn default() -> Self {
        Self::new()
    }
}

/// Where postcard writes: every byte goes into the CRC and, stuffed, into the frame.
struct Writer<'b> {
    stuffer: Stuffer<'b>,
    digest: Digest<'static, u32, Table<1>>,
}

impl Flavor for Writer<'_> {
    type Output = usize;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.digest.update(bytes);
        let pushed = bytes.iter().try_for_each(|&byte| self.stuffer.push(byte));
        pushed.ok_or(postcard::Error::SerializeBufferFull)
    }

    fn finalize(mut self) -> postcard::Result<usize> {
        let crc = self.digest.finalize().to_le_bytes();
        let pushed = crc.iter().try_for_each(|&byte| self.stuffer.push(byte));
        pushed.and_then(|()| self.stuffer.finish()).ok_or(postcard::Error::SerializeBufferFull)
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
const _: () = assert!(HEAD == 8 + 4);
