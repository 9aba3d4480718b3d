//! An attacker on the line, in the handshake and in the session.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use neural_vault_session::{Handshaken, Initiator, Pattern, PublicKey, Session, SessionError, StaticKey, respond};

const PROLOGUE: &[u8] = b"neural-vault, version 2";
const PAYLOAD: &[u8] = b"what the token says of itself";
const PATTERNS: [Pattern; 2] = [Pattern::Nx, Pattern::Nk];

fn token() -> StaticKey {
    StaticKey::from_bytes(b"a token's static key, as if rand")
}

fn other_token() -> StaticKey {
    StaticKey::from_bytes(b"another token's key, as if rando")
}

fn begin(pattern: Pattern, ephemeral: u8, prologue: &[u8]) -> (Initiator, Vec<u8>) {
    let pinned = (pattern == Pattern::Nk).then(|| token().public());
    let mut message = vec![0; 48];
    let (initiator, length) = Initiator::new(pinned.as_ref(), &[ephemeral; 32], prologue, &mut message).unwrap();
    message.truncate(length);
    (initiator, message)
}

fn answer(
    key: &StaticKey,
    ephemeral: u8,
    pattern: Pattern,
    message: &[u8],
) -> Result<(Vec<u8>, Session), SessionError> {
    let mut answer = vec![0; 200];
    let (length, session) = respond(key, &[ephemeral; 32], pattern, PROLOGUE, message, PAYLOAD, &mut answer)?;
    answer.truncate(length);
    Ok((answer, session))
}

fn finish(initiator: Initiator, answer: &[u8]) -> Result<Handshaken, SessionError> {
    initiator.finish(answer, &mut [0; 200])
}

/// Host and token in a session.
fn sessions(pattern: Pattern) -> [Session; 2] {
    let (initiator, message) = begin(pattern, 1, PROLOGUE);
    let (answer, token_side) = answer(&token(), 2, pattern, &message).unwrap();
    [finish(initiator, &answer).unwrap().session, token_side]
}

fn sealed(session: &mut Session, plain: &[u8]) -> Vec<u8> {
    let mut buffer = [plain, &[0; 16]].concat();
    let length = session.seal(&mut buffer, plain.len()).unwrap();
    assert_eq!(length, buffer.len());
    buffer
}

fn open(session: &mut Session, sealed: &[u8]) -> Result<Vec<u8>, SessionError> {
    session.open(&mut sealed.to_vec()).map(|plain| plain.to_vec())
}

/// Every copy of a message with one bit flipped.
fn flipped(message: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..message.len() * 8).map(|bit| {
        let mut copy = message.to_vec();
        copy[bit / 8] ^= 1 << (bit % 8);
        copy
    })
}

#[test]
fn a_token_with_another_key_than_the_pinned_one_opens_no_session() {
    let (initiator, message) = begin(Pattern::Nk, 1, PROLOGUE);
    assert_eq!(answer(&other_token(), 2, Pattern::Nk, &message).err(), Some(SessionError::Authentication));
    // A man in the middle begins a handshake of his own with a token of his own.
    let (_, own) = {
        let mut own = vec![0; 48];
        let started = Initiator::new(Some(&other_token().public()), &[1; 32], PROLOGUE, &mut own).unwrap();
        (started, own)
    };
    let (forged, _) = answer(&other_token(), 2, Pattern::Nk, &own).unwrap();
    assert_eq!(finish(initiator, &forged).err(), Some(SessionError::Authentication));
}

#[test]
fn at_first_contact_the_host_learns_the_key_that_answered() {
    let (initiator, message) = begin(Pattern::Nx, 1, PROLOGUE);
    let (answer, _) = answer(&other_token(), 2, Pattern::Nx, &message).unwrap();
    let shown = finish(initiator, &answer).unwrap().token;
    assert_eq!(shown, other_token().public());
    assert_ne!(shown.fingerprint(), token().public().fingerprint());
}

#[test]
fn no_handshake_with_an_altered_bit_opens_a_session_for_both() {
    for pattern in PATTERNS {
        let (_, message) = begin(pattern, 1, PROLOGUE);
        let mut answered = 0;
        for altered in flipped(&message) {
            let (initiator, _) = begin(pattern, 1, PROLOGUE);
            match answer(&token(), 2, pattern, &altered) {
                Ok((answer, _)) => {
                    answered += 1;
                    assert_eq!(finish(initiator, &answer).err(), Some(SessionError::Authentication));
                }
                Err(error) => assert_eq!(error, SessionError::Authentication),
            }
        }
        // In NX the first message is a bare key, and every one but the weak is answered.
        assert_eq!(answered, if pattern == Pattern::Nx { 256 } else { 0 });
        let (whole, _) = answer(&token(), 2, pattern, &message).unwrap();
        for altered in flipped(&whole) {
            let (initiator, _) = begin(pattern, 1, PROLOGUE);
            assert_eq!(finish(initiator, &altered).err(), Some(SessionError::Authentication));
        }
    }
}

