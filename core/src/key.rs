//! Key derivation from a prototype: the reference's scheme v1 and the device-bound v2.
//!
//! Both are HKDF-SHA256 (RFC 5869) over the prototype's int16 codes, little-endian, 2 bytes a component:
//!
//! | | v1 | v2 |
//! |---|---|---|
//! | salt | none | device secret, 32 bytes |
//! | codes of | the prototype as stored | the prototype scaled to unit length |
//! | info | `neural-vault-few-shot-v1` | `neural-vault/v2`, model digest (32), enrolment id (16), application label |
//! | whoever reads the prototype | has the key | still lacks the device secret |

use core::error::Error;
use core::fmt;

use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::mac::{MacKey, clear_stack};
use crate::quantize::{QuantizeError, quantize_scaled};
use crate::similarity::{SimilarityError, norm};

/// Most components a prototype may have.
pub const MAX_LATENT: usize = 512;

/// Longest key in bytes: 255 blocks of SHA-256 (RFC 5869, 2.3).
pub const MAX_KEY_LENGTH: usize = 255 * 32;

const INFO_V1: &[u8] = b"neural-vault-few-shot-v1";
const INFO_V2: &[u8] = b"neural-vault/v2";

/// Components whose codes are hashed at once.
const BLOCK: usize = 128;

/// A 256-bit key; zeroised on drop, compared in constant time, never printed.
pub struct DerivedKey([u8; 32]);

impl DerivedKey {
    /// The key's bytes. Copies made of them are the caller's to clear.
    pub fn expose_secret(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The 256-bit secret of one device; zeroised on drop, never printed or compared.
///
/// It is kept as HMAC's states under it, which are as secret and which each derivation would compute anew.
/// It must come from a random generator, be unique to the device and leave it never. It carries the cryptographic
/// strength of scheme v2.
pub struct DeviceSecret(MacKey);

impl DeviceSecret {
    /// Takes the secret's bytes. The caller clears its own copy.
    pub fn from_bytes(mut bytes: [u8; 32]) -> Self {
        let secret = Self(MacKey::new(&bytes));
        bytes.zeroize();
        clear_stack();
        secret
    }
}

/// What a v2 key is bound to beside the prototype and the device.
#[derive(Clone, Copy, Debug)]
pub struct KeyContext<'a> {
    /// SHA-256 of the model that made the prototype.
    pub model_digest: &'a [u8; 32],
    /// Random identifier of the enrolment, so that enrolling anew gives a new key.
    pub enrolment_id: &'a [u8; 16],
    /// Label of the use, so that keys of two applications are independent; may be empty.
    pub application: &'a [u8],
}

/// Why no key was derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// The prototype has no codes.
    Quantize(QuantizeError),
    /// The prototype cannot be scaled to unit length.
    Normalise(SimilarityError),
    /// The prototype has more than [`MAX_LATENT`] components.
    PrototypeLength {
        /// Components given.
        given: usize,
    },
    /// The key is empty or longer than [`MAX_KEY_LENGTH`] bytes.
    KeyLength {
        /// Bytes asked for.
        given: usize,
    },
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quantize(error) => error.fmt(f),
            Self::Normalise(error) => write!(f, "prototype has no direction: {error}"),
            Self::PrototypeLength { given } => {
                write!(f, "prototype of {given} components, at most {MAX_LATENT}")
            }
            Self::KeyLength { given } => {
                write!(f, "key of {given} bytes, give 1 to {MAX_KEY_LENGTH}")
            }
        }
    }
}

impl Error for KeyError {}

/// Fills `key` with the reference's v1 key of `prototype`, for compatibility.
///
/// The v1 key is a function of the prototype alone: it protects nothing from someone who can read the enrolment, and
/// it is not tied to a device, a model or an application. An all-zero prototype has a key here, as in the reference,
/// and everybody knows it. New uses take [`derive_v2`].
///
/// # Errors
/// The prototype is longer than [`MAX_LATENT`], has no codes ([`QuantizeError`]), or the key length is not 1 to
/// [`MAX_KEY_LENGTH`]. `key` is then zero.
pub fn derive_v1(prototype: &[f32], key: &mut [u8]) -> Result<(), KeyError> {
    derive(&MacKey::ZERO, prototype, 1.0, &[INFO_V1], key)
}

