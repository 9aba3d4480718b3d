//! The messages between a host and a token, and their frames on a serial link.
//!
//! # Frames
//! A frame is COBS (Cheshire and Baker 1999) of the bytes below, then a zero byte. COBS keeps zero out of the frame, so
//! a receiver that starts in the middle of a frame finds the next one after a zero.
//!
//! | offset | bytes | content |
//! |---|---|---|
//! | 0 | 8 | [`Key`] of the endpoint: a hash of its name and of the schema of its request and its answer |
//! | 8 | 4 | number of the request, little-endian, chosen by the host; the answer carries it back |
//! | 12 | | message in postcard's encoding: the request, or `Result` of the answer and a [`Refusal`] |
//! | end - 4 | 4 | CRC-32 (ISO-HDLC, as in zip) of everything before it, little-endian |
//!
//! # Conversation
//! The host asks and the token answers, one request at a time. Every frame that reaches the token whole is answered.
//!
//! - **Handshake.** [`Handshake`] comes first after every start of the token and of the host; without it all else is
//!   refused with [`Fault::HandshakeNeeded`], by which the host learns of a restart. Versions must be equal. [`TABLE`] is a
//!   hash of all endpoints, by which peers learn at once that theirs differ; a request that they do not share is
//!   [`Fault::UnknownEndpoint`].
//! - **Retry.** A host that hears nothing, or nothing whole, sends the same frame again. The token knows the number and
//!   the CRC of the request it answered last and sends that answer again without acting twice, so a retry never costs an
//!   attempt. A frame that arrives damaged is answered by [`Fault::Damaged`] under number 0 and a zero key.
//! - **Scans** are streamed: [`ScanBegin`], then [`ScanChunk`]s numbered from 0, of [`CHUNK`] values each but for the
//!   last, across frame ends. Each is acknowledged by the number of the next. A chunk out of order is refused with the
//!   number expected, and nothing of it is used.
//! - **Administration.** [`Nonce`], then the command with its tag: see [`Authorised`].

mod admin;
mod cobs;
mod endpoint;
mod fault;
mod frame;
mod message;
mod secret;
mod table;

pub use admin::{Authorised, TAG_LENGTH, authorise, command_tag};
pub use endpoint::{Endpoint, Reply};
pub use fault::{Fault, Refusal};
pub use frame::{Frame, FrameError, Receiver, decode, encode, encode_refusal};
pub use message::*;
pub use postcard_schema::key::Key;
pub use secret::AdminKey;
pub use table::*;

/// Version of the protocol; peers of another do not talk.
pub const VERSION: u16 = 1;

/// Values of a scan in one chunk.
pub const CHUNK: usize = 256;

/// Bytes before a frame's message: key and number.
pub const HEAD: usize = 12;

/// Longest message in bytes: a full chunk with its number and length.
pub const MAX_MESSAGE: usize = 5 + 2 + 4 * CHUNK;

/// Longest frame on the link in bytes, its zero included.
pub const MAX_FRAME: usize = {
    let plain = HEAD + MAX_MESSAGE + 4;
    plain + plain / 254 + 1 + 1
};