#[test]
fn a_handshake_of_another_length_is_refused() {
    for pattern in PATTERNS {
        let (_, message) = begin(pattern, 1, PROLOGUE);
        for length in (0..200).filter(|length| *length != message.len()) {
            let other: Vec<u8> = message.iter().copied().cycle().take(length).collect();
            assert_eq!(answer(&token(), 2, pattern, &other).err(), Some(SessionError::Length), "{length}");
        }
        let (whole, _) = answer(&token(), 2, pattern, &message).unwrap();
        for length in 0..whole.len() {
            let (initiator, _) = begin(pattern, 1, PROLOGUE);
            let error =
                if length < pattern.answer_overhead() { SessionError::Length } else { SessionError::Authentication };
            assert_eq!(finish(initiator, &whole[..length]).err(), Some(error), "{length}");
        }
        let (initiator, _) = begin(pattern, 1, PROLOGUE);
        assert_eq!(initiator.finish(&vec![0; 70_000], &mut vec![0; 70_000]).err(), Some(SessionError::Length));
    }
}

#[test]
fn a_buffer_that_is_too_short_is_an_error() {
    for pattern in PATTERNS {
        let pinned = (pattern == Pattern::Nk).then(|| token().public());
        let (mut first, mut out) = ([0; 48], [0; 200]);
        for room in 0..pattern.request_length() {
            let started = Initiator::new(pinned.as_ref(), &[1; 32], PROLOGUE, &mut first[..room]);
            assert_eq!(started.err(), Some(SessionError::Room));
        }
        let (_, message) = begin(pattern, 1, PROLOGUE);
        for room in 0..pattern.answer_overhead() + PAYLOAD.len() {
            let answered = respond(&token(), &[2; 32], pattern, PROLOGUE, &message, PAYLOAD, &mut out[..room]);
            assert_eq!(answered.err(), Some(SessionError::Room), "{room}");
        }
        let too_long = respond(&token(), &[2; 32], pattern, PROLOGUE, &message, &[0; 65_500], &mut [0; 66_000]);
        assert_eq!(too_long.err(), Some(SessionError::Length));
        let (answer, _) = answer(&token(), 2, pattern, &message).unwrap();
        let (initiator, _) = begin(pattern, 1, PROLOGUE);
        assert_eq!(initiator.finish(&answer, &mut [0; PAYLOAD.len() - 1]).err(), Some(SessionError::Room));
    }
}

#[test]
fn the_longest_payload_arrives_and_one_byte_more_is_refused() {
    const MAX_MESSAGE: usize = 65_535;
    for pattern in PATTERNS {
        let (initiator, message) = begin(pattern, 1, PROLOGUE);
        let payload = vec![0x5a; MAX_MESSAGE - pattern.answer_overhead() + 1];
        let (mut out, mut received) = (vec![0; MAX_MESSAGE + 1], vec![0; MAX_MESSAGE + 1]);
        let refused = respond(&token(), &[2; 32], pattern, PROLOGUE, &message, &payload, &mut out);
        assert_eq!(refused.err(), Some(SessionError::Length));
        let longest = &payload[1..];
        let (length, _) = respond(&token(), &[2; 32], pattern, PROLOGUE, &message, longest, &mut out).unwrap();
        assert_eq!(length, MAX_MESSAGE);
        let done = initiator.finish(&out[..length], &mut received).unwrap();
        assert_eq!(&received[..done.payload], longest);
    }
}

#[test]
fn a_handshake_for_another_protocol_version_is_refused() {
    let (_, message) = begin(Pattern::Nk, 1, b"neural-vault, version 3");
    assert_eq!(answer(&token(), 2, Pattern::Nk, &message).err(), Some(SessionError::Authentication));
    let (initiator, message) = begin(Pattern::Nx, 1, b"neural-vault, version 3");
    let (answer, _) = answer(&token(), 2, Pattern::Nx, &message).unwrap();
    assert_eq!(finish(initiator, &answer).err(), Some(SessionError::Authentication));
}

