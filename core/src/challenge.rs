//! The key under which an enrolment answers challenges, and the answer.
//!
//! It is derived as a v2 key is, from the same codes and the same device secret, but under a label of its own:
//!
//! | | |
//! |---|---|
//! | salt | device secret, 32 bytes |
//! | input key material | int16 codes of the prototype scaled to unit length, as for a v2 key |
//! | info | `neural-vault/challenge/v2`, model digest (32), enrolment id (16) |
//! | answer | HMAC-SHA256 of `neural-vault/challenge/v2`, length of the application label (1), the label, nonce (32) |
//!
//! No answer says anything about a key that [`crate::key::derive_v2`] derives, whatever nonces and labels are chosen, and
//! whoever holds the challenge key to check answers cannot compute those keys either.

use core::error::Error;
use core::fmt;

use subtle::{Choice, ConstantTimeEq};

use crate::key::{DeviceSecret, KeyError, derive_from_unit_codes, hmac_sha256};
use crate::secret::secret;

/// Bytes of a challenge's nonce.
pub const NONCE_LENGTH: usize = 32;

/// Longest application label in bytes.
pub const MAX_LABEL: usize = u8::MAX as usize;

const LABEL: &[u8] = b"neural-vault/challenge/v2";

secret! {
    /// The 256-bit key of one enrolment's answers; zeroised on drop, compared in constant time, never printed.
    ChallengeKey
}

/// Memory for a challenge key, lent by the caller and zeroised on drop, for the reason that [`crate::key::KeyBuffer`] gives.
pub struct ChallengeKeyBuffer(ChallengeKey);

impl ChallengeKeyBuffer {
    /// Memory without a key.
    pub fn empty() -> Self {
        Self(ChallengeKey([0; 32]))
    }
}

/// The application label of a challenge has so many bytes, more than [`MAX_LABEL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelTooLong {
    /// Bytes of the label.
    pub given: usize,
}

impl fmt::Display for LabelTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "application label of {} bytes, at most {MAX_LABEL}", self.given)
    }
}

impl Error for LabelTooLong {}

/// Derives the challenge key of an enrolment, bound to device, model and enrolment.
///
/// # Errors
/// The prototype is longer than [`crate::key::MAX_LATENT`], or is zero or not finite.
pub fn derive_challenge_key<'k>(
    prototype: &[f32],
    secret: &DeviceSecret,
    model_digest: &[u8; 32],
    enrolment_id: &[u8; 16],
    buffer: &'k mut ChallengeKeyBuffer,
) -> Result<&'k ChallengeKey, KeyError> {
    derive_challenge_key_flipped(prototype, secret, 0, model_digest, enrolment_id, buffer)
}

/// [`derive_challenge_key`] under the secret with the bits of `flips` flipped in each of its words.
pub(crate) fn derive_challenge_key_flipped<'k>(
    prototype: &[f32],
    secret: &DeviceSecret,
    flips: u32,
    model_digest: &[u8; 32],
    enrolment_id: &[u8; 16],
    buffer: &'k mut ChallengeKeyBuffer,
) -> Result<&'k ChallengeKey, KeyError> {
    let ChallengeKeyBuffer(key) = buffer;
    derive_from_unit_codes(prototype, secret, flips, &[LABEL, model_digest, enrolment_id], &mut key.0)?;
    Ok(key)
}

impl ChallengeKey {
    /// The answer to a challenge: `nonce` for an application.
    ///
    /// # Errors
    /// The application's label is longer than [`MAX_LABEL`].
    pub fn answer(&self, application: &[u8], nonce: &[u8; NONCE_LENGTH]) -> Result<[u8; 32], LabelTooLong> {
        let given = application.len();
        let length = u8::try_from(given).map_err(|_| LabelTooLong { given })?;
        Ok(hmac_sha256(&self.0, &[LABEL, &[length], application, nonce]))
    }
}

impl ConstantTimeEq for ChallengeKey {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}
