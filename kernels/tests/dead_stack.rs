//! No copy of a secret stays on the stack below the caller once a key was derived, used or refused.
//!
//! It runs at the release profile's level, and `cargo xtask test` runs it at opt-level `s` as well.
#![allow(clippy::unwrap_used)]

use std::convert::Infallible;
use std::hint::black_box;
use std::slice;

use hmac::{Hmac, KeyInit, Mac};
use neural_vault_core::challenge::{ChallengeKey, ChallengeKeyBuffer, derive_challenge_key};
use neural_vault_core::key::{DerivedKey, DeviceSecret, KeyBuffer, KeyContext, derive_v1, derive_v2, derive_v2_into};
use neural_vault_core::quantise::quantise;
use neural_vault_core::secret::CLEARED_STACK;
use neural_vault_core::similarity::normalise;
use neural_vault_core::verify::{AttemptCounter, Enrolment, Threshold, Verdict, VerifyError, verify};
use neural_vault_core::wire::{AdminKey, Endpoint, Revoke, SessionPlace, command_tag};
use neural_vault_testkit::dead_stack::{self, PAINT, dead_stack, found, on_a_large_stack};
use sha2::Sha256;

const SECRET: &[u8; 32] = b"0123456789abcdefFEDCBA9876543210";
const CONTEXT: KeyContext<'_> = KeyContext { model_digest: &[1; 32], enrolment_id: &[2; 16], application: b"disk" };

/// Bytes that must not be found.
struct Trace {
    name: &'static str,
    bytes: Vec<u8>,
}

impl Trace {
    fn is_in(&self, stack: &[u8]) -> bool {
        found(stack, slice::from_ref(&self.bytes)).contains(&true)
    }
}

/// The traces of a key by this name.
fn traces_of_key(name: &'static str, key: &[u8; 32]) -> Vec<Trace> {
    dead_stack::traces_of_key(key).into_iter().map(|bytes| Trace { name, bytes }).collect()
}

fn prototype() -> Vec<f32> {
    (0..128).map(|k| (k * k % 97) as f32 * 0.01 - 0.6).collect()
}

