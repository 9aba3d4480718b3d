//! The handshake: an honest one succeeds, and no other.

use neural_vault_session::{
    Handshaken, Initiator, Pattern, PublicKey, Session, SessionError, StaticKey, TAG_LENGTH, respond,
};
use sha2::{Digest, Sha256};

use super::script::{Pinned, Script, damaged};

/// What both sides agree on.
pub(super) const PROLOGUE: &[u8] = b"fuzzed";

/// Longest plain text, which is the longest message of Noise without its tag.
pub(super) const LONGEST: usize = 65_519;

/// The token's keys, and the seed of the ephemeral ones: others for each input.
///
/// With keys that stay, the fuzzer learns from the comparisons it watches which tag a message should have.
pub(super) struct Keys {
    pub(super) token: StaticKey,
    pub(super) public: PublicKey,
    seed: [u8; 32],
}

impl Keys {
    pub(super) fn new(input: &[u8]) -> Self {
        let seed: [u8; 32] = Sha256::digest(input).into();
        let token = StaticKey::from_bytes(&seed);
        Self { public: token.public(), token, seed }
    }

    /// A secret ephemeral key.
    pub(super) fn ephemeral(&self, number: u8) -> [u8; 32] {
        Sha256::digest([&self.seed[..], &[number]].concat()).into()
    }

    /// Bytes that no peer made: NK answers none, and no host finishes with an answer to them.
    pub(super) fn raw(&self, bytes: &[u8]) {
        let (mut answer, mut payload) = ([0; 200], [0; 200]);
        for pattern in [Pattern::Nx, Pattern::Nk] {
            let outcome = respond(&self.token, &self.ephemeral(0), pattern, PROLOGUE, bytes, b"welcome", &mut answer);
            match outcome {
                Ok((length, _)) => {
                    assert_eq!((pattern, bytes.len()), (Pattern::Nx, 32), "NX alone answers whoever greets");
                    assert_eq!(length, pattern.answer_overhead() + 7);
                }
                Err(error) => assert_eq!(error == SessionError::Length, bytes.len() != pattern.request_length()),
            }
            let (host, _) =
                self.greeting((pattern == Pattern::Nk).then_some(&self.public), 1).expect("its key is sound");
            match host.finish(bytes, &mut payload) {
                Ok(_) => panic!("an answer that no token gave is taken"),
                Err(error) => {
                    let too_short = bytes.len() < pattern.answer_overhead();
                    let too_long = bytes.len() > pattern.answer_overhead() + payload.len();
                    assert_eq!(
                        error == SessionError::Length,
                        too_short || bytes.len() > LONGEST + TAG_LENGTH,
                        "{error}"
                    );
                    assert_eq!(error == SessionError::Room, too_long && bytes.len() <= LONGEST + TAG_LENGTH, "{error}");
                }
            }
        }
    }

    /// The host's side with ephemeral key `number`, and its message.
    pub(super) fn greeting(
        &self,
        pinned: Option<&PublicKey>,
        number: u8,
    ) -> Result<(Initiator, Vec<u8>), SessionError> {
        let mut out = [0; 48];
        let (host, length) = Initiator::new(pinned, &self.ephemeral(number), PROLOGUE, &mut out)?;
        assert_eq!(length, if pinned.is_some() { Pattern::Nk } else { Pattern::Nx }.request_length());
        Ok((host, out[..length].to_vec()))
    }

    /// The two sides, if the handshake was honest; anything else is refused by one of them.
    pub(super) fn handshake(&self, script: &Script) -> Option<(Session, Session)> {
        let pinned = match script.pinned {
            Pinned::Nothing => None,
            Pinned::Token => Some(self.public),
            Pinned::Another => Some(StaticKey::from_bytes(&[0x77; 32]).public()),
            Pinned::Point(bytes) => Some(PublicKey::from_bytes(&bytes)),
        };
        let (host, sent) = match self.greeting(pinned.as_ref(), 1) {
            Ok(greeted) => greeted,
            Err(error) => {
                assert!(matches!(script.pinned, Pinned::Point(_)) && error == SessionError::WeakKey, "{error}");
                return None;
            }
        };
        let chosen = if pinned.is_some() { Pattern::Nk } else { Pattern::Nx };
        let pattern = match (chosen, script.is_other_pattern) {
            (Pattern::Nx, false) | (Pattern::Nk, true) => Pattern::Nx,
            _ => Pattern::Nk,
        };
        let prologue = if script.is_other_prologue { b"another" } else { PROLOGUE };
        let first = damaged(&sent, script.first.as_ref());
        let length = pattern.answer_overhead() + script.payload.len();
        let mut out = vec![0; length.saturating_sub(script.lacks.0.into())];
        let answered = respond(&self.token, &self.ephemeral(2), pattern, prologue, &first, &script.payload, &mut out);
        // NX greets in clear: its damage shows in the answer.
        let is_honest = first == sent && !script.is_other_prologue && pattern == chosen;
        let is_for_this_token = pinned.is_none_or(|key| key == self.public);
        let (answered, token) = match answered {
            Ok(answered) => answered,
            Err(error) => {
                let has_room = script.lacks.0 == 0;
                assert!(!(is_honest && is_for_this_token && has_room), "an honest greeting is refused: {error}");
                assert!(error != SessionError::Room || !has_room);
                return None;
            }
        };
        assert!(script.lacks.0 == 0 && answered == length);
        assert!(pattern == Pattern::Nx || is_honest && is_for_this_token, "NK answers its own host alone");

        let answer = damaged(&out, script.answer.as_ref());
        let mut payload = vec![0; script.payload.len().saturating_sub(script.lacks.1.into())];
        let lacks_room = payload.len() < script.payload.len();
        let finished = host.finish(&answer, &mut payload);
        if is_honest && answer == out && !lacks_room {
            let Handshaken { session, token: shown, payload: length } = finished.expect("an honest answer is taken");
            assert_eq!((shown, &payload[..length]), (self.public, &*script.payload));
            assert_eq!(shown.fingerprint().to_string(), self.public.fingerprint().to_string());
            assert_eq!(session.hash(), token.hash());
            return Some((session, token));
        }
        assert!(finished.is_err(), "a damaged handshake is finished");
        None
    }
}
