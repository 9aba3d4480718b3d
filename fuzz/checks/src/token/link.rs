//! A host on the token's link, which keeps what it sent and was answered.

use neural_vault_core::key::DeviceSecret;
use neural_vault_core::wire::*;
use neural_vault_session::{PublicKey, StaticKey};
use neural_vault_token::memory::Memory;
use neural_vault_token::token::Token;
use neural_vault_token_simulator::client::{Client, Transport, framed};
use neural_vault_token_simulator::{ADMIN, SECRET, SimBoard};
use serde::Serialize;

use super::act::{Auth, Pin, Use};
use super::model::Model;
use super::persons::{FEATURES, LATENT, WINDOW};

/// Labels of applications; the last is too long.
pub const APPLICATIONS: [&[u8]; 4] = [b"", b"login", &[b'a'; 64], &[b'a'; 65]];

/// Another administrator's key.
const ANOTHER: [u8; 32] = [0xee; 32];

/// A token and its host.
pub struct Link<'m> {
    client: Client<Recorder<'m>>,
}

/// The token's end.
struct Recorder<'m> {
    token: Token<'m, SimBoard>,
    /// The latest frame and its answer.
    latest: Option<(Vec<u8>, Vec<u8>)>,
    /// Frames of sessions and their answers.
    sent: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Transport for Recorder<'_> {
    fn exchange(&mut self, frame: &[u8]) -> Vec<u8> {
        let answer = self.token.exchange(frame);
        let kind = decode(&mut frame[..frame.len() - 1].to_vec()).expect("a frame").kind;
        if kind == Kind::Session {
            self.sent.push((frame.to_vec(), answer.clone()));
        }
        self.latest = Some((frame.to_vec(), answer.clone()));
        answer
    }
}

impl<'m> Link<'m> {
    /// Starts a token.
    pub fn start(board: SimBoard, model: &'m [u8], memory: &'m mut Memory) -> Self {
        let token = Token::start(board, model, memory);
        Self { client: Client::new(Recorder { token, latest: None, sent: Vec::new() }) }
    }

    /// Whether the person at the token presses the button when it asks.
    pub fn consent(&mut self, consents: bool) {
        self.client.transport.token.board().consents = consents;
    }

    /// The token's key, as the latest handshake showed it.
    pub fn key(&self) -> PublicKey {
        self.client.token.expect("there was a handshake")
    }

    /// The key that [`Pin::Latest`] pins.
    pub fn pinned(&self, model: &Model) -> Option<PublicKey> {
        model.pin
    }

    pub fn handshake(&mut self, pin: Pin, model: &Model) -> Result<(), Refusal> {
        let pinned = match pin {
            Pin::Nothing => None,
            Pin::Latest => model.pin,
            Pin::Another => Some(StaticKey::from_bytes(&[0x42; 32]).public()),
        };
        self.client.handshake_with(pinned.as_ref()).map(|welcome| {
            assert_eq!((welcome.version, usize::from(welcome.slots)), (VERSION, SLOTS));
        })
    }

    pub fn provision(&mut self, is_other_model: bool, window: u8, policy: Policy) -> Result<(), Refusal> {
        let mut model = super::model::digest();
        model[0] ^= u8::from(is_other_model);
        self.client.call::<Provision>(&Provisioning {
            device_secret: Some(DeviceSecret::from_bytes(&SECRET)),
            admin_key: AdminKey::from_bytes(&ADMIN),
            model,
            window,
            policy,
        })
    }

    pub fn begin(&mut self, purpose: Use, features: u32, frames: u32) -> Result<(), Refusal> {
        let application = |number: u8| APPLICATIONS[usize::from(number) % APPLICATIONS.len()];
        let purpose = match purpose {
            Use::Enrol => Purpose::Enrol,
            Use::Embed => Purpose::Embed,
            Use::Verify { slot } => Purpose::Verify { slot: slot % 6 },
            Use::Challenge { slot, nonce, application: number } => {
                Purpose::Challenge(Question { slot: slot % 6, nonce: [nonce; 32], application: application(number) })
            }
            Use::Export { slot, application: number } => {
                Purpose::Export(KeyRequest { slot: slot % 6, application: application(number) })
            }
        };
        self.client.call::<ScanBegin>(&ScanHead { features, frames, purpose })
    }

    pub fn chunk(&mut self, number: u32, values: &[u8]) -> Result<Progress, Refusal> {
        self.client.call::<ScanChunk>(&Chunk { number, values })
    }

    pub fn enrol_scan(&mut self, first: bool) -> Result<[u8; 32], Refusal> {
        self.client.call::<EnrolScan>(&EnrolmentScan { first }).map(|progress| progress.prototype)
    }

    pub fn verify(&mut self) -> Result<(), Refusal> {
        self.client.call::<Verify>(&()).map(|verdict| assert_eq!(verdict.word, neural_vault_core::verify::ACCEPTED))
    }

    pub fn challenge(&mut self) -> Result<[u8; 32], Refusal> {
        self.client.call::<Challenge>(&())
    }

    pub fn export(&mut self) -> Result<[u8; 32], Refusal> {
        self.client.call::<ExportKey>(&()).map(|key| *key.expose_secret())
    }

    pub fn embed(&mut self, first: u16) -> Result<Vec<f32>, Refusal> {
        let part = self.client.call::<Embed>(&EmbeddingPart { first })?;
        Ok(part.components.as_chunks::<4>().0.iter().map(|word| f32::from_le_bytes(*word)).collect())
    }

    pub fn self_test(&mut self) -> Result<(), Refusal> {
        self.client.call::<SelfTest>(&()).map(|report| assert_eq!(report.passed, 63))
    }