fn codes(prototype: &[f32]) -> Vec<u8> {
    let mut codes = vec![0; prototype.len()];
    quantise(prototype, &mut codes).unwrap();
    codes.iter().flat_map(|code| code.to_le_bytes()).collect()
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// The traces of a v2 derivation: secret, pseudorandom key, released key, codes.
fn traces_of_v2() -> Vec<Trace> {
    let mut unit = prototype();
    normalise(&mut unit).unwrap();
    let material = codes(&unit);
    let pseudorandom = hmac(SECRET, &material);
    let info =
        [b"neural-vault/v2", &CONTEXT.model_digest[..], CONTEXT.enrolment_id, CONTEXT.application, &[1]].concat();
    let key = hmac(&pseudorandom, &info);
    let mut traces = traces_of_key("device secret", SECRET);
    traces.extend(traces_of_key("pseudorandom key", &pseudorandom));
    traces.push(Trace { name: "released key", bytes: key.to_vec() });
    traces.push(Trace { name: "codes", bytes: material });
    traces
}

fn assert_clean(what: &str, stack: &[u8], traces: &[Trace]) {
    for trace in traces {
        assert!(!trace.is_in(stack), "{what} leaves the {} on the dead stack", trace.name);
    }
}

/// Fails when `work` used more stack than is cleared after it: below that, the stack must still be painted.
fn assert_cleared_as_deep_as_used(what: &str, stack: &[u8]) {
    /// Below what it clears, `zeroize_stack` itself may leave a return address.
    const OWN: usize = 64;

    let lowest = stack.iter().position(|byte| *byte != PAINT).unwrap();
    let is_cleared = |start: usize| stack[start..][..CLEARED_STACK].iter().all(|byte| *byte == 0);
    let found = (lowest..=lowest + OWN).any(is_cleared);
    assert!(found, "{what} uses more than {CLEARED_STACK} bytes of stack: raise CLEARED_STACK");
}

#[test]
fn what_is_left_behind_is_found() {
    on_a_large_stack(|| {
        let (_, stack) = dead_stack(|| {
            let key = black_box(DerivedKey::from_bytes(black_box(SECRET)));
            let copy = black_box(*key.expose_secret());
            u32::from(copy[0])
        });
        assert!(traces_of_key("key", SECRET)[0].is_in(&stack));
        let (_, stack) = dead_stack(|| hmac(black_box(SECRET), b"message"));
        assert!(traces_of_key("key", SECRET).iter().any(|trace| trace.is_in(&stack)));
        assert!(stack.iter().any(|byte| *byte != PAINT));
    });
}

#[test]
fn a_v2_derivation_leaves_nothing() {
    on_a_large_stack(|| {
        let (prototype, traces) = (prototype(), traces_of_v2());
        let secret = DeviceSecret::from_bytes(SECRET);
        let mut buffer = KeyBuffer::empty();
        let (key, stack) = dead_stack(|| derive_v2(&prototype, &secret, &CONTEXT, &mut buffer));
        // The traces belong to this key.
        assert_eq!(
            key.ok().unwrap().expose_secret()[..],
            traces.iter().find(|t| t.name == "released key").unwrap().bytes
        );
        assert_clean("derive_v2", &stack, &traces);
        assert_cleared_as_deep_as_used("derive_v2", &stack);

        let mut key = [0; 32];
        let (derived, stack) = dead_stack(|| derive_v2_into(&prototype, &secret, &CONTEXT, &mut key));
        derived.unwrap();
        assert_clean("derive_v2_into", &stack, &traces);
        assert_cleared_as_deep_as_used("derive_v2_into", &stack);

        let mut long = [0; 512];
        let (derived, stack) = dead_stack(|| derive_v2_into(&prototype, &secret, &CONTEXT, &mut long));
        derived.unwrap();
        let mut blocks = traces;
        blocks.push(Trace { name: "longer key", bytes: long.to_vec() });
        assert_clean("derive_v2_into of 512 bytes", &stack, &blocks);
    });
}

#[test]
fn a_derivation_of_a_challenge_key_leaves_nothing() {
    on_a_large_stack(|| {
        let (prototype, secret) = (prototype(), DeviceSecret::from_bytes(SECRET));
        let (digest, id) = (CONTEXT.model_digest, CONTEXT.enrolment_id);
        let mut traces = traces_of_v2();
        let mut buffer = ChallengeKeyBuffer::empty();
        let (key, stack) = dead_stack(|| derive_challenge_key(&prototype, &secret, digest, id, &mut buffer));
        let bytes = key.ok().unwrap().expose_secret().to_vec();
        traces.retain(|trace| trace.name != "released key");
        traces.push(Trace { name: "challenge key", bytes });
        assert_clean("derive_challenge_key", &stack, &traces);
        assert_cleared_as_deep_as_used("derive_challenge_key", &stack);
    });
}

#[test]
fn a_v1_derivation_leaves_nothing() {
    on_a_large_stack(|| {
        let prototype = prototype();
        let material = codes(&prototype);
        let pseudorandom = hmac(&[0; 32], &material);
        let mut key = [0; 32];
        let (derived, stack) = dead_stack(|| derive_v1(&prototype, &mut key));
        derived.unwrap();
        let mut traces = traces_of_key("pseudorandom key", &pseudorandom);
        traces.push(Trace { name: "released key", bytes: key.to_vec() });
        traces.push(Trace { name: "codes", bytes: material });
        assert_clean("derive_v1", &stack, &traces);
        assert_cleared_as_deep_as_used("derive_v1", &stack);
    });
}

/// Attempts in memory.
struct Attempts(u32);

impl AttemptCounter for Attempts {
    type Error = Infallible;

    fn remaining(&mut self) -> Result<u32, Infallible> {
        Ok(self.0)
    }

    fn persist_decrement(&mut self) -> Result<(), Infallible> {
        self.0 -= 1;
        Ok(())
    }

    fn restore(&mut self) -> Result<(), Infallible> {
        self.0 = 5;
        Ok(())
    }
}

#[test]
fn a_verification_leaves_nothing() {
    on_a_large_stack(|| {
        let (prototype, traces) = (prototype(), traces_of_v2());
        let secret = DeviceSecret::from_bytes(SECRET);
        let threshold = Threshold::new(0.9).unwrap();
        let enrolment = Enrolment::new(&prototype, threshold, CONTEXT.model_digest, CONTEXT.enrolment_id).unwrap();
        let stranger: Vec<f32> = prototype.iter().map(|component| -component).collect();
        for (probe, accepted) in [(&prototype, true), (&stranger, false)] {
            let mut attempts = Attempts(5);
            let mut buffer = KeyBuffer::empty();
            let (outcome, stack) = dead_stack(|| {
                let mut verdict = Verdict::rejection();
                let outcome = verify(&enrolment, probe, &mut attempts, &mut verdict);
                let key = enrolment.release_key(&verdict, &secret, CONTEXT.application, &mut buffer);
                (outcome, key.is_ok())
            });
            assert_eq!(outcome, if accepted { (Ok(()), true) } else { (Err(VerifyError::Rejected), false) });
            assert_clean("verify", &stack, &traces);
            if accepted {
                assert_cleared_as_deep_as_used("verify", &stack);
            }
        }
    });
}

#[test]
fn an_authentication_leaves_nothing() {
    on_a_large_stack(|| {
        let traces = traces_of_key("key", SECRET);
        let key = ChallengeKey::from_bytes(SECRET);
        let (answer, stack) = dead_stack(|| key.answer(b"door", &[3; 32]));
        assert_eq!(answer, Ok(hmac(SECRET, &[b"neural-vault/challenge/v2\x04door", &[3; 32][..]].concat())));
        assert_clean("answer", &stack, &traces);
        assert_cleared_as_deep_as_used("answer", &stack);

        let key = AdminKey::from_bytes(SECRET);
        let (_, stack) =
            dead_stack(|| command_tag(&key, &Revoke::KEY, SessionPlace { session: &[3; 32], number: 4 }, &[1]));
        assert_clean("command_tag", &stack, &traces);
    });
}
