//! Packets: what a session carries, an endpoint's key and one message in postcard's encoding.

use postcard_schema::key::Key;
use serde::{Deserialize, Serialize};

use super::fault::Refusal;
use super::frame::FrameError;

/// Bytes of an endpoint's key, before the message.
pub const KEY_LENGTH: usize = 8;

/// A packet that was split, its message not yet decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Key of the endpoint, [`Key::to_bytes`].
    pub key: [u8; KEY_LENGTH],
    /// The message in postcard's encoding: a request, or a [`super::Reply`].
    pub message: &'a [u8],
}

/// Writes a packet; returns its length.
///
/// `key` is `E::KEY` of the endpoint, for requests and answers alike; an answer is a [`super::Reply`].
///
/// # Errors
/// The message does not fit `out`; [`super::MAX_PACKET`] bytes hold every message.
pub fn write_packet<T: Serialize + ?Sized>(key: &Key, message: &T, out: &mut [u8]) -> Result<usize, FrameError> {
    write_under(key.to_bytes(), message, out)
}

/// Writes a refusal of a request whose endpoint is not known, under the key it came with.
///
/// # Errors
/// As [`write_packet`].
pub fn write_refusal(key: [u8; KEY_LENGTH], refusal: Refusal, out: &mut [u8]) -> Result<usize, FrameError> {
    write_under(key, &Err::<(), Refusal>(refusal), out)
}

fn write_under<T: Serialize + ?Sized>(key: [u8; KEY_LENGTH], message: &T, out: &mut [u8]) -> Result<usize, FrameError> {
    let (head, rest) = out.split_first_chunk_mut().ok_or(FrameError::TooLong)?;
    *head = key;
    let written = postcard::to_slice(message, rest).map_err(|_| FrameError::TooLong)?;
    Ok(KEY_LENGTH + written.len())
}

impl<'a> Packet<'a> {
    /// Splits the bytes of a packet.
    ///
    /// # Errors
    /// They are too few.
    pub fn split(bytes: &'a [u8]) -> Result<Self, FrameError> {
        let (key, message) = bytes.split_first_chunk().ok_or(FrameError::Malformed)?;
        Ok(Self { key: *key, message })
    }

    /// Decodes the message.
    ///
    /// # Errors
    /// It is not a `T`, or has bytes left over.
    pub fn read<T: Deserialize<'a>>(&self) -> Result<T, FrameError> {
        read(self.message)
    }
}

/// Decodes a message in postcard's encoding.
///
/// # Errors
/// It is not a `T`, or has bytes left over.
pub fn read<'a, T: Deserialize<'a>>(message: &'a [u8]) -> Result<T, FrameError> {
    match postcard::take_from_bytes(message) {
        Ok((message, [])) => Ok(message),
        _ => Err(FrameError::Malformed),
    }
}
