//! Authorisation of admin commands: challenge and response over the command's own bytes.
//!
//! The tag is HMAC-SHA256 under the admin key of
//!
//! | bytes | content |
//! |---|---|
//! | 21 | `neural-vault/admin/v1` |
//! | 8 | key of the endpoint |
//! | 32 | nonce, from the token, good for one command whether it succeeds or not |
//! | | the command in postcard's encoding, as it was sent |
//!
//! So a tag authorises one command with its arguments, once, on the token that drew the nonce.

use postcard_schema::Schema;
use postcard_schema::key::Key;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::endpoint::Endpoint;
use super::secret::AdminKey;
use crate::key::hmac_sha256;

/// Bytes of a tag.
pub const TAG_LENGTH: usize = 32;

const LABEL: &[u8] = b"neural-vault/admin/v1";

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

/// The host's side: `command` for endpoint `E`, authorised under `key` for the token that sent `nonce`.
///
/// `None` for a command longer than 128 bytes; the protocol has none.
pub fn authorise<E: Endpoint, T: Serialize>(key: &AdminKey, nonce: &[u8; 32], command: T) -> Option<Authorised<T>> {
    let mut bytes = [0; MAX_COMMAND];
    let encoded = postcard::to_slice(&command, &mut bytes).ok()?;
    let tag = command_tag(key, &E::KEY, nonce, encoded);
    bytes.zeroize();
    Some(Authorised { tag, command })
}

/// The tag of a command's bytes.
pub fn command_tag(key: &AdminKey, endpoint: &Key, nonce: &[u8; 32], command: &[u8]) -> [u8; TAG_LENGTH] {
    hmac_sha256(key.expose_secret(), &[LABEL, &endpoint.to_bytes(), nonce, command])
}
