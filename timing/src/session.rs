//! The handshake of a session, and its messages, at both ends.

use std::hint::black_box;

use neural_vault_session::{Initiator, Pattern, PublicKey, Session, StaticKey, respond};

use crate::Workload;
use crate::marks::{as_public, as_secret, public, secret};

pub const WORKLOADS: &[Workload] = &[
    ("StaticKey::public", public_key),
    ("handshake NX, Session::seal and open", || session(Pattern::Nx)),
    ("handshake NK, Session::seal and open", || session(Pattern::Nk)),
];

fn static_key() -> StaticKey {
    as_secret(StaticKey::from_bytes(&[0x42; 32]))
}

fn public_key() {
    public(&black_box(static_key().public()));
}

/// A handshake, and one message each way of which one is altered.
fn session(pattern: Pattern) {
    let key = static_key();
    let known: PublicKey = as_public(key.public());
    let pinned = matches!(pattern, Pattern::Nk).then_some(&known);
    let mut message = [0; 64];
    let started = Initiator::new(pinned, &as_secret([0x17; 32]), b"prologue", &mut message);
    let (host, length) = started.expect("there is room");
    // It is sent.
    public(&message);
    let (mut answer, mut payload) = ([0; 256], [0; 64]);
    let answered =
        respond(&key, &as_secret([0x71; 32]), pattern, b"prologue", &message[..length], b"welcome", &mut answer);
    let (length, mut token) = answered.expect("a sound message");
    public(&answer);
    let mut host = host.finish(&answer[..length], &mut payload).expect("a sound answer").session;
    exchange(&mut host, &mut token);
    exchange(&mut token, &mut host);
}

fn exchange(from: &mut Session, to: &mut Session) {
    let mut buffer = [0x5a; 64];
    secret(&mut buffer[..40]);
    let length = from.seal(&mut buffer, 40).expect("there is room");
    // It is sent.
    public(&buffer);
    let mut altered = buffer;
    altered[3] ^= 1;
    assert!(to.open(&mut altered[..length]).is_err());
    let plain = to.open(&mut buffer[..length]).expect("a sound message");
    secret(plain);
}
