//! Verification of a probe against an enrolment: a verdict, and the keys that it releases.
//!
//! The order of events is the security argument. The attempt is counted in persistent memory **before** the probe is
//! looked at, so cutting the power at any moment never gains a free attempt; a failing counter stops everything. A
//! rejection carries no score: with one, some hundred chosen probes recover the prototype.
//!
//! # One skipped branch
//! A glitch of the supply or the clock can make a processor skip an instruction, for example the branch on a rejection.
//! Therefore the verdict is data that control flow cannot replace:
//! - A [`Verdict`] is two words from two comparisons that share no code: the cosine against the threshold, and the same
//!   in squares, from sums of its own. Each word is computed without a branch: [`ACCEPTED`], or its complement.
//! - [`verify`] returns at a rejection twice, once for each word.
//! - A key is derived from the device secret in which every bit is flipped unless both words are [`ACCEPTED`]. Whoever
//!   reaches the derivation without an accept gets a key that opens nothing, under a secret that nobody knows.
//! - What a token answers is computed from the words too ([`Verdict::word`]); a host requires exactly [`ACCEPTED`].
//!
//! `cargo xtask branch-skip` tries every conditional branch of a token.

use core::error::Error;
use core::fmt;
use core::hint::black_box;

use crate::challenge::{ChallengeKey, ChallengeKeyBuffer, derive_challenge_key_flipped};
use crate::key::{DerivedKey, DeviceSecret, KeyBuffer, KeyContext, KeyError, MAX_LATENT, derive_v2_flipped};
use crate::similarity::{SimilarityError, cosine, norm, signed_square_of_cosine};

/// The word of an accept. That of a rejection is its complement, and every other word is a mistake.
pub const ACCEPTED: u32 = 0x5aa5_3cc3;

/// What the two comparisons may differ by, in squares of cosines.
///
/// The first comparison alone decides about a score at the threshold: the second may not reject what the first accepts, so
/// it allows for the rounding errors of both. For vectors of [`MAX_LATENT`] components, in units of u = 2^-24, the largest
/// relative error of one operation:
/// - A sum of products, each with k operations behind it, is wrong by at most k u times the vectors' lengths. The first
///   comparison's 16 lanes have 512 products and a tree of 4 additions: k = 516. The second's partial sums have 64
///   products, of which there are 128: k = 192.
/// - A cosine by the first comparison is one such sum over two lengths, each with half the error of its square: wrong by at
///   most (516 + 516 + 4) u, and its square by twice that: 2,072 u.
/// - A squared cosine by the second is two such sums over two: wrong by at most (4 x 192 + 3) u = 771 u.
///
/// Both errors and the last operations on a threshold are below 2,900 u; this is 4,096 u.
const ROUNDING: f32 = 1.0 / 4096.0;

/// Attempts left, kept where a power cut cannot undo them.
pub trait AttemptCounter {
    /// Why the counter could not be read or written.
    type Error;

    /// Attempts left.
    ///
    /// # Errors
    /// The store cannot be read or is not sound.
    fn remaining(&mut self) -> Result<u32, Self::Error>;

    /// Takes one attempt away; returns `Ok` only when that is durable.
    ///
    /// # Errors
    /// The store cannot be written, or no attempt is left.
    fn persist_decrement(&mut self) -> Result<(), Self::Error>;

    /// Gives all attempts back after an accepted probe.
    ///
    /// # Errors
    /// The store cannot be written.
    fn restore(&mut self) -> Result<(), Self::Error>;
}

/// The smallest cosine that is accepted, -1 to 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Threshold(f32);

/// A usable enrolment; nothing in it is a key.
#[derive(Clone, Copy)]
pub struct Enrolment<'a> {
    prototype: &'a [f32],
    threshold: Threshold,
    model_digest: &'a [u8; 32],
    id: &'a [u8; 16],
}

/// What makes an enrolment unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants say what their fields are")]
#[non_exhaustive]
pub enum EnrolmentError {
    /// The threshold is not a number from -1 to 1.
    Threshold,
    /// The prototype has so many components, more than [`MAX_LATENT`].
    PrototypeLength { given: usize },
    /// The prototype is zero or not finite.
    Prototype(SimilarityError),
}

