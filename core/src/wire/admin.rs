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
//! So a tag is worth nothing for another command, other arguments, another token or a second time.

use hmac::{Hmac, KeyInit, Mac};
use postcard_schema::Schema;
use postcard_schema::key::Key;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::endpoint::Endpoint;

/// Bytes of a tag.
pub const TAG_LENGTH: usize = 32;

const LABEL: &[u8] = b"neural-vault/admin/v1";

/// Longest admin command in bytes.
const MAX_COMMAND: usize = 128;

/// The 256-bit key of a token's administrator; zeroised on drop, compared in constant time, never printed.
pub struct AdminKey([u8; 32]);

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
/// `None` for a command longer than 128 bytes, which none is.
pub fn authorise<E: Endpoint, T: Serialize>(key: &AdminKey, nonce: &[u8; 32], command: T) -> Option<Authorised<T>> {
    let mut bytes = [0; MAX_COMMAND];
    let encoded = postcard::to_slice(&command, &mut bytes).ok()?;
    let tag = command_tag(key, &E::KEY, nonce, encoded)?;
    bytes.zeroize();
    Some(Authorised { tag, command })
}

/// The tag of a command's bytes; `None` never, as HMAC takes keys of any length.
pub fn command_tag(key: &AdminKey, endpoint: &Key, nonce: &[u8; 32], command: &[u8]) -> Option<[u8; TAG_LENGTH]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.0).ok()?;
    mac.update(LABEL);
    mac.update(&endpoint.to_bytes());
    mac.update(nonce);
    mac.update(command);
    Some(mac.finalize().into_bytes().into())
}

impl AdminKey {
    /// Takes the key's bytes. The caller clears its own copy.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key's bytes. Copies made of them are the caller's to clear.
    pub fn expose_secret(&self) -> &[u8; 32] {
        &self.0
    }
}

impl ConstantTimeEq for AdminKey {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl Drop for AdminKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for AdminKey {}
