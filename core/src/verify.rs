//! Verification of a probe against an enrolment: a key, or nothing.
//!
//! The order of events is the security argument. The attempt is paid for in persistent memory **before** the probe is
//! looked at, so cutting the power at any moment never gains a free attempt; a failing counter stops everything. A
//! rejection carries no score: with one, some hundred chosen probes recover the prototype.

use core::error::Error;
use core::fmt;

use crate::key::{DerivedKey, DeviceSecret, KeyContext, KeyError, MAX_LATENT, derive_v2};
use crate::similarity::{SimilarityError, cosine, norm};

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

/// What enrolment stored: nothing here is a key.
#[derive(Clone, Copy, Debug)]
pub struct Enrolment<'a> {
    /// Mean embedding of the enrolled scans, 1 to [`MAX_LATENT`] components, need not be of unit length.
    pub prototype: &'a [f32],
    /// Least cosine that is accepted, -1 to 1.
    pub threshold: f32,
    /// SHA-256 of the model that made the prototype.
    pub model_digest: [u8; 32],
    /// Random identifier of the enrolment.
    pub id: [u8; 16],
}

/// What makes an enrolment unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnrolmentError {
    /// The threshold is not a number from -1 to 1.
    Threshold,
    /// The prototype is longer than [`MAX_LATENT`].
    PrototypeLength {
        /// Components given.
        given: usize,
    },
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
    /// The enrolment is not usable; no attempt was spent.
    Enrolment(EnrolmentError),
    /// The prototype has no key; the attempt was accepted.
    Key(KeyError),
}

/// Compares `probe` with the enrolled prototype and releases the v2 key on a match.
///
/// In this order: the enrolment is checked, an attempt must be left, the decrement is persisted, only then the probe
/// is compared. A match restores the attempts and derives the key. A probe of another length, a zero one or one that
/// is not finite costs its attempt and is [`VerifyError::Rejected`] like any stranger's.
///
/// # Errors
/// See [`VerifyError`]. None tells how near the probe came.
pub fn verify<C: AttemptCounter>(
    enrolment: &Enrolment<'_>,
    probe: &[f32],
    secret: &DeviceSecret,
    application: &[u8],
    counter: &mut C,
) -> Result<DerivedKey, VerifyError<C::Error>> {
    enrolment.check().map_err(VerifyError::Enrolment)?;
    if counter.remaining().map_err(VerifyError::Counter)? == 0 {
        return Err(VerifyError::NoAttemptsLeft);
    }
    counter.persist_decrement().map_err(VerifyError::Counter)?;

    let accepted = cosine(enrolment.prototype, probe).is_ok_and(|score| score >= enrolment.threshold);
    if !accepted {
        return Err(VerifyError::Rejected);
    }

    counter.restore().map_err(VerifyError::Counter)?;
    let context = KeyContext { model_digest: &enrolment.model_digest, enrolment_id: &enrolment.id, application };
    derive_v2(enrolment.prototype, secret, &context).map_err(VerifyError::Key)
}

impl Enrolment<'_> {
    /// Checks that the enrolment can accept and reject.
    ///
    /// # Errors
    /// The threshold is not a number from -1 to 1, or the prototype is too long, zero or not finite.
    pub fn check(&self) -> Result<(), EnrolmentError> {
        if !(-1.0..=1.0).contains(&self.threshold) {
            return Err(EnrolmentError::Threshold);
        }
        if self.prototype.len() > MAX_LATENT {
            return Err(EnrolmentError::PrototypeLength { given: self.prototype.len() });
        }
        norm(self.prototype).map(|_| ()).map_err(EnrolmentError::Prototype)
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

impl Error for EnrolmentError {}

impl<E: fmt::Display> fmt::Display for VerifyError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected => write!(f, "rejected"),
            Self::NoAttemptsLeft => write!(f, "no attempts left: enrol again"),
            Self::Counter(error) => write!(f, "attempt counter: {error}"),
            Self::Enrolment(error) => error.fmt(f),
            Self::Key(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> Error for VerifyError<E> {}

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

    fn attempt(probe: &[f32], counter: &mut Recorder) -> Result<DerivedKey, VerifyError<Call>> {
        let enrolment = Enrolment { prototype: &PROTOTYPE, threshold: 0.9, model_digest: [1; 32], id: [2; 16] };
        let secret = DeviceSecret::from_bytes([3; 32]);
        verify(&enrolment, probe, &secret, b"test", counter)
    }

    #[test]
    fn a_match_pays_compares_restores_and_releases_the_v2_key() {
        let mut counter = Recorder::new(2, None);
        let key = attempt(&GENUINE, &mut counter).ok().unwrap();
        assert_eq!(counter.calls, [Call::Remaining, Call::Decrement, Call::Restore]);
        let context = KeyContext { model_digest: &[1; 32], enrolment_id: &[2; 16], application: b"test" };
        let secret = DeviceSecret::from_bytes([3; 32]);
        let expected = derive_v2(&PROTOTYPE, &secret, &context).ok().unwrap();
        assert!(bool::from(key.ct_eq(&expected)));
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
    fn an_unusable_enrolment_is_refused_before_any_attempt() {
        let sound = Enrolment { prototype: &PROTOTYPE, threshold: 0.5, model_digest: [0; 32], id: [0; 16] };
        let long = [1.0; MAX_LATENT + 1];
        let mut broken = Vec::new();
        for threshold in [f32::NAN, f32::INFINITY, 1.001, -1.001] {
            broken.push(Enrolment { threshold, ..sound });
        }
        for prototype in [&[][..], &[0.0; 3], &[f32::NAN; 3], &long] {
            broken.push(Enrolment { prototype, ..sound });
        }
        for enrolment in broken {
            let mut counter = Recorder::new(2, None);
            let secret = DeviceSecret::from_bytes([3; 32]);
            let error = verify(&enrolment, &GENUINE, &secret, b"", &mut counter).err();
            assert!(matches!(error, Some(VerifyError::Enrolment(_))));
            assert!(counter.calls.is_empty());
        }
    }

    proptest! {
        #[test]
        fn any_probe_is_paid_for_before_it_is_judged(bits in proptest::collection::vec(any::<u32>(), 0..6)) {
            let probe: Vec<f32> = bits.iter().map(|&b| f32::from_bits(b)).collect();
            let mut counter = Recorder::new(1, None);
            let accepted = attempt(&probe, &mut counter).is_ok();
            prop_assert_eq!(&counter.calls[..2], [Call::Remaining, Call::Decrement]);
            prop_assert_eq!(counter.left, if accepted { 3 } else { 0 });
        }
    }
}
