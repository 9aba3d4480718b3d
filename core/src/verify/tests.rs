//! The order of events, the verdict's words, and what a rejection releases.

use super::*;
use crate::key::derive_v2;
use crate::testing::Random;
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
    let (enrolment, mut verdict) = (enrolment(&PROTOTYPE, 0.9).unwrap(), Verdict::rejection());
    let outcome = verify(&enrolment, probe, counter, &mut verdict);
    let key = enrolment.release_key(&verdict, &secret, b"test", &mut buffer).map(|key| *key.expose_secret());
    // The verdict says the same as the outcome.
    assert_eq!(verdict.word(), if outcome.is_ok() { ACCEPTED } else { !ACCEPTED });
    assert_eq!(key.as_ref().err(), outcome.err().map(|_| KeyError::NotAccepted).as_ref());
    outcome.map(|()| key.unwrap())
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
fn one_wrong_word_flips_the_secret_and_is_no_accept() {
    let secret =
        DeviceSecret::from_bytes(core::array::from_fn::<u8, 32, _>(|index| index as u8).as_ref().try_into().unwrap());
    let enrolment = enrolment(&PROTOTYPE, 0.9).unwrap();
    for (by_cosine, by_squares) in
        [(ACCEPTED, !ACCEPTED), (!ACCEPTED, ACCEPTED), (!ACCEPTED, !ACCEPTED), (ACCEPTED ^ 1, ACCEPTED)]
    {
        let verdict = Verdict { by_cosine, by_squares };
        assert!(!verdict.is_accept() && verdict.word() != ACCEPTED);
        let mut buffer = KeyBuffer::empty();
        assert_eq!(enrolment.release_key(&verdict, &secret, b"", &mut buffer).err(), Some(KeyError::NotAccepted));
        let mut buffer = ChallengeKeyBuffer::empty();
        let released = enrolment.release_challenge_key(&verdict, &secret, &mut buffer);
        assert_eq!(released.err(), Some(KeyError::NotAccepted));
        // Behind the branch that returned these errors.
        let context = enrolment.key_context(b"");
        let (mut flipped, mut right) = (KeyBuffer::empty(), KeyBuffer::empty());
        let flipped = derive_v2_flipped(&PROTOTYPE, &secret, verdict.wrong_bits(), &context, &mut flipped);
        let right = derive_v2(&PROTOTYPE, &secret, &context, &mut right);
        assert!(!bool::from(flipped.ok().unwrap().ct_eq(right.ok().unwrap())));
    }
}

#[test]
fn behind_a_rejection_lies_the_key_of_the_secret_with_every_bit_flipped() {
    let bytes: [u8; 32] = core::array::from_fn(|index| index as u8);
    let (secret, flipped) = (DeviceSecret::from_bytes(&bytes), DeviceSecret::from_bytes(&bytes.map(|byte| !byte)));
    let enrolment = enrolment(&PROTOTYPE, 0.9).unwrap();
    let (wrong, context) = (Verdict::rejection().wrong_bits(), enrolment.key_context(b"door"));
    let (mut buffer, mut expected) = (KeyBuffer::empty(), KeyBuffer::empty());
    let key = derive_v2_flipped(&PROTOTYPE, &secret, wrong, &context, &mut buffer).ok().unwrap();
    let expected = derive_v2(&PROTOTYPE, &flipped, &context, &mut expected).ok().unwrap();
    assert!(bool::from(key.ct_eq(expected)));
}

#[test]
fn the_verdict_on_no_probe_has_two_words_of_a_rejection() {
    let Verdict { by_cosine, by_squares } = Verdict::rejection();
    assert_eq!((by_cosine, by_squares), (!ACCEPTED, !ACCEPTED));
}

