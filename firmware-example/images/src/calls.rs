//! Calls of all functions of the trusted core: codes, both key schemes, verification.

use core::convert::Infallible;
use core::hint::black_box;

use neural_vault_core::challenge::ChallengeKeyBuffer;
use neural_vault_core::key::{DeviceSecret, KeyBuffer, KeyContext, derive_v1, derive_v2};
use neural_vault_core::quantise::quantise;
use neural_vault_core::verify::{AttemptCounter, Enrolment, Threshold, Verdict, verify};

/// Quantises, derives and verifies values that the compiler does not know.
///
/// Arguments and results stay in memory: constants would count as code, and unused results would be optimised away.
#[inline(always)]
pub fn trusted_core() {
    let (floats, bytes) = ([0.0; 128], [0; 32]);
    let (prototype, digest) = (black_box(floats.as_slice()), black_box(&bytes));
    let (secret, id) = (DeviceSecret::from_bytes(digest), black_box(&[0; 16]));
    let (mut codes, mut key) = ([0; 128], [0; 32]);

    let _ = black_box(quantise(prototype, &mut codes));
    let _ = black_box(derive_v1(prototype, &mut key));
    black_box((&codes, &key));
    let context = KeyContext { model_digest: digest, enrolment_id: id, application: digest };
    let mut buffer = KeyBuffer::empty();
    black_box(&derive_v2(prototype, &secret, &context, &mut buffer));
    let enrolment = Threshold::new(black_box(0.5)).and_then(|cosine| Enrolment::new(prototype, cosine, digest, id));
    if let Ok(enrolment) = enrolment {
        let (mut verdict, mut challenge) = (Verdict::rejection(), ChallengeKeyBuffer::empty());
        black_box(&verify(&enrolment, prototype, &mut Counter(5), &mut verdict));
        black_box(&enrolment.release_key(&verdict, &secret, digest, &mut buffer));
        let key = enrolment.release_challenge_key(&verdict, &secret, &mut challenge);
        black_box(&key.map(|key| key.answer(digest, digest)));
    }
}

/// An attempt counter that stores nothing.
struct Counter(u32);

impl AttemptCounter for Counter {
    type Error = Infallible;

    fn remaining(&mut self) -> Result<u32, Infallible> {
        Ok(black_box(self.0))
    }

    fn persist_decrement(&mut self) -> Result<(), Infallible> {
        self.0 = black_box(0);
        Ok(())
    }

    fn restore(&mut self) -> Result<(), Infallible> {
        self.0 = black_box(5);
        Ok(())
    }
}
