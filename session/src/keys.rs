//! The token's static key pair, and the fingerprint by which a person knows it.

use core::fmt;

use noise_protocol::DH;
use sha2::{Digest, Sha256};
use zeroize::ZeroizeOnDrop;

use crate::secret::SecretBytes;
use crate::suite::X25519;

const FINGERPRINT_LABEL: &[u8] = b"neural-vault/token/fingerprint/v1";

/// A token's secret X25519 key; zeroised on drop, never printed or compared.
pub struct StaticKey(SecretBytes<32>);

/// A token's public X25519 key, by which hosts know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

/// 128 bits of SHA-256 of a public key, to be compared by a person.
///
/// `Display` shows eight groups of four hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 16]);

impl StaticKey {
    /// Copies 32 bytes from a random source; the caller clears its own.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(SecretBytes::from_bytes(bytes))
    }

    /// The public key; a scalar multiplication.
    pub fn public(&self) -> PublicKey {
        PublicKey(X25519::pubkey(&self.0))
    }

    /// Its 32 bytes. Copies made of them are the caller's to clear.
    pub fn expose_secret(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }
}

impl ZeroizeOnDrop for StaticKey {}

impl PublicKey {
    /// A key as its peer sent it. That it is no weak key shows in the handshake.
    pub const fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(*bytes)
    }

    /// Its 32 bytes, little-endian.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What a person compares.
    pub fn fingerprint(&self) -> Fingerprint {
        let hash: [u8; 32] = Sha256::new().chain_update(FINGERPRINT_LABEL).chain_update(self.0).finalize().into();
        let mut first = [0; 16];
        first.iter_mut().zip(hash).for_each(|(to, byte)| *to = byte);
        Fingerprint(first)
    }
}

impl Fingerprint {
    /// Its 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, [high, low]) in self.0.as_chunks::<2>().0.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{high:02x}{low:02x}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    extern crate std;

    use super::*;
    use std::string::ToString;

    /// A key pair of the vectors of `cacophony`.
    const SECRET: &str = "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893";
    const PUBLIC: &str = "31e0303fd6418d2f8c0e78b91f22e8caed0fbe48656dcf4767e4834f701b8f62";

    fn bytes(hex: &str) -> [u8; 32] {
        hex::decode(hex).unwrap().try_into().unwrap()
    }

    #[test]
    fn a_public_key_belongs_to_its_secret_key() {
        assert_eq!(StaticKey::from_bytes(&bytes(SECRET)).public().as_bytes(), &bytes(PUBLIC));
    }

    #[test]
    fn a_fingerprint_is_the_start_of_a_hash_of_label_and_key_in_groups_of_four() {
        // By Python's hashlib.
        let fingerprint = PublicKey::from_bytes(&bytes(PUBLIC)).fingerprint();
        assert_eq!(fingerprint.to_string(), "6871 8488 7430 8cdc 12da 1368 75cf e733");
        assert_eq!(hex::encode(fingerprint.as_bytes()), "6871848874308cdc12da136875cfe733");
    }
}