#[test]
fn each_comparison_alone_rejects_an_impostor_and_accepts_the_person() {
    for threshold in [-0.5, -0.05, 0.0, 0.05, 0.5, 0.9, 0.999] {
        for margin in [-0.4, -0.1, -0.01, 0.01, 0.1, 0.4] {
            let score: f32 = threshold + margin;
            // Too near for squares, which are nearly flat around zero.
            let squares = score * score.abs() - threshold * threshold.abs();
            if !(-1.0..=1.0).contains(&score) || squares.abs() < 0.000_5 {
                continue;
            }
            let probe = [score, libm::sqrtf(1.0 - score * score)];
            let enrolment = enrolment(&[1.0, 0.0], threshold).unwrap();
            let Verdict { by_cosine, by_squares } = enrolment.compare(&probe);
            let expected = if margin > 0.0 { ACCEPTED } else { !ACCEPTED };
            assert_eq!((by_cosine, by_squares), (expected, expected), "{threshold} {margin}");
        }
    }
}

#[test]
fn a_margin_of_zero_or_more_is_the_word_of_an_accept() {
    for margin in [0.0, -0.0, f32::from_bits(1), 1e-30, 0.5, 2.0, f32::MAX] {
        assert_eq!(word(margin), ACCEPTED, "{margin}");
    }
    let nan = |bits| f32::from_bits(bits);
    let rejected = [-f32::from_bits(1), -0.5, -2.0, f32::INFINITY, f32::NEG_INFINITY];
    for margin in rejected.into_iter().chain([nan(0x7fc0_0000), nan(0xffc0_0000), nan(0x7f80_0001), nan(0xffff_ffff)]) {
        assert_eq!(word(margin), !ACCEPTED, "{margin}");
    }
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

#[test]
fn rounding_errors_that_add_up_reject_nobody() {
    // Constant vectors, whose products are all rounded to the same side: summed one by one, 8,192 of them are off by twice
    // what is allowed for.
    for (prototype, probe) in [(1.097_208_3f32, 1.713_773_6f32), (1.435_341, 1.435_054)] {
        for count in [512, 4371, 4950, MAX_LATENT] {
            let (prototype, probe) = (std::vec![prototype; count], std::vec![probe; count]);
            let score = cosine(&prototype, &probe).unwrap();
            assert_eq!(enrolment(&prototype, score).unwrap().compare(&probe).word(), ACCEPTED, "{count}");
        }
    }
}

proptest! {
    /// The second comparison never rejects what the first accepts, at any threshold and in any number of dimensions.
    #[test]
    fn both_comparisons_agree(
        count in 1..=MAX_LATENT,
        seed: u32,
        scale in -12i32..12,
        near in 0.0f32..1.0,
    ) {
        let scale = libm::powf(10.0, scale as f32);
        let (left, right) = (Random(seed).floats(count, 1.0), Random(!seed).floats(count, 1.0));
        let prototype: Vec<f32> = left.iter().map(|left| left * scale).collect();
        let probe: Vec<f32> = left.iter().zip(&right).map(|(l, r)| near * l + (1.0 - near) * r).collect();
        if let Ok(score) = cosine(&prototype, &probe) {
            for threshold in [score, score.next_up().min(1.0), score - 0.001, score + 0.001, 0.5, -1.0, 1.0] {
                let Ok(enrolment) = enrolment(&prototype, threshold) else { continue };
                let verdict = enrolment.compare(&probe);
                let accepted = accepts(threshold, score);
                prop_assert_eq!(verdict.word(), if accepted { ACCEPTED } else { !ACCEPTED }, "{} {}", score, threshold);
                prop_assert!(!accepted || verdict.by_squares == ACCEPTED);
            }
        }
    }

    #[test]
    fn any_probe_is_counted_before_it_is_compared(bits in proptest::collection::vec(any::<u32>(), 0..6)) {
        let probe: Vec<f32> = bits.iter().map(|&b| f32::from_bits(b)).collect();
        let mut counter = Recorder::new(1, None);
        let accepted = attempt(&probe, &mut counter).is_ok();
        prop_assert_eq!(&counter.calls[..2], [Call::Remaining, Call::Decrement]);
        prop_assert_eq!(counter.left, if accepted { 3 } else { 0 });
    }
}