/// The outcome of comparing a probe: two words, each by a comparison of its own.
///
/// It cannot be made except as a rejection, and only [`verify`] and [`Enrolment::compare`] write to it.
pub struct Verdict {
    by_cosine: u32,
    by_squares: u32,
}

/// Why a probe was not accepted; `E` is the counter's error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyError<E> {
    /// The probe does not match, or cannot be compared; the attempt is spent.
    Rejected,
    /// No attempt is left; the probe was not looked at.
    NoAttemptsLeft,
    /// The attempt counter failed.
    Counter(E),
}

/// Compares `probe` with the enrolled prototype, and writes the verdict.
///
/// In this order: an attempt must be left, the decrement is persisted, only then the probe is compared. A match restores
/// the attempts. A probe of another length, a zero one or one that is not finite costs its attempt and is
/// [`VerifyError::Rejected`] like any stranger's.
///
/// # Errors
/// See [`VerifyError`]. None tells how near the probe came. `verdict` is then a rejection.
pub fn verify<C: AttemptCounter>(
    enrolment: &Enrolment<'_>,
    probe: &[f32],
    counter: &mut C,
    verdict: &mut Verdict,
) -> Result<(), VerifyError<C::Error>> {
    *verdict = Verdict::rejection();
    if counter.remaining().map_err(VerifyError::Counter)? == 0 {
        return Err(VerifyError::NoAttemptsLeft);
    }
    counter.persist_decrement().map_err(VerifyError::Counter)?;
    *verdict = enrolment.compare(probe);
    // Two branches, so that skipping one of them restores no attempt. `black_box` keeps the compiler from joining them.
    if black_box(verdict.by_cosine) != ACCEPTED {
        return Err(VerifyError::Rejected);
    }
    if black_box(verdict.by_squares) != ACCEPTED {
        return Err(VerifyError::Rejected);
    }
    counter.restore().map_err(|error| {
        *verdict = Verdict::rejection();
        VerifyError::Counter(error)
    })
}

/// The accept rule: a score at or above its threshold is accepted, one that is not a number never.
pub fn accepts<S: PartialOrd>(threshold: S, score: S) -> bool {
    score >= threshold
}

impl Threshold {
    /// Takes a cosine for the threshold.
    ///
    /// # Errors
    /// It is not a number from -1 to 1.
    pub fn new(cosine: f32) -> Result<Self, EnrolmentError> {
        if (-1.0..=1.0).contains(&cosine) { Ok(Self(cosine)) } else { Err(EnrolmentError::Threshold) }
    }

    /// The cosine.
    pub fn cosine(self) -> f32 {
        self.0
    }

    /// Whether a score is accepted: see [`accepts()`].
    pub fn accepts(self, score: f32) -> bool {
        accepts(self.0, score)
    }
}

impl<'a> Enrolment<'a> {
    /// An enrolment that can accept and reject.
    ///
    /// `prototype` is the mean embedding of the enrolled scans, of 1 to [`MAX_LATENT`] components and any length but
    /// zero; `model_digest` the SHA-256 of the model that made it; `id` the enrolment's random identifier.
    ///
    /// # Errors
    /// The prototype is empty, too long, zero or not finite.
    pub fn new(
        prototype: &'a [f32],
        threshold: Threshold,
        model_digest: &'a [u8; 32],
        id: &'a [u8; 16],
    ) -> Result<Self, EnrolmentError> {
        if prototype.len() > MAX_LATENT {
            return Err(EnrolmentError::PrototypeLength { given: prototype.len() });
        }
        norm(prototype).map_err(EnrolmentError::Prototype)?;
        Ok(Self { prototype, threshold, model_digest, id })
    }

