//! The session: nothing opens that the peer did not seal for this place, and honest traffic always opens.

use arbitrary::{Arbitrary, Unstructured};
use neural_vault_session::{
    Handshaken, Initiator, Pattern, PublicKey, Session, SessionError, StaticKey, TAG_LENGTH, respond,
};
use sha2::{Digest, Sha256};

/// What both sides agree on.
const PROLOGUE: &[u8] = b"fuzzed";

/// Longest plain text, which is the longest message of Noise without its tag.
const LONGEST: usize = 65_519;

/// The token's keys, and the seed of the ephemeral ones: others for each input.
///
/// With keys that stay, the fuzzer learns from the comparisons it watches which tag a message should have.
struct Keys {
    token: StaticKey,
    public: PublicKey,
    seed: [u8; 32],
}

/// A handshake with damage, and what is then sent.
#[derive(Arbitrary, Debug)]
struct Script {
    pinned: Pinned,
    /// Whether the token takes the pattern that the host has not chosen.
    is_other_pattern: bool,
    is_other_prologue: bool,
    payload: Vec<u8>,
    first: Option<Damage>,
    answer: Option<Damage>,
    /// How much room the answer lacks, and the payload.
    lacks: (u8, u8),
    acts: Vec<Act>,
}

#[derive(Arbitrary, Debug, PartialEq)]
enum Pinned {
    Nothing,
    Token,
    Another,
    Point([u8; 32]),
}

/// What becomes of a message on its way.
#[derive(Arbitrary, Debug)]
enum Damage {
    Flip { place: u16, bits: u8 },
    Cut(u8),
    Append(Vec<u8>),
    Replace(Vec<u8>),
}

#[derive(Arbitrary, Debug)]
enum Act {
    Seal {
        side: Side,
        text: Vec<u8>,
        is_used_at_once: bool,
    },
    SealLong {
        side: Side,
        length: u32,
    },
    /// A buffer that lacks this much of its room.
    SealWithoutRoom {
        side: Side,
        length: u16,
        lacks: u8,
    },
    /// A message that was sealed by either side, for this one.
    Deliver {
        side: Side,
        from: Side,
        number: u8,
        damage: Option<Damage>,
    },
    DeliverNext {
        side: Side,
        damage: Option<Damage>,
    },
    /// A message of another session of the same keys.
    Another {
        side: Side,
        text: Vec<u8>,
    },
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Side {
    Host,
    Token,
}

/// One side of an open session, with all that it sealed.
struct End {
    session: Session,
    sealed: Vec<Vec<u8>>,
    texts: Vec<Vec<u8>>,
    opened: usize,
}

/// Takes `bytes` as messages of a handshake, and as a script of a whole session.
pub fn check(bytes: &[u8]) {
    let keys = Keys::new(bytes);
    keys.raw(bytes);
    let Ok(script) = Script::arbitrary(&mut Unstructured::new(bytes)) else { return };
    let Some((host, token)) = keys.handshake(&script) else { return };
    Link { ends: [End::new(host), End::new(token)], keys }.run(&script);
}

impl Keys {
    fn new(input: &[u8]) -> Self {
        let seed: [u8; 32] = Sha256::digest(input).into();
        let token = StaticKey::from_bytes(&seed);
        Self { public: token.public(), token, seed }
    }

    /// A secret ephemeral key.
    fn ephemeral(&self, number: u8) -> [u8; 32] {
        Sha256::digest([&self.seed[..], &[number]].concat()).into()
    }

