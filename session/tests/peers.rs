//! `snow`, another implementation of Noise, as the peer of each side, and the two sides of this crate together.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use neural_vault_session::{Initiator, Pattern, PublicKey, Session, StaticKey, TAG_LENGTH, respond};
use snow::{Builder, HandshakeState, TransportState};

const PROLOGUE: &[u8] = b"neural-vault, version 2";
const PAYLOAD: &[u8] = b"what the token says of itself";
const STATIC: [u8; 32] = *b"a token's static key, as if rand";
const PATTERNS: [Pattern; 2] = [Pattern::Nx, Pattern::Nk];
const MESSAGES: u32 = 3000;

fn token() -> StaticKey {
    StaticKey::from_bytes(&STATIC)
}

/// The key that a host pins for this pattern.
fn pinned(pattern: Pattern) -> Option<PublicKey> {
    (pattern == Pattern::Nk).then(|| token().public())
}

fn builder(pattern: Pattern) -> Builder<'static> {
    let name = match pattern {
        Pattern::Nx => "Noise_NX_25519_ChaChaPoly_SHA256",
        Pattern::Nk => "Noise_NK_25519_ChaChaPoly_SHA256",
    };
    Builder::new(name.parse().unwrap()).prologue(PROLOGUE).unwrap()
}

/// A message of number `n`: of a length between 0 and 600, and with bytes of its own.
fn message(n: u32) -> Vec<u8> {
    (0..n.wrapping_mul(7919) % 600).map(|at| (at ^ n).to_le_bytes()[0]).collect()
}

fn sealed(session: &mut Session, plain: &[u8]) -> Vec<u8> {
    let mut buffer = plain.to_vec();
    buffer.resize(plain.len() + TAG_LENGTH + 5, 0xee);
    let length = session.seal(&mut buffer, plain.len()).unwrap();
    assert_eq!(buffer[length..], [0xee; 5]);
    buffer.truncate(length);
    buffer
}

fn opened(session: &mut Session, sealed: &[u8]) -> Vec<u8> {
    session.open(&mut sealed.to_vec()).unwrap().to_vec()
}

fn snow_seals(transport: &mut TransportState, plain: &[u8]) -> Vec<u8> {
    let mut buffer = vec![0; plain.len() + TAG_LENGTH];
    let length = transport.write_message(plain, &mut buffer).unwrap();
    assert_eq!(length, buffer.len());
    buffer
}

fn snow_opens(transport: &mut TransportState, sealed: &[u8]) -> Vec<u8> {
    let mut buffer = vec![0; sealed.len()];
    let length = transport.read_message(sealed, &mut buffer).unwrap();
    buffer.truncate(length);
    buffer
}

/// Thousands of messages each way with the independent peer.
fn talk(session: &mut Session, mut peer: TransportState) {
    for n in 0..MESSAGES {
        assert_eq!((session.sealed(), session.opened()), (n, n));
        assert_eq!(snow_opens(&mut peer, &sealed(session, &message(n))), message(n));
        assert_eq!(opened(session, &snow_seals(&mut peer, &message(n + 1))), message(n + 1));
    }
}

fn into_transport(state: HandshakeState) -> ([u8; 32], TransportState) {
    (state.get_handshake_hash().try_into().unwrap(), state.into_transport_mode().unwrap())
}

#[test]
fn this_token_and_the_independent_host_understand_each_other() {
    for pattern in PATTERNS {
        let key = token().public();
        let builder = builder(pattern);
        let builder = if pattern == Pattern::Nk { builder.remote_public_key(key.as_bytes()).unwrap() } else { builder };
        let mut host = builder.build_initiator().unwrap();
        let mut first = [0; 64];
        let length = host.write_message(&[], &mut first).unwrap();
        assert_eq!(length, pattern.request_length());
        let mut answer = [0; 200];
        let (length, mut session) =
            respond(&token(), &[3; 32], pattern, PROLOGUE, &first[..length], PAYLOAD, &mut answer).unwrap();
        assert_eq!(length, pattern.answer_overhead() + PAYLOAD.len());
        let mut payload = [0; 200];
        let read = host.read_message(&answer[..length], &mut payload).unwrap();
        assert_eq!(&payload[..read], PAYLOAD);
        assert_eq!(host.get_remote_static().unwrap(), key.as_bytes());
        let (hash, transport) = into_transport(host);
        assert_eq!(session.hash(), &hash);
        talk(&mut session, transport);
    }
}

#[test]
fn this_host_and_the_independent_token_understand_each_other() {
    for pattern in PATTERNS {
        let mut token_state = builder(pattern).local_private_key(&STATIC).unwrap().build_responder().unwrap();
        let (mut first, mut answer, mut payload) = ([0; 64], [0; 200], [0; 200]);
        let (initiator, length) = Initiator::new(pinned(pattern).as_ref(), &[4; 32], PROLOGUE, &mut first).unwrap();
        assert_eq!(token_state.read_message(&first[..length], &mut payload).unwrap(), 0);
        let length = token_state.write_message(PAYLOAD, &mut answer).unwrap();
        let mut done = initiator.finish(&answer[..length], &mut payload).unwrap();
        assert_eq!(&payload[..done.payload], PAYLOAD);
        assert_eq!(done.token, token().public());
        let (hash, transport) = into_transport(token_state);
        assert_eq!(done.session.hash(), &hash);
        talk(&mut done.session, transport);
    }
}

#[test]
fn both_sides_of_this_crate_understand_each_other() {
    for pattern in PATTERNS {
        let (mut first, mut answer) = ([0; 48], [0; 200]);
        let (initiator, length) = Initiator::new(pinned(pattern).as_ref(), &[4; 32], PROLOGUE, &mut first).unwrap();
        let (length, mut token_side) =
            respond(&token(), &[3; 32], pattern, PROLOGUE, &first[..length], &[], &mut answer).unwrap();
        let done = initiator.finish(&answer[..length], &mut []).unwrap();
        let mut host_side = done.session;
        assert_eq!(host_side.hash(), token_side.hash());
        for n in 0..10 {
            assert_eq!(opened(&mut token_side, &sealed(&mut host_side, &message(n))), message(n));
            assert_eq!(opened(&mut host_side, &sealed(&mut token_side, &message(n))), message(n));
        }
    }
}
