//! Messages of an open session, in any order and with damage.

use neural_vault_session::{Pattern, Session, SessionError, TAG_LENGTH, respond};

use super::handshake::{Keys, LONGEST, PROLOGUE};
use super::script::{Act, Damage, Pinned, Script, Side, damaged};

/// Both ends, the host's first.
pub(super) struct Link {
    pub(super) ends: [End; 2],
    pub(super) keys: Keys,
}

/// One side of an open session, with all that it sealed.
pub(super) struct End {
    session: Session,
    sealed: Vec<Vec<u8>>,
    texts: Vec<Vec<u8>>,
    opened: usize,
}

impl Link {
    /// Does the acts of a script, then delivers what is left.
    pub(super) fn run(mut self, script: &Script) {
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
                    let message = another(&self.keys, script, *side, text, number);
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
    pub(super) fn new(session: Session) -> Self {
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

/// A message for the same place of a session with another ephemeral key of the host.
fn another(keys: &Keys, script: &Script, side: Side, text: &[u8], number: u32) -> Vec<u8> {
    let pinned = (script.pinned == Pinned::Token).then_some(&keys.public);
    let (host, first) = keys.greeting(pinned, 3).expect("its key is sound");
    let pattern = if pinned.is_some() { Pattern::Nk } else { Pattern::Nx };
    let mut answer = [0; 200];
    let answered = respond(&keys.token, &keys.ephemeral(2), pattern, PROLOGUE, &first, &[], &mut answer);
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
