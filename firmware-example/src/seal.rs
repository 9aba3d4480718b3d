//! Sealing of records: Ascon-AEAD128 (NIST SP 800-232) under a key derived from the board's secret.
//!
//! The nonce is 16 random bytes, so no counter of nonces has to survive a power cut; among the 2^20 records that a flash
//! can take in its life, two have the same nonce with a probability of 2^-89. The associated data is the record's kind and
//! epoch, so a record cannot be opened in another place.

use ascon_aead::AsconAead128;
use ascon_aead::aead::{AeadInOut, KeyInit};
use hkdf::Hkdf;
use neural_vault_core::wire::Fault;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::board::BoardSecret;

/// Bytes of a nonce.
pub(crate) const NONCE: usize = 16;

/// Bytes of a tag.
pub(crate) const TAG: usize = 16;

/// The key is HKDF-Expand's (RFC 5869, 2.3): a uniformly random secret may skip the extraction (3.3).
const INFO: &[u8] = b"neural-vault/token/seal/v1";

/// The kind of a sealed record, and its place in the order of records.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// Kind of the record.
    pub(crate) kind: u32,
    /// Number of the change that it records.
    pub(crate) epoch: u32,
}

/// The sealing key; zeroised on drop. The cipher that is made from it for each record is not.
pub(crate) struct Sealer(Zeroizing<[u8; 16]>);

/// A record that was not sealed here, under this key, for this place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotSealed;

impl Sealer {
    /// Derives the key from the board's secret. Copies of both are left on the stack below the caller.
    pub(crate) fn new(secret: &BoardSecret) -> Result<Self, Fault> {
        let mut sealer = Self(Zeroizing::new([0; 16]));
        let expand = Hkdf::<Sha256>::from_prk(secret.expose_secret()).map_err(|_| Fault::SelfTest)?;
        expand.expand(INFO, sealer.0.as_mut_slice()).map_err(|_| Fault::SelfTest)?;
        Ok(sealer)
    }

    fn cipher(&self) -> AsconAead128 {
        AsconAead128::new((&*self.0).into())
    }

    /// Encrypts `text` in place; returns the tag.
    pub(crate) fn seal(&self, place: Place, nonce: &[u8; NONCE], text: &mut [u8]) -> Option<[u8; TAG]> {
        let tag = self.cipher().encrypt_inout_detached(nonce.into(), &place.associated(), text.into()).ok()?;
        Some(tag.into())
    }

    /// Verifies the tag, then decrypts `text` in place.
    pub(crate) fn open(
        &self,
        place: Place,
        nonce: &[u8; NONCE],
        text: &mut [u8],
        tag: &[u8; TAG],
    ) -> Result<(), NotSealed> {
        let opened = self.cipher().decrypt_inout_detached(nonce.into(), &place.associated(), text.into(), tag.into());
        opened.map_err(|_| NotSealed)
    }
}

impl Place {
    fn associated(self) -> [u8; 8] {
        let ([a, b, c, d], [e, f, g, h]) = (self.kind.to_le_bytes(), self.epoch.to_le_bytes());
        [a, b, c, d, e, f, g, h]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const PLACE: Place = Place { kind: 1, epoch: 7 };

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(&BoardSecret::filled_by(|bytes| bytes.fill(byte)).unwrap()).ok().unwrap()
    }

    #[test]
    fn the_key_is_the_first_block_of_hkdf_expand() {
        // Python: hmac.new(bytes(range(32)), b"neural-vault/token/seal/v1\x01", "sha256").digest()[:16]
        const KEY: [u8; 16] =
            [0x70, 0xb1, 0xb5, 0xc6, 0x74, 0xa6, 0xf6, 0x76, 0x2d, 0x39, 0x4e, 0x5b, 0x99, 0x95, 0x6e, 0x74];
        let secret = BoardSecret::filled_by(|bytes| *bytes = core::array::from_fn(|i| i as u8)).unwrap();
        let (mut found, mut expected) = ([5; 32], [5; 32]);
        let tag = Sealer::new(&secret).ok().unwrap().seal(PLACE, &[2; NONCE], &mut found);
        assert_eq!(tag, Sealer(Zeroizing::new(KEY)).seal(PLACE, &[2; NONCE], &mut expected));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_record_opens_only_unchanged_in_its_place_under_its_key() {
        let (sealer, other) = (sealer(1), sealer(2));
        let mut sealed = *b"sixteen bytes ..";
        let tag = sealer.seal(PLACE, &[2; NONCE], &mut sealed).unwrap();
        let open = |sealer: &Sealer, place, nonce, text: [u8; 16], tag| {
            let mut text = text;
            sealer.open(place, &[nonce; NONCE], &mut text, &tag).map(|()| text)
        };
        assert_eq!(open(&sealer, PLACE, 2, sealed, tag), Ok(*b"sixteen bytes .."));
        assert_eq!(open(&other, PLACE, 2, sealed, tag), Err(NotSealed));
        assert_eq!(open(&sealer, Place { epoch: 8, ..PLACE }, 2, sealed, tag), Err(NotSealed));
        assert_eq!(open(&sealer, Place { kind: 2, ..PLACE }, 2, sealed, tag), Err(NotSealed));
        assert_eq!(open(&sealer, PLACE, 3, sealed, tag), Err(NotSealed));
        for bit in 0..8 * 16 {
            let flip = |mut bytes: [u8; 16]| {
                bytes[bit / 8] ^= 1 << (bit % 8);
                bytes
            };
            assert_eq!(open(&sealer, PLACE, 2, flip(sealed), tag), Err(NotSealed));
            assert_eq!(open(&sealer, PLACE, 2, sealed, flip(tag)), Err(NotSealed));
        }
    }
}