    /// The verdict on a probe, without counting an attempt; a probe that cannot be compared is rejected.
    pub fn compare(&self, probe: &[f32]) -> Verdict {
        let threshold = self.threshold.cosine();
        // What cannot be compared has no number for a score, which no threshold accepts.
        let first = cosine(self.prototype, probe).unwrap_or(f32::NAN);
        // `black_box`: the compiler must not rely here on what it checked for the first comparison.
        let second = signed_square_of_cosine(self.prototype, black_box(probe)).unwrap_or(f32::NAN);
        Verdict {
            by_cosine: word(first - threshold),
            by_squares: word(second - threshold * threshold.abs() + ROUNDING),
        }
    }

    /// Derives the v2 key for an application, for an accepted probe.
    ///
    /// # Errors
    /// The verdict is no accept.
    pub fn release_key<'k>(
        &self,
        verdict: &Verdict,
        secret: &DeviceSecret,
        application: &[u8],
        buffer: &'k mut KeyBuffer,
    ) -> Result<&'k DerivedKey, KeyError> {
        if !verdict.is_accept() {
            return Err(KeyError::NotAccepted);
        }
        // Whoever skipped the branch derives the key of another secret.
        let flips = verdict.wrong_bits();
        derive_v2_flipped(self.prototype, secret, flips, &self.key_context(application), buffer)
    }

    /// Derives the key that answers challenges, for an accepted probe.
    ///
    /// # Errors
    /// The verdict is no accept.
    pub fn release_challenge_key<'k>(
        &self,
        verdict: &Verdict,
        secret: &DeviceSecret,
        buffer: &'k mut ChallengeKeyBuffer,
    ) -> Result<&'k ChallengeKey, KeyError> {
        if !verdict.is_accept() {
            return Err(KeyError::NotAccepted);
        }
        let flips = verdict.wrong_bits();
        derive_challenge_key_flipped(self.prototype, secret, flips, self.model_digest, self.id, buffer)
    }

    /// What the enrolment's v2 keys for an application are bound to.
    pub fn key_context<'k>(&'k self, application: &'k [u8]) -> KeyContext<'k> {
        KeyContext { model_digest: self.model_digest, enrolment_id: self.id, application }
    }
}

impl Verdict {
    /// The verdict on no probe.
    pub const fn rejection() -> Self {
        Self { by_cosine: !ACCEPTED, by_squares: !ACCEPTED }
    }

    /// [`ACCEPTED`] if both comparisons accept, and its complement if one rejects.
    pub fn word(&self) -> u32 {
        ACCEPTED ^ self.wrong_bits()
    }

    /// Whether both comparisons accept.
    pub fn is_accept(&self) -> bool {
        self.word() == ACCEPTED
    }

    /// The bits in which a word differs from [`ACCEPTED`]: none for an accept, all for a rejection by either comparison.
    fn wrong_bits(&self) -> u32 {
        (black_box(self.by_cosine) ^ ACCEPTED) | (black_box(self.by_squares) ^ ACCEPTED)
    }
}

/// [`ACCEPTED`] if `margin` is zero or above, and its complement if it is below zero or NaN. There is no branch.
fn word(margin: f32) -> u32 {
    // As an integer, a float from 0 is below that of infinity, and its highest bit is clear. NaN is above infinity; the
    // highest bit is a float's sign. Adding zero makes zero of minus zero.
    let bits = (margin + 0.0).to_bits();
    let highest = !bits & bits.wrapping_sub(f32::INFINITY.to_bits());
    let ones_if_accepted = (highest.cast_signed() >> 31).cast_unsigned();
    !ACCEPTED ^ ones_if_accepted
}

impl fmt::Display for EnrolmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Threshold => write!(f, "enrolment threshold is not a number from -1 to 1"),
            Self::PrototypeLength { given } => {
                write!(f, "enrolment prototype of {given} components, at most {MAX_LATENT}")
            }
            Self::Prototype(error) => write!(f, "enrolment prototype: {error}"),
        }
    }
}

impl Error for EnrolmentError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        if let Self::Prototype(error) = self { Some(error) } else { None }
    }
}

impl<E: fmt::Display> fmt::Display for VerifyError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected => write!(f, "rejected"),
            Self::NoAttemptsLeft => write!(f, "no attempts left: enrol again"),
            Self::Counter(error) => write!(f, "attempt counter: {error}"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> Error for VerifyError<E> {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
