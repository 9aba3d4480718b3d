//! Authorisation of admin commands: a tag over the session, the place in it and the command's own bytes.
//!
//! The tag is HMAC-SHA256 under the admin key of
//!
//! | bytes | content |
//! |---|---|
//! | 21 | `neural-vault/admin/v2` |
//! | 32 | hash of the session's handshake, which the token's static key and both random keys went into |
//! | 4 | number of the request in its session, little-endian |
//! | 8 | key of the endpoint |
//! | | the command in postcard's encoding, as it was sent |
//!
//! So a tag authorises one command with its arguments, once, on one token, and no longer than the session lasts.

use postcard_schema::Schema;
use postcard_schema::key::Key;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::endpoint::Endpoint;
use super::secret::AdminKey;
use crate::key::hmac_sha256;

/// Bytes of a tag.
pub const TAG_LENGTH: usize = 32;

const LABEL: &[u8] = b"neural-vault/admin/v2";

/// Longest admin command in bytes.
const MAX_COMMAND: usize = 128;

/// A command with the tag that authorises it; the tag's bytes come first.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize, Schema)]
pub struct Authorised<T> {
    /// Made by [`authorise`].
    pub tag: [u8; TAG_LENGTH],
    /// What to do.
    pub command: T,
}

/// Where in a session a command is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionPlace<'a> {
    /// Hash of the session's handshake.
    pub session: &'a [u8; 32],
    /// Number of the request that carries the command.
    pub number: u32,
}

/// The host's side: `command` for endpoint `E`, authorised under `key` for this place.
///
/// `None` for a command longer than 128 bytes; the protocol has none.
pub fn authorise<E: Endpoint, T: Serialize>(
    key: &AdminKey,
    place: SessionPlace<'_>,
    command: T,
) -> Option<Authorised<T>> {
    let mut bytes = [0; MAX_COMMAND];
    let encoded = postcard::to_slice(&command, &mut bytes).ok()?;
    let tag = command_tag(key, &E::KEY, place, encoded);
    bytes.zeroize();
    Some(Authorised { tag, command })
}

/// The tag of a command's bytes.
pub fn command_tag(key: &AdminKey, endpoint: &Key, place: SessionPlace<'_>, command: &[u8]) -> [u8; TAG_LENGTH] {
    let number = place.number.to_le_bytes();
    hmac_sha256(key.expose_secret(), &[LABEL, place.session, &number, &endpoint.to_bytes(), command])
}