#[test]
fn a_handshake_of_the_other_pattern_is_refused() {
    let (_, message) = begin(Pattern::Nk, 1, PROLOGUE);
    assert_eq!(answer(&token(), 2, Pattern::Nx, &message).err(), Some(SessionError::Length));
    let (initiator, _) = begin(Pattern::Nk, 1, PROLOGUE);
    let (answer, _) = answer(&token(), 2, Pattern::Nx, &message[..32]).unwrap();
    assert_eq!(finish(initiator, &answer).err(), Some(SessionError::Authentication));
}

#[test]
fn a_weak_key_is_refused_wherever_it_comes_from() {
    let zero = PublicKey::from_bytes(&[0; 32]);
    let started = Initiator::new(Some(&zero), &[1; 32], PROLOGUE, &mut [0; 48]);
    assert_eq!(started.err(), Some(SessionError::WeakKey));
    assert_eq!(answer(&token(), 2, Pattern::Nx, &[0; 32]).err(), Some(SessionError::WeakKey));
    assert_eq!(answer(&token(), 2, Pattern::Nk, &[0; 48]).err(), Some(SessionError::WeakKey));
    for pattern in PATTERNS {
        let (initiator, message) = begin(pattern, 1, PROLOGUE);
        let (mut answer, _) = answer(&token(), 2, pattern, &message).unwrap();
        answer[..32].fill(0);
        assert_eq!(finish(initiator, &answer).err(), Some(SessionError::WeakKey));
    }
}

#[test]
fn a_replayed_handshake_does_not_open_the_old_session_again() {
    for pattern in PATTERNS {
        let (initiator, message) = begin(pattern, 1, PROLOGUE);
        let (recorded, mut first) = answer(&token(), 2, pattern, &message).unwrap();
        let mut host = finish(initiator, &recorded).unwrap().session;
        let scan = sealed(&mut host, b"a scan that was recorded");
        assert!(open(&mut first, &scan).is_ok());
        // The token draws another ephemeral key, so the recorded scan is not for this session.
        let (_, mut second) = answer(&token(), 3, pattern, &message).unwrap();
        assert_ne!(first.hash(), second.hash());
        assert_eq!(open(&mut second, &scan), Err(SessionError::Authentication));
        // Nor does a host take a recorded answer for its own.
        let (initiator, _) = begin(pattern, 7, PROLOGUE);
        assert_eq!(finish(initiator, &recorded).err(), Some(SessionError::Authentication));
    }
}

#[test]
fn altered_truncated_replayed_and_reordered_messages_are_refused_and_the_right_one_still_opens() {
    for pattern in PATTERNS {
        let [mut host, mut token] = sessions(pattern);
        let messages = [b"first", b"other", b"third"].map(|plain| sealed(&mut host, plain));
        for altered in flipped(&messages[0]) {
            assert_eq!(open(&mut token, &altered), Err(SessionError::Authentication));
        }
        for length in 0..messages[0].len() {
            let error = if length < 16 { SessionError::Length } else { SessionError::Authentication };
            assert_eq!(open(&mut token, &messages[0][..length]), Err(error));
        }
        let longer = [&messages[0][..], &[0]].concat();
        assert_eq!(open(&mut token, &longer), Err(SessionError::Authentication));
        assert_eq!(open(&mut token, &messages[1]), Err(SessionError::Authentication), "reordered");
        assert_eq!(open(&mut token, &messages[0]).unwrap(), b"first");
        assert_eq!(open(&mut token, &messages[0]), Err(SessionError::Authentication), "replayed");
        assert_eq!(open(&mut token, &messages[2]), Err(SessionError::Authentication), "one left out");
        assert_eq!(open(&mut host, &messages[1]), Err(SessionError::Authentication), "reflected");
        assert_eq!(open(&mut token, &messages[1]).unwrap(), b"other");
        assert_eq!(open(&mut token, &messages[2]).unwrap(), b"third");
        assert_eq!((token.opened(), token.sealed(), host.opened(), host.sealed()), (3, 0, 0, 3));
    }
}

#[test]
fn a_refused_message_stays_as_it_was() {
    let [mut host, mut token] = sessions(Pattern::Nx);
    let mut message = sealed(&mut host, b"first");
    message[0] ^= 1;
    let before = message.clone();
    assert_eq!(token.open(&mut message), Err(SessionError::Authentication));
    assert_eq!(message, before);
}

#[test]
fn messages_of_one_session_do_not_open_in_another() {
    for pattern in PATTERNS {
        let [mut host, _] = sessions(pattern);
        let (_, message) = begin(pattern, 9, PROLOGUE);
        let (_, mut token) = answer(&token(), 8, pattern, &message).unwrap();
        assert_eq!(open(&mut token, &sealed(&mut host, b"first")), Err(SessionError::Authentication));
    }
}