    /// Bytes that no peer made: NK answers none, and no host finishes with an answer to them.
    fn raw(&self, bytes: &[u8]) {
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
    fn greeting(&self, pinned: Option<&PublicKey>, number: u8) -> Result<(Initiator, Vec<u8>), SessionError> {
        let mut out = [0; 48];
        let (host, length) = Initiator::new(pinned, &self.ephemeral(number), PROLOGUE, &mut out)?;
        assert_eq!(length, if pinned.is_some() { Pattern::Nk } else { Pattern::Nx }.request_length());
        Ok((host, out[..length].to_vec()))
    }

    /// The two sides, if the handshake was honest; anything else is refused by one of them.
    fn handshake(&self, script: &Script) -> Option<(Session, Session)> {
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

    /// A message for the same place of a session with another ephemeral key of the host.
    fn another(&self, script: &Script, side: Side, text: &[u8], number: u32) -> Vec<u8> {
        let pinned = (script.pinned == Pinned::Token).then_some(&self.public);
        let (host, first) = self.greeting(pinned, 3).expect("its key is sound");
        let pattern = if pinned.is_some() { Pattern::Nk } else { Pattern::Nx };
        let mut answer = [0; 200];
        let answered = respond(&self.token, &self.ephemeral(2), pattern, PROLOGUE, &first, &[], &mut answer);
        let (length, token) = answered.expect("an honest greeting is answered");
        let host = host.finish(&answer[..length], &mut []).expect("an honest answer is taken").session;
        assert_eq!(host.hash(), token.hash());
        let mut end = End::new(match side {
            Side::Host => host,
            Side::Token => token,
        });
        (0..=number).for_each(|_| end.seal(text));
        end.sealed.pop().expect("it was sealed")
    }
}

/// Both ends, the host's first.
struct Link {
    ends: [End; 2],
    keys: Keys,
}

impl Link {
    fn run(mut self, script: &Script) {
        for act in script.acts.iter().take(64) {
            match act {
                Act::Seal { side, text, is_used_at_once } => {
                    self.end(*side).seal(text);
                    if *is_used_at_once {
                        self.deliver_next(side.peer(), None);
                    }
                }
                Act::SealLong { side, length } => {
                    let text = vec![0xa5; *length as usize % (LONGEST + 3)];
                    self.end(*side).seal(&text);
                }
                Act::SealWithoutRoom { side, length, lacks } => self.end(*side).seal_without_room(*length, *lacks),
                Act::Deliver { side, from, number, damage } => {
                    let sealed = &self.end(*from).sealed;
                    let Some(number) = usize::from(*number).checked_rem(sealed.len()) else { continue };
                    let message = damaged(&sealed[number], damage.as_ref());
                    self.deliver(*side, &message);
                }
                Act::DeliverNext { side, damage } => self.deliver_next(*side, damage.as_ref()),
                Act::Another { side, text } => {
                    let number = self.end(*side).session.sealed();
                    let message = self.keys.another(script, *side, text, number);
                    self.deliver(side.peer(), &message);
                }
            }
        }
        // Whatever came in between, what was sealed opens.
        for side in [Side::Host, Side::Token] {
            while self.end(side).opened < self.end(side.peer()).sealed.len() {
                self.deliver_next(side, None);
            }
        }
    }

    fn end(&mut self, side: Side) -> &mut End {
        &mut self.ends[side as usize]
    }

    fn deliver_next(&mut self, side: Side, damage: Option<&Damage>) {
        let next = self.end(side).opened;
        let Some(sealed) = self.end(side.peer()).sealed.get(next) else { return };
        let message = damaged(sealed, damage);
        self.deliver(side, &message);
    }

    /// A message opens if, and only if, it is the next that the peer sealed.
    fn deliver(&mut self, side: Side, message: &[u8]) {
        let next = self.end(side).opened;
        let peer = self.end(side.peer());
        let expected = (peer.sealed.get(next).map(Vec::as_slice) == Some(message)).then(|| peer.texts[next].clone());
        let end = self.end(side);
        let mut buffer = message.to_vec();
        let opened = end.session.open(&mut buffer).map(|text| text.to_vec());
        match expected {
            Some(text) => {
                assert_eq!(opened, Ok(text), "honest traffic opens");
                end.opened += 1;
            }
            None => {
                let fits = (TAG_LENGTH..=LONGEST + TAG_LENGTH).contains(&message.len());
                let error = if fits { SessionError::Authentication } else { SessionError::Length };
                assert_eq!(opened, Err(error));
                assert_eq!(buffer, message, "what does not open stays as it was");
            }
        }
        end.count();
    }
}

impl End {
    fn new(session: Session) -> Self {
        Self { session, sealed: Vec::new(), texts: Vec::new(), opened: 0 }
    }

    fn count(&self) {
        let counted = (self.session.sealed() as usize, self.session.opened() as usize);
        assert_eq!(counted, (self.sealed.len(), self.opened));
    }

    fn seal(&mut self, text: &[u8]) {
        let mut buffer = [text, &[0xee; TAG_LENGTH + 3]].concat();
        match self.session.seal(&mut buffer, text.len()) {
            Ok(length) => {
                assert_eq!((length, &buffer[length..]), (text.len() + TAG_LENGTH, &[0xee; 3][..]));
                buffer.truncate(length);
                self.sealed.push(buffer);
                self.texts.push(text.to_vec());
            }
            Err(error) => {
                assert!(error == SessionError::Length && text.len() > LONGEST);
                assert_eq!(buffer[..text.len()], *text, "what is not sealed stays as it was");
            }
        }
        self.count();
    }

    fn seal_without_room(&mut self, length: u16, lacks: u8) {
        let (length, lacks) = (usize::from(length) % 300, usize::from(lacks).max(1));
        let mut buffer = vec![0xa5; (length + TAG_LENGTH).saturating_sub(lacks)];
        assert_eq!(self.session.seal(&mut buffer, length), Err(SessionError::Room));
        assert!(buffer.iter().all(|&byte| byte == 0xa5));
        self.count();
    }
}

impl Side {
    fn peer(self) -> Self {
        match self {
            Self::Host => Self::Token,
            Self::Token => Self::Host,
        }
    }
}

fn damaged(message: &[u8], damage: Option<&Damage>) -> Vec<u8> {
    let mut damaged = message.to_vec();
    match damage {
        None => {}
        Some(Damage::Flip { place, bits }) => {
            if let Some(place) = usize::from(*place).checked_rem(damaged.len()) {
                damaged[place] ^= bits;
            }
        }
        Some(Damage::Cut(length)) => damaged.truncate(damaged.len().saturating_sub(usize::from(*length))),
        Some(Damage::Append(bytes)) => damaged.extend(bytes),
        Some(Damage::Replace(bytes)) => damaged.clone_from(bytes),
    }
    damaged
}
