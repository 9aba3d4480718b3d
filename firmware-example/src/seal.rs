//! Sealing of records: Ascon-AEAD128 (NIST SP 800-232) under a key of one board and one generation.
//!
//! The key is derived from the board's secret and the generation whenever a record is sealed or opened, and cleared
//! afterwards: a token that waits keeps no sealing key in memory.
//!
//! The nonce is 16 random bytes, so no counter of nonces has to survive a power cut; among the 2^20 records that a flash
//! can take in its life, two have the same nonce with a probability of 2^-89. The associated data is the record's
//! [`Context`] and the tag of the record that it belongs to, so a record cannot be opened in another place.

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

/// Bytes of a [`Context`].
pub(crate) const CONTEXT: usize = 16;

/// Followed by the generation, 4 bytes little-endian.
///
/// The key is HKDF-Expand's (RFC 5869, 2.3): a uniformly random secret may skip the extraction (3.3).
const INFO: &[u8] = b"neural-vault/token/seal/v2";

/// What a sealed record is, and where it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Context {
    /// Kind of the record.
    pub(crate) kind: u32,
    /// Generation of its key.
    pub(crate) generation: u32,
    /// Number of the change that it records.
    pub(crate) epoch: u32,
    /// Its offset on the flash.
    pub(crate) place: u32,
}

/// The sealing key of one generation; zeroised on drop. The cipher that is made from it for each record is not.
pub(crate) struct Sealer(Zeroizing<[u8; 16]>);

/// A record that was not sealed here, under this key, for this context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotSealed;

impl Sealer {
    /// Derives the key from the board's secret. Copies of both are left on the stack below the caller.
    pub(crate) fn new(secret: &BoardSecret, generation: u32) -> Result<Self, Fault> {
        let mut sealer = Self(Zeroizing::new([0; 16]));
        let expand = Hkdf::<Sha256>::from_prk(secret.expose_secret()).map_err(|_| Fault::SelfTest)?;
        let info = [INFO, &generation.to_le_bytes()];
        expand.expand_multi_info(&info, sealer.0.as_mut_slice()).map_err(|_| Fault::SelfTest)?;
        Ok(sealer)
    }

    fn cipher(&self) -> AsconAead128 {
        AsconAead128::new((&*self.0).into())
    }

    /// Encrypts `text` in place; returns the tag.
    pub(crate) fn seal(
        &self,
        context: Context,
        parent: &[u8; TAG],
        nonce: &[u8; NONCE],
        text: &mut [u8],
    ) -> Option<[u8; TAG]> {
        let associated = context.associated(parent);
        let tag = self.cipher().encrypt_inout_detached(nonce.into(), &associated, text.into()).ok()?;
        Some(tag.into())
    }

    /// Verifies the tag, then decrypts `text` in place; fills it with zeros where that fails.
    pub(crate) fn open(
        &self,
        context: Context,
        parent: &[u8; TAG],
        nonce: &[u8; NONCE],
        text: &mut [u8],
        tag: &[u8; TAG],
    ) -> Result<(), NotSealed> {
        let associated = context.associated(parent);
        let opened = self.cipher().decrypt_inout_detached(nonce.into(), &associated, text.into(), tag.into());
        opened.map_err(|_| NotSealed)
    }
}

impl Context {
    /// Its bytes: four little-endian integers.
    pub(crate) fn to_bytes(self) -> [u8; CONTEXT] {
        let mut bytes = [0; CONTEXT];
        let fields = [self.kind, self.generation, self.epoch, self.place];
        for (word, field) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(fields) {
            *word = field.to_le_bytes();
        }
        bytes
    }

    /// What [`Context::to_bytes`] wrote.
    pub(crate) fn from_bytes(bytes: &[u8; CONTEXT]) -> Self {
        let field = |index: usize| u32::from_le_bytes(bytes.as_chunks::<4>().0[index]);
        Self { kind: field(0), generation: field(1), epoch: field(2), place: field(3) }
    }

    fn associated(self, parent: &[u8; TAG]) -> [u8; CONTEXT + TAG] {
        let mut associated = [0; CONTEXT + TAG];
        let (context, tag) = associated.split_at_mut(CONTEXT);
        context.copy_from_slice(&self.to_bytes());
        tag.copy_from_slice(parent);
        associated
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HERE: Context = Context { kind: 1, generation: 3, epoch: 7, place: 8192 };
    const PARENT: [u8; TAG] = [9; TAG];

    fn sealer(byte: u8, generation: u32) -> Sealer {
        Sealer::new(&BoardSecret::filled_by(|bytes| bytes.fill(byte)).unwrap(), generation).ok().unwrap()
    }

    #[test]
    fn the_key_is_the_first_block_of_hkdf_expand() {
        // Python: hmac.new(bytes(range(32)), b"neural-vault/token/seal/v2\x03\0\0\0\x01", "sha256").digest()[:16]
        const KEY: [u8; 16] =
            [0x56, 0x8b, 0xcf, 0x79, 0x2f, 0x3c, 0x8d, 0x4d, 0xfb, 0xf7, 0x16, 0xbf, 0x32, 0x70, 0xcf, 0xd7];
        let secret = BoardSecret::filled_by(|bytes| *bytes = core::array::from_fn(|i| i as u8)).unwrap();
        let (mut found, mut expected) = ([5; 32], [5; 32]);
        let tag = Sealer::new(&secret, 3).ok().unwrap().seal(HERE, &PARENT, &[2; NONCE], &mut found);
        assert_eq!(tag, Sealer(Zeroizing::new(KEY)).seal(HERE, &PARENT, &[2; NONCE], &mut expected));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_record_opens_only_unchanged_in_its_place_under_its_key() {
        let (this, another, later) = (sealer(1, 3), sealer(2, 3), sealer(1, 4));
        let mut sealed = *b"sixteen bytes ..";
        let tag = this.seal(HERE, &PARENT, &[2; NONCE], &mut sealed).unwrap();
        let open = |sealer: &Sealer, context, parent, nonce, text: [u8; 16], tag| {
            let mut text = text;
            sealer.open(context, &[parent; TAG], &[nonce; NONCE], &mut text, &tag).map(|()| text)
        };
        assert_eq!(open(&this, HERE, 9, 2, sealed, tag), Ok(*b"sixteen bytes .."));
        for sealer in [&another, &later] {
            assert_eq!(open(sealer, HERE, 9, 2, sealed, tag), Err(NotSealed));
        }
        let others = [
            Context { kind: 2, ..HERE },
            Context { generation: 4, ..HERE },
            Context { epoch: 8, ..HERE },
            Context { place: 0, ..HERE },
        ];
        for other in others {
            assert_eq!(open(&this, other, 9, 2, sealed, tag), Err(NotSealed));
        }
        assert_eq!(open(&this, HERE, 8, 2, sealed, tag), Err(NotSealed));
        assert_eq!(open(&this, HERE, 9, 3, sealed, tag), Err(NotSealed));
        for bit in 0..8 * 16 {
            let flip = |mut bytes: [u8; 16]| {
                bytes[bit / 8] ^= 1 << (bit % 8);
                bytes
            };
            assert_eq!(open(&this, HERE, 9, 2, flip(sealed), tag), Err(NotSealed));
            assert_eq!(open(&this, HERE, 9, 2, sealed, flip(tag)), Err(NotSealed));
        }
    }
}
