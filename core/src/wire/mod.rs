//! The messages between a host and a token, and their frames on a serial link.
//!
//! # Frames
//! A frame is COBS (Cheshire and Baker 1999) of the bytes below, then a zero byte. COBS keeps zero out of the frame, so
//! a receiver that starts in the middle of a frame finds the next one after a zero.
//!
//! | offset | bytes | content |
//! |---|---|---|
//! | 0 | 1 | kind: 0 handshake, 1 session, 2 refusal in clear |
//! | 1 | 4 | number of the request in its session, little-endian; the answer carries it back |
//! | 5 | | payload |
//! | end - 4 | 4 | CRC-32 (ISO-HDLC, as in zip) of everything before it, little-endian |
//!
//! | kind | payload |
//! |---|---|
//! | handshake | from the host [`Hello`] in postcard's encoding, from the token Noise's second message, which holds [`Welcome`] |
//! | session | sealed: [`Key`] of the endpoint (8 bytes, a hash of its name and of the schema of its request and its answer), then the request, or `Result` of the answer and a [`Refusal`], in postcard's encoding |
//! | refusal | a [`Refusal`] in postcard's encoding, where there is no session to seal it in |
//!
//! # Conversation
//! The host asks and the token answers, one request at a time. Every frame that reaches the token whole is answered.
//!
//! - **Handshake.** A session begins with a Noise handshake of one round trip: NX at first contact, NK when the host knows
//!   the token's key. It replaces any session before, and its scan and enrolment in progress. Without one all else is
//!   refused with [`Fault::HandshakeNeeded`], by which the host learns of a restart. Versions must be equal. [`TABLE`] is a
//!   hash of all endpoints, by which peers learn at once that theirs differ; a request that they do not share is
//!   [`Fault::UnknownEndpoint`].
//! - **Order.** Requests of a session are numbered from 0, and each is sealed for its number; the answer is sealed for the
//!   same. Only the next one is opened: what was altered, left out, repeated or sealed elsewhere is
//!   [`Fault::NotInSession`] and changes nothing.
//! - **Retry.** A host that hears nothing, or nothing whole, sends the same bytes again. The token knows the number and
//!   the CRC of the request it answered last and sends that answer again without acting twice, so a retry never costs an
//!   attempt. An answer that holds a key is sent once: then [`Fault::AnswerGone`]. A frame that arrives damaged is answered
//!   by [`Fault::Damaged`] under number 0.
//! - **Scans** are streamed: [`ScanBegin`] with what the scan is for, then [`ScanChunk`]s numbered from 0, of [`CHUNK`]
//!   values each but for the last, across frame ends. Each is acknowledged by the number of the next. A chunk out of order
//!   is refused with the number expected, and nothing of it is used. A complete scan is held until it is used, or until an
//!   enrolment or a rotation, for which the token opens a prototype in the same memory.
//! - **Embeddings** may be longer than a frame: each [`Embed`] is answered with up to [`PART`] of the components.
//! - **Administration.** A command carries a tag for its place in the session: see [`Authorised`].

mod admin;
mod cobs;
mod endpoint;
mod fault;
mod frame;
mod message;
mod packet;
mod secret;
mod table;

pub use admin::{Authorised, SessionPlace, TAG_LENGTH, authorise, command_tag};
pub use endpoint::{Endpoint, Reply};
pub use fault::{Fault, Refusal};
pub use frame::{Frame, FrameError, Kind, Receiver, decode, encode, encode_refusal};
pub use message::*;
pub use packet::{KEY_LENGTH, Packet, read, write_packet, write_refusal};
pub use postcard_schema::key::Key;
pub use secret::AdminKey;
pub use table::*;

/// Version of the protocol; peers of another do not talk.
pub const VERSION: u16 = 3;

/// What both ends of a handshake mix into it first, so that peers of two protocols share no session.
pub const PROLOGUE: &[u8] = b"neural-vault/token/v3";

/// Values of a scan in one chunk.
pub const CHUNK: usize = 256;

/// Most components of an embedding in one answer.
pub const PART: usize = 128;

/// Bytes before a frame's payload: kind and number.
pub const HEAD: usize = 5;

/// Bytes that sealing adds to a packet.
pub const SEAL: usize = 16;

/// Longest packet in bytes: the endpoint's key, and a full chunk with its number and length.
pub const MAX_PACKET: usize = KEY_LENGTH + 5 + 2 + 4 * CHUNK;

/// Longest frame on the link in bytes, its zero included.
pub const MAX_FRAME: usize = {
    let plain = HEAD + MAX_PACKET + SEAL + 4;
    plain + plain / 254 + 1 + 1
};
