//! HMAC-SHA256, compiled once for all that uses it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The HMAC of `message`; there is one under keys of any length.
#[inline(never)]
pub(crate) fn mac(key: &[u8], message: &[u8]) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(message);
    Some(mac.finalize().into_bytes().into())
}