/// Derives the 256-bit v2 key, bound to device, model, enrolment and application.
///
/// # Errors
/// The prototype is longer than [`MAX_LATENT`], or is zero or not finite.
pub fn derive_v2(prototype: &[f32], secret: &DeviceSecret, context: &KeyContext<'_>) -> Result<DerivedKey, KeyError> {
    let mut key = DerivedKey([0; 32]);
    derive_v2_into(prototype, secret, context, &mut key.0)?;
    Ok(key)
}

/// [`derive_v2`] for other key lengths; a shorter key is a prefix of a longer one.
///
/// # Errors
/// As [`derive_v2`], or the key length is not 1 to [`MAX_KEY_LENGTH`]. `key` is then zero.
pub fn derive_v2_into(
    prototype: &[f32],
    secret: &DeviceSecret,
    context: &KeyContext<'_>,
    key: &mut [u8],
) -> Result<(), KeyError> {
    let length = norm(prototype).map_err(|error| {
        key.zeroize();
        KeyError::Normalise(error)
    })?;
    let info = [INFO_V2, context.model_digest, context.enrolment_id, context.application];
    derive(&secret.0, prototype, length, &info, key)
}

/// HKDF over the codes of `prototype / divisor`, leaving no key material behind in this call's dead stack.
fn derive(salt: &MacKey, prototype: &[f32], divisor: f32, info: &[&[u8]], key: &mut [u8]) -> Result<(), KeyError> {
    let result = if prototype.is_empty() {
        Err(KeyError::Quantize(QuantizeError::Empty))
    } else if prototype.len() > MAX_LATENT {
        Err(KeyError::PrototypeLength { given: prototype.len() })
    } else if key.is_empty() || key.len() > MAX_KEY_LENGTH {
        Err(KeyError::KeyLength { given: key.len() })
    } else {
        extract_and_expand(salt, prototype, divisor, info, key)
    };
    clear_stack();
    if result.is_err() {
        key.zeroize();
    }
    result
}

/// Never inlined, so that its frames lie below the caller's and [`clear_stack`] reaches them: a finished hash leaves
/// blocks there.
///
/// RFC 5869 in full, as the `hkdf` crate holds an `expect` that stays in a firmware as a path to a panic.
#[inline(never)]
fn extract_and_expand(
    salt: &MacKey,
    prototype: &[f32],
    divisor: f32,
    info: &[&[u8]],
    key: &mut [u8],
) -> Result<(), KeyError> {
    let mut extract = salt.start();
    let (mut codes, mut bytes) = ([0; BLOCK], [[0; 2]; BLOCK]);
    for (block, components) in prototype.chunks(BLOCK).enumerate() {
        let codes = codes.get_mut(..components.len()).unwrap_or_default();
        quantize_scaled(components, divisor, codes).map_err(|error| KeyError::Quantize(error.after(block * BLOCK)))?;
        for (bytes, code) in bytes.iter_mut().zip(codes) {
            *bytes = code.to_le_bytes();
        }
        extract.update(bytes.get(..components.len()).unwrap_or_default().as_flattened());
    }
    expand(&MacKey::new(&salt.finalize(&mut extract)), info, key);
    Ok(())
}

fn expand(pseudorandom_key: &MacKey, info: &[&[u8]], key: &mut [u8]) {
    let mut block = [0; 32];
    let mut before: &[u8] = &[];
    for (number, part) in (1..=u8::MAX).zip(key.chunks_mut(32)) {
        let mut mac = pseudorandom_key.start();
        mac.update(before);
        info.iter().for_each(|piece| mac.update(piece));
        mac.update(&[number]);
        block = pseudorandom_key.finalize(&mut mac);
        part.iter_mut().zip(&block).for_each(|(byte, derived)| *byte = *derived);
        before = &block;
    }
    block.zeroize();
}

impl ConstantTimeEq for DerivedKey {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl Drop for DerivedKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for DerivedKey {}
impl ZeroizeOnDrop for DeviceSecret {}
