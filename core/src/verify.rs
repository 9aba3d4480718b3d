//! Verification of a probe against an enrolment: a key, or nothing.
//!
//! The order of events is the security argument. The attempt is counted in persistent memory **before** the probe is
//! looked at, so cutting the power at any moment never gains a free attempt; a failing counter stops everything. A
//! rejection carries no score: with one, some hundred chosen probes recover the prototype.

use core::error::Error;
use core::fmt;

use crate::key::{DerivedKey, DeviceSecret, KeyBuffer, KeyContext, KeyError, MAX_LATENT, derive_v2};
use crate::similarity::{SimilarityError, cosine, norm};

/// The word of an accepted comparison.
pub const ACCEPTED: u32 = 0x5aa5_3cc3;

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

/// Why no key was released; `E` is the counter's error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyError<E> {
    /// The probe does not match, or cannot be compared; the attempt is spent.
    Rejected,
    /// No attempt is left; the probe was not looked at.
    NoAttemptsLeft,
    /// The attempt counter failed; no key is released.
    Counter(E),
    /// The prototype has no key; the attempt was accepted.
    Key(KeyError),
}

/// Compares `probe` with the enrolled prototype and releases the v2 key on a match.
///
/// In this order: an attempt must be left, the decrement is persisted, only then the probe is compared. A match restores
/// the attempts and derives the key. A probe of another length, a zero one or one that is not finite costs its attempt
/// and is [`VerifyError::Rejected`] like any stranger's.
///
/// # Errors
/// See [`VerifyError`]. None tells how near the probe came.
pub fn verify<'k, C: AttemptCounter>(
    enrolment: &Enrolment<'_>,
    probe: &[f32],
    secret: &DeviceSecret,
    application: &[u8],
    counter: &mut C,
    buffer: &'k mut KeyBuffer,
) -> Result<&'k DerivedKey, VerifyError<C::Error>> {
    if counter.remaining().map_err(VerifyError::Counter)? == 0 {
        return Err(VerifyError::NoAttemptsLeft);
    }
    counter.persist_decrement().map_err(VerifyError::Counter)?;
    if !enrolment.matches(probe) {
        return Err(VerifyError::Rejected);
    }
    counter.restore().map_err(VerifyError::Counter)?;
    derive_v2(enrolment.prototype, secret, &enrolment.key_context(application), buffer).map_err(VerifyError::Key)
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

    /// Whether the probe belongs to the enrolment; a probe that has no cosine with the prototype does not.
    pub fn matches(&self, probe: &[f32]) -> bool {
        cosine(self.prototype, probe).is_ok_and(|score| self.threshold.accepts(score))
    }

    /// What the enrolment's v2 keys for an application are bound to.
    pub fn key_context<'k>(&'k self, application: &'k [u8]) -> KeyContext<'k> {
        KeyContext { model_digest: self.model_digest, enrolment_id: self.id, application }
    }
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
            Self::Key(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> Error for VerifyError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // The text of a key's error is its own; a counter's need not be an error's.
        if let Self::Key(error) = self { error.source() } else { None }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;
    use subtle::ConstantTimeEq;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Call {
        Remaining,
        Decrement,
        Restore,
    }

    /// Counts in memory, records its calls and fails the one it is told to.
    struct Recorder {
        left: u32,
        fails: Option<Call>,
        calls: Vec<Call>,
    }

    impl Recorder {
        fn new(left: u32, fails: Option<Call>) -> Self {
            Self { left, fails, calls: Vec::new() }
        }

        fn record(&mut self, call: Call) -> Result<(), Call> {
            self.calls.push(call);
            if self.fails == Some(call) { Err(call) } else { Ok(()) }
        }
    }

    impl AttemptCounter for Recorder {
        type Error = Call;

        fn remaining(&mut self) -> Result<u32, Call> {
            self.record(Call::Remaining).map(|()| self.left)
        }

        fn persist_decrement(&mut self) -> Result<(), Call> {
            self.record(Call::Decrement)?;
            self.left -= 1;
            Ok(())
        }

        fn restore(&mut self) -> Result<(), Call> {
            self.record(Call::Restore)?;
            self.left = 3;
            Ok(())
        }
    }

    const PROTOTYPE: [f32; 3] = [0.6, 0.0, 0.8];
    const GENUINE: [f32; 3] = [0.61, 0.01, 0.79];
    const IMPOSTOR: [f32; 3] = [-0.6, 0.8, 0.1];

    fn enrolment(prototype: &[f32], threshold: f32) -> Result<Enrolment<'_>, EnrolmentError> {
        Enrolment::new(prototype, Threshold::new(threshold)?, &[1; 32], &[2; 16])
    }

    /// The key that an attempt releases, copied for the test.
    fn attempt(probe: &[f32], counter: &mut Recorder) -> Result<[u8; 32], VerifyError<Call>> {
        let (secret, mut buffer) = (DeviceSecret::from_bytes(&[3; 32]), KeyBuffer::empty());
        let enrolment = enrolment(&PROTOTYPE, 0.9).unwrap();
        verify(&enrolment, probe, &secret, b"test", counter, &mut buffer).map(|key| *key.expose_secret())
    }

    #[test]
    fn a_match_counts_compares_restores_and_releases_the_v2_key() {
        let mut counter = Recorder::new(2, None);
        let key = attempt(&GENUINE, &mut counter).unwrap();
        assert_eq!(counter.calls, [Call::Remaining, Call::Decrement, Call::Restore]);
        let context = KeyContext { model_digest: &[1; 32], enrolment_id: &[2; 16], application: b"test" };
        let secret = DeviceSecret::from_bytes(&[3; 32]);
        let mut buffer = KeyBuffer::empty();
        let expected = derive_v2(&PROTOTYPE, &secret, &context, &mut buffer).ok().unwrap();
        assert!(bool::from(DerivedKey::from_bytes(&key).ct_eq(expected)));
    }

    #[test]
    fn a_rejection_costs_its_attempt() {
        let mut counter = Recorder::new(2, None);
        let error = attempt(&IMPOSTOR, &mut counter).err();
        assert_eq!(error, Some(VerifyError::Rejected));
        assert_eq!(counter.calls, [Call::Remaining, Call::Decrement]);
        assert_eq!(counter.left, 1);
    }

    #[test]
    fn a_probe_that_cannot_be_compared_is_rejected_and_costs_its_attempt() {
        let probes: [&[f32]; 5] = [&[], &[1.0], &[0.0; 3], &[f32::NAN, 1.0, 1.0], &[f32::INFINITY, 0.0, 0.0]];
        for probe in probes {
            let mut counter = Recorder::new(2, None);
            let error = attempt(probe, &mut counter).err();
            assert_eq!(error, Some(VerifyError::Rejected));
            assert_eq!(counter.left, 1);
        }
    }

    #[test]
    fn without_attempts_even_the_genuine_probe_is_refused() {
        let mut counter = Recorder::new(0, None);
        let error = attempt(&GENUINE, &mut counter).err();
        assert_eq!(error, Some(VerifyError::NoAttemptsLeft));
        assert_eq!(counter.calls, [Call::Remaining]);
    }

    #[test]
    fn a_failing_counter_releases_nothing() {
        for failing in [Call::Remaining, Call::Decrement, Call::Restore] {
            let mut counter = Recorder::new(2, Some(failing));
            let error = attempt(&GENUINE, &mut counter).err();
            assert_eq!(error, Some(VerifyError::Counter(failing)));
            assert_eq!(counter.calls.last(), Some(&failing));
        }
    }

    #[test]
    fn a_failing_decrement_hides_whether_the_probe_matches() {
        let fail = || Recorder::new(2, Some(Call::Decrement));
        let (mut genuine, mut impostor) = (fail(), fail());
        assert_eq!(attempt(&GENUINE, &mut genuine).err(), attempt(&IMPOSTOR, &mut impostor).err());
        assert_eq!(genuine.calls, impostor.calls);
    }

    #[test]
    fn an_unusable_enrolment_cannot_be_made() {
        for threshold in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1.001, 1.5, -1.001] {
            assert_eq!(enrolment(&PROTOTYPE, threshold).err(), Some(EnrolmentError::Threshold));
        }
        let given = MAX_LATENT + 1;
        let refusals = [
            (&[][..], EnrolmentError::Prototype(SimilarityError::Zero)),
            (&[0.0; 3], EnrolmentError::Prototype(SimilarityError::Zero)),
            (&[f32::NAN; 3], EnrolmentError::Prototype(SimilarityError::NotFinite)),
            (&[f32::MAX; 3], EnrolmentError::Prototype(SimilarityError::NotFinite)),
            (&[1.0; MAX_LATENT + 1], EnrolmentError::PrototypeLength { given }),
        ];
        for (prototype, refusal) in refusals {
            assert_eq!(enrolment(prototype, 0.5).err(), Some(refusal));
        }
        assert!(enrolment(&[1.0; MAX_LATENT], 0.5).is_ok());
    }

    #[test]
    fn a_score_at_the_threshold_is_accepted_and_one_that_is_no_number_never() {
        let threshold = Threshold::new(-1.0).unwrap();
        assert!(threshold.accepts(-1.0) && !threshold.accepts(f32::NAN));
        let threshold = Threshold::new(1.0).unwrap();
        assert!(threshold.accepts(1.0) && !threshold.accepts(1f32.next_down()));
        assert!(accepts(0.5f64, 0.5) && !accepts(0.5f64, f64::NAN));
    }

    proptest! {
        #[test]
        fn any_probe_is_counted_before_it_is_compared(bits in proptest::collection::vec(any::<u32>(), 0..6)) {
            let probe: Vec<f32> = bits.iter().map(|&b| f32::from_bits(b)).collect();
            let mut counter = Recorder::new(1, None);
            let accepted = attempt(&probe, &mut counter).is_ok();
            prop_assert_eq!(&counter.calls[..2], [Call::Remaining, Call::Decrement]);
            prop_assert_eq!(counter.left, if accepted { 3 } else { 0 });
        }
    }
}