    /// Runs an admin command; returns what `read` takes of its answer.
    pub fn admin<E, C, T>(
        &mut self,
        auth: Auth,
        command: C,
        read: impl FnOnce(E::Answer<'_>) -> T,
    ) -> Result<T, Refusal>
    where
        C: Serialize,
        E: for<'a> Endpoint<Request<'a> = Authorised<C>>,
    {
        if self.client.token.is_none() {
            return Err(Fault::HandshakeNeeded.into());
        }
        let session = *self.client.session().hash();
        let number = self.client.session().sealed() + u32::from(auth == Auth::Later);
        let key = AdminKey::from_bytes(if auth == Auth::AnotherKey { &ANOTHER } else { &ADMIN });
        let place = SessionPlace { session: &session, number };
        let mut authorised = authorise::<E, C>(&key, place, command).expect("commands are short");
        if let Auth::Flipped(bit) = auth {
            authorised.tag[usize::from(bit / 8)] ^= 1 << (bit % 8);
        }
        self.client.call::<E>(&authorised).map(read)
    }

    /// Sends a request of any bytes; it is answered by what decodes, or by a refusal under its key.
    pub fn packet(&mut self, endpoint: u8, message: &[u8]) {
        let mut packet = [key(endpoint).as_slice(), &message[..message.len().min(MAX_PACKET - KEY_LENGTH)]].concat();
        let length = packet.len();
        packet.resize(length + SEAL, 0);
        let frame = self.client.sealed_packet(packet, length);
        let mut answer = self.client.exchange(&frame).expect("what is sealed is answered in the session");
        let opened = self.client.session().open(&mut answer).expect("the token's answer opens");
        Packet::split(opened).expect("an answer has a key");
    }

    /// The latest frame again: it is answered by the same bytes, or not again.
    pub fn repeat(&mut self) {
        let recorder = &mut self.client.transport;
        let Some((frame, answer)) = recorder.latest.take() else { return };
        let again = recorder.token.exchange(&frame);
        if let Some(Fault::AnswerGone) = refusal(&again) {
            return;
        }
        // A refusal in clear is not kept: the token refuses anew, or the session has come to an end since.
        assert!(again == answer || refusal(&again).is_some() && refusal(&answer).is_some());
    }

    /// An earlier frame of this or another session: never answered anew.
    pub fn replay(&mut self, number: u8) {
        let Recorder { token, sent, .. } = &mut self.client.transport;
        let earlier = sent.len().saturating_sub(1);
        let Some(number) = usize::from(number).checked_rem(earlier) else { return };
        let (frame, answer) = &sent[number];
        let again = token.exchange(frame);
        match refusal(&again) {
            Some(Fault::NotInSession | Fault::HandshakeNeeded) => {}
            // The latest that was answered, such as the wipe that ended its session, gets the same answer, or none if that was a key.
            Some(Fault::AnswerGone) | None => {
                assert!(sent[number + 1..].iter().all(|(_, answer)| refusal(answer).is_some()), "{again:?}");
                assert!(again == *answer || refusal(&again).is_some(), "{again:?}");
            }
            refused => panic!("{refused:?}"),
        }
    }

    /// A frame that was not sealed: never answered.
    pub fn forge(&mut self, ahead: u8, payload: &[u8]) {
        let number = if self.client.token.is_some() { self.client.session().sealed() } else { 0 };
        let payload = &payload[..payload.len().min(MAX_PACKET + SEAL)];
        let frame = framed(Kind::Session, number.wrapping_add(u32::from(ahead)), payload);
        let refused = refusal(&self.client.transport.token.exchange(&frame));
        assert!(matches!(refused, Some(Fault::NotInSession | Fault::HandshakeNeeded)), "{refused:?}");
    }

    /// Bytes between frames: at most refused in clear.
    pub fn noise(&mut self, bytes: &[u8]) {
        let answer = self.client.transport.token.exchange(&[bytes, &[0]].concat());
        for answer in answer.split(|byte| *byte == 0).filter(|answer| !answer.is_empty()) {
            assert!(refusal(&[answer, &[0]].concat()).is_some());
        }
    }

    /// What the token says of itself is what the model has.
    pub fn compare(&mut self, model: &Model) {
        if model.is_open {
            let info = self.client.call::<Info>(&()).expect("a session is open");
            assert_eq!((info.features as usize, usize::from(info.latent)), (FEATURES, LATENT));
            let provisioned = info.state != State::Blank;
            assert_eq!(info.window, if provisioned { WINDOW } else { 0 });
            model.compare(&info);
        }
        self.client.transport.latest = None;
    }
}

/// The key of an endpoint that changes nothing without a tag, or of none.
fn key(endpoint: u8) -> [u8; KEY_LENGTH] {
    match endpoint % 16 {
        0 => Info::KEY.to_bytes(),
        1 => SelfTest::KEY.to_bytes(),
        2 => SetPolicy::KEY.to_bytes(),
        3 => ListSlots::KEY.to_bytes(),
        4 => Enrol::KEY.to_bytes(),
        5 => Rotate::KEY.to_bytes(),
        6 => ResetAttempts::KEY.to_bytes(),
        7 => Revoke::KEY.to_bytes(),
        8 => Wipe::KEY.to_bytes(),
        9 => Measure::KEY.to_bytes(),
        10 => Embed::KEY.to_bytes(),
        _ => [endpoint; KEY_LENGTH],
    }
}

/// The fault of an answer that is a refusal in clear.
fn refusal(answer: &[u8]) -> Option<Fault> {
    let mut frame = answer.strip_suffix(&[0])?.to_vec();
    let Frame { kind: Kind::Refusal, payload, .. } = decode(&mut frame).ok()? else { return None };
    read::<Refusal>(payload).expect("a refusal decodes").fault()
}
