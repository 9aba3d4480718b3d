//! The primitives of `Noise_*_25519_ChaChaPoly_SHA256`, by RustCrypto and dalek.

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce, Tag};
use noise_protocol::{Cipher, DH, Hash, U8Array};
use sha2::{Digest, Sha256};
use x25519_dalek::{PublicKey, StaticSecret, X25519_BASEPOINT_BYTES};

use crate::secret::SecretBytes;

/// Bytes that sealing adds to a message.
pub const TAG_LENGTH: usize = 16;

/// X25519 (RFC 7748).
pub(crate) enum X25519 {}

/// ChaCha20-Poly1305 (RFC 8439) with Noise's nonce: four zeros and the number in little-endian.
pub(crate) enum ChaChaPoly {}

/// SHA-256.
#[derive(Default)]
pub(crate) struct Sha(Sha256);

impl DH for X25519 {
    type Key = SecretBytes<32>;
    type Pubkey = [u8; 32];
    type Output = SecretBytes<32>;

    fn name() -> &'static str {
        "25519"
    }

    /// Never called: the ephemeral key is always given, as this crate has no random source.
    fn genkey() -> Self::Key {
        unreachable!("the ephemeral key is given")
    }

    /// By the same ladder as [`Self::dh`], so that a token holds no second way to multiply.
    fn pubkey(key: &Self::Key) -> Self::Pubkey {
        let secret = StaticSecret::from(*key.expose_secret());
        secret.diffie_hellman(&PublicKey::from(X25519_BASEPOINT_BYTES)).to_bytes()
    }

    fn dh(key: &Self::Key, public: &Self::Pubkey) -> Result<Self::Output, ()> {
        let shared = StaticSecret::from(*key.expose_secret()).diffie_hellman(&PublicKey::from(*public));
        // Noise allows the zero that a point of small order gives; an attacker would know the shared secret.
        if shared.was_contributory() { Ok(SecretBytes::from_bytes(shared.as_bytes())) } else { Err(()) }
    }
}

impl Cipher for ChaChaPoly {
    type Key = SecretBytes<32>;

    fn name() -> &'static str {
        "ChaChaPoly"
    }

    fn encrypt(key: &Self::Key, number: u64, associated: &[u8], plain: &[u8], out: &mut [u8]) {
        match out.split_at_mut_checked(plain.len()) {
            Some((start, _)) => start.copy_from_slice(plain),
            None => return out.fill(0),
        }
        Self::encrypt_in_place(key, number, associated, out, plain.len());
    }

    fn encrypt_in_place(
        key: &Self::Key,
        number: u64,
        associated: &[u8],
        in_out: &mut [u8],
        plain_length: usize,
    ) -> usize {
        let sealed = in_out.split_at_mut_checked(plain_length).and_then(|(message, rest)| {
            let place = rest.first_chunk_mut::<TAG_LENGTH>()?;
            let tag = cipher(key).encrypt_inout_detached(&nonce(number), associated, message.into()).ok()?;
            *place = tag.into();
            Some(plain_length + TAG_LENGTH)
        });
        sealed.unwrap_or_else(|| {
            // Callers have checked the lengths. Were it otherwise, the plain text must not be sent.
            in_out.fill(0);
            0
        })
    }

    fn decrypt(key: &Self::Key, number: u64, associated: &[u8], sealed: &[u8], out: &mut [u8]) -> Result<(), ()> {
        let (message, tag) = sealed.split_last_chunk::<TAG_LENGTH>().ok_or(())?;
        if message.len() != out.len() {
            return Err(());
        }
        out.copy_from_slice(message);
        open(key, number, associated, out, tag)
    }

    fn decrypt_in_place(
        key: &Self::Key,
        number: u64,
        associated: &[u8],
        in_out: &mut [u8],
        sealed_length: usize,
    ) -> Result<usize, ()> {
        let sealed = in_out.get_mut(..sealed_length).ok_or(())?;
        let (message, tag) = sealed.split_last_chunk_mut::<TAG_LENGTH>().ok_or(())?;
        open(key, number, associated, message, tag)?;
        Ok(message.len())
    }
}

/// Decrypts a message in place once its tag is found right; otherwise it stays as it is.
fn open(
    key: &SecretBytes<32>,
    number: u64,
    associated: &[u8],
    message: &mut [u8],
    tag: &[u8; TAG_LENGTH],
) -> Result<(), ()> {
    let tag = Tag::from(*tag);
    cipher(key).decrypt_inout_detached(&nonce(number), associated, message.into(), &tag).map_err(|_| ())
}

fn cipher(key: &SecretBytes<32>) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(key.expose_secret().into())
}

fn nonce(number: u64) -> Nonce {
    let [a, b, c, d, e, f, g, h] = number.to_le_bytes();
    Nonce::from([0, 0, 0, 0, a, b, c, d, e, f, g, h])
}

impl Hash for Sha {
    // Both secret: HMAC's padded key, and the chaining key.
    type Block = SecretBytes<64>;
    type Output = SecretBytes<32>;

    fn name() -> &'static str {
        "SHA256"
    }

    fn input(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn result(&mut self) -> Self::Output {
        let mut hash = SecretBytes::new();
        Digest::finalize_into_reset(&mut self.0, hash.expose_secret_mut().into());
        hash
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
