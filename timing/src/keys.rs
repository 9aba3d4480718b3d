//! Keys of a prototype and a device secret, answers to challenges, tags of commands, comparisons.

use std::convert::Infallible;
use std::hint::black_box;

use neural_vault_core::bundle::{Bundle, ProvisioningKey};
use neural_vault_core::challenge::{ChallengeKey, ChallengeKeyBuffer, derive_challenge_key};
use neural_vault_core::encoder::Dims;
use neural_vault_core::key::{DerivedKey, DeviceSecret, KeyBuffer, KeyContext, derive_v1, derive_v2, derive_v2_into};
use neural_vault_core::testing::{Random, bundle};
use neural_vault_core::verify::{AttemptCounter, Enrolment, Threshold, Verdict, verify};
use neural_vault_core::wire::{AdminKey, Endpoint, Revoke, SessionPlace, SlotNumber, authorise, command_tag};
use subtle::ConstantTimeEq;

use crate::Workload;
use crate::marks::{as_public, as_secret, public};

pub const WORKLOADS: &[Workload] = &[
    ("derive_v1", v1),
    ("derive_v2", v2),
    ("derive_v2_into, 512 bytes", v2_long),
    ("derive_challenge_key, ChallengeKey::answer", challenge),
    ("verify, release_key: accepted", || verification(true)),
    ("verify, release_key: rejected", || verification(false)),
    ("DerivedKey and ChallengeKey compared", comparison),
    ("authorise, command_tag, the tag compared", tag),
    ("Bundle::open_authenticated", provisioning_key),
];

const CONTEXT: KeyContext<'_> = KeyContext { model_digest: &[1; 32], enrolment_id: &[2; 16], application: b"disk" };

fn prototype() -> [f32; 128] {
    as_secret(Random(3).floats(128, 1.0).try_into().expect("as many"))
}

fn device_secret() -> DeviceSecret {
    as_secret(DeviceSecret::from_bytes(b"0123456789abcdefFEDCBA9876543210"))
}

fn v1() {
    let mut key = [0; 32];
    black_box(derive_v1(&prototype(), &mut key).is_ok());
    black_box(key);
}

fn v2() {
    let mut buffer = KeyBuffer::empty();
    black_box(derive_v2(&prototype(), &device_secret(), &CONTEXT, &mut buffer).is_ok());
}

fn v2_long() {
    let mut key = [0; 512];
    black_box(derive_v2_into(&prototype(), &device_secret(), &CONTEXT, &mut key).is_ok());
    black_box(key);
}

fn challenge() {
    let mut buffer = ChallengeKeyBuffer::empty();
    let (prototype, secret) = (prototype(), device_secret());
    let key = derive_challenge_key(&prototype, &secret, CONTEXT.model_digest, CONTEXT.enrolment_id, &mut buffer);
    let answer = key.expect("a sound prototype").answer(b"door", &[3; 32]).expect("a short label");
    // What is sent.
    public(black_box(&answer));
}

struct Attempts;

impl AttemptCounter for Attempts {
    type Error = Infallible;

    fn remaining(&mut self) -> Result<u32, Infallible> {
        Ok(black_box(5))
    }

    fn persist_decrement(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn restore(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Prototype and probe are secret; whether it accepts is not.
fn verification(accepts: bool) {
    let (prototype, secret) = (prototype(), device_secret());
    let sign = if accepts { 1.0 } else { -1.0 };
    let probe = prototype.map(|component| sign * component);
    let threshold = Threshold::new(0.9).expect("a cosine");
    let enrolment = Enrolment::new(&prototype, threshold, CONTEXT.model_digest, CONTEXT.enrolment_id);
    let enrolment = enrolment.expect("a sound prototype");
    let mut verdict = Verdict::rejection();
    let outcome = verify(&enrolment, &probe, &mut Attempts, &mut verdict);
    let mut buffer = KeyBuffer::empty();
    let released = enrolment.release_key(&verdict, &secret, b"disk", &mut buffer).is_ok();
    assert_eq!((as_public(outcome.is_ok()), as_public(released)), (accepts, accepts));
}

fn comparison() {
    let secret = [9u8; 32];
    let keys = [secret, secret].map(|bytes| as_secret(DerivedKey::from_bytes(&bytes)));
    assert!(bool::from(as_public(keys[0].ct_eq(&keys[1]))));
    let keys = [secret, [8; 32]].map(|bytes| as_secret(ChallengeKey::from_bytes(&bytes)));
    assert!(!bool::from(as_public(keys[0].ct_eq(&keys[1]))));
}

/// As the host makes a tag, and as the token checks it: a sound one, and one that is wrong.
fn tag() {
    let key = as_secret(AdminKey::from_bytes(&[5; 32]));
    let place = SessionPlace { session: &[3; 32], number: 4 };
    let command = authorise::<Revoke, _>(&key, place, SlotNumber { slot: 1 }).expect("a short command");
    // It is sent.
    let sent = as_public(command.tag);
    for wrong in [0, 1] {
        let mut given = sent;
        given[31] ^= wrong;
        let found = command_tag(&key, &Revoke::KEY, place, &[1]);
        assert_eq!(bool::from(as_public(found.ct_eq(&given))), wrong == 0);
    }
}

fn provisioning_key() {
    let bytes = bundle(&Dims::linear(8, 16, 4), 5, Some(&[4; 32])).expect("sound sizes");
    let key = as_secret(ProvisioningKey::from_bytes(&[4; 32]));
    assert!(as_public(Bundle::open_authenticated(bytes.bytes(), &key).is_ok()));
}
