//! The host's side of a session: a handshake, then requests that are sealed and sent in order.

use std::fmt;
use std::time::Duration;

use neural_vault_core::wire::*;
use neural_vault_session::{Handshaken, Initiator, PublicKey, Session, SessionError};
use rand::{Rng, RngExt};
use serde::Serialize;
use zeroize::{Zeroize, Zeroizing};

use super::frames::{Frames, Sent, Timeouts};
use super::{Port, TokenError};

/// Shortest time that a person is given to find the token and press its button.
const PERSON: Duration = Duration::from_secs(60);

/// The handshake, as errors name it.
const HANDSHAKE: &str = "handshake";

/// A session with a token.
pub struct Client {
    frames: Frames,
    session: Session,
    token: PublicKey,
    is_pinned: bool,
    welcome: Welcome,
    /// The latest answer, opened.
    answer: Zeroizing<Vec<u8>>,
}

/// Without messages, which may be secret.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("port", &self.frames.port)
            .field("token", &self.token)
            .field("welcome", &self.welcome)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Opens a port and a session; `baud` is for serial ports.
    ///
    /// With a `pinned` key, no other token can answer. Without one the session is with whoever answers: a person must
    /// compare the fingerprint of [`Client::token`] before anything that matters is sent.
    ///
    /// # Errors
    /// When the port cannot be opened, nothing answers in time, or the token has another key or protocol version.
    pub fn open(port: &Port, baud: u32, timeouts: Timeouts, pinned: Option<&PublicKey>) -> Result<Self, TokenError> {
        let mut frames = Frames::open(port, baud, timeouts)?;
        let (done, welcome) = handshake(&mut frames, pinned)?;
        if welcome.version != VERSION {
            return Err(TokenError::version(port.clone(), welcome.version.into()));
        }
        if !(1..=CHUNK).contains(&usize::from(welcome.chunk)) {
            let reason = "chunks of a scan would fit no frame";
            return Err(TokenError::Nonsense { port: port.clone(), request: HANDSHAKE, reason });
        }
        let Handshaken { session, token, .. } = done;
        Ok(Self { frames, session, token, is_pinned: pinned.is_some(), welcome, answer: Zeroizing::default() })
    }

    /// The token's answer to the handshake.
    #[must_use]
    pub fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> &Port {
        &self.frames.port
    }

    /// The token's public key: the pinned one, or the one that whoever answered has shown.
    #[must_use]
    pub fn token(&self) -> &PublicKey {
        &self.token
    }

    /// Whether the session is with the token that was pinned.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.is_pinned
    }

    /// Whether a person must confirm provisioning, wiping and exporting at the token.
    #[must_use]
    pub fn asks_a_person(&self) -> bool {
        self.welcome.capabilities & capability::CONFIRMATION != 0
    }

    /// Whether the token itself shows the fingerprint of its key at first contact.
    #[must_use]
    pub fn shows_its_fingerprint(&self) -> bool {
        self.welcome.capabilities & capability::FINGERPRINT != 0
    }

    /// Sends request `E` and waits for its answer.
    pub(super) fn call<E: Endpoint>(&mut self, request: &E::Request<'_>) -> Result<E::Answer<'_>, TokenError> {
        self.ask::<E>(request, self.frames.timeouts.timeout)
    }

    /// As [`Client::call`], for requests that a person may have to confirm.
    pub(super) fn call_a_person<E: Endpoint>(&mut self, request: &E::Request<'_>) -> Result<E::Answer<'_>, TokenError> {
        self.ask::<E>(request, self.timeout_with_a_person())
    }

    /// Sends request `E` as the administrator, authorised for this place in this session.
    pub(super) fn administer<E, C>(&mut self, key: &AdminKey, command: C) -> Result<E::Answer<'_>, TokenError>
    where
        C: Serialize,
        E: for<'a> Endpoint<Request<'a> = Authorised<C>>,
    {
        let place = SessionPlace { session: self.session.hash(), number: self.session.sealed() };
        match authorise::<E, C>(key, place, command) {
            Some(request) => self.ask::<E>(&request, self.timeout_with_a_person()),
            None => Err(self.nonsense(E::NAME, "the command is too long to authorise")),
        }
    }

    /// Clears the latest answer.
    pub(super) fn forget(&mut self) {
        self.answer.zeroize();
    }

    /// Fails once [`Timeouts::stop`] is set.
    pub(super) fn go_on(&self, request: &'static str) -> Result<(), TokenError> {
        self.frames.go_on(request)
    }

    pub(super) fn nonsense(&self, request: &'static str, reason: &'static str) -> TokenError {
        TokenError::Nonsense { port: self.frames.port.clone(), request, reason }
    }

    fn timeout_with_a_person(&self) -> Duration {
        let timeout = self.frames.timeouts.timeout;
        if self.asks_a_person() { timeout.max(PERSON) } else { timeout }
    }

    fn ask<E: Endpoint>(&mut self, request: &E::Request<'_>, timeout: Duration) -> Result<E::Answer<'_>, TokenError> {
        self.forget();
        let number = self.session.sealed();
        // The packet holds the request in clear until it is sealed in place.
        let (mut packet, mut buffer) = (Zeroizing::new([0; MAX_PACKET + SEAL]), [0; MAX_FRAME]);
        let length = write_packet(&E::KEY, request, &mut packet[..MAX_PACKET]).ok();
        let length = length.and_then(|length| self.session.seal(&mut packet[..], length).ok());
        let frame = length
            .and_then(|length| encode(Kind::Session, number, packet.get(..length)?, &mut buffer).ok())
            .and_then(|length| buffer.get(..length));
        let frame = frame.ok_or_else(|| self.nonsense(E::NAME, "the request fits no frame"))?;

        let sent = Sent { frame, kind: Kind::Session, number, request: E::NAME, timeout };
        let (session, answer) = (&mut self.session, &mut self.answer);
        self.frames.exchange(sent, &mut |payload| match session.open(payload) {
            Ok(plain) => {
                answer.extend_from_slice(plain);
                true
            }
            Err(_) => false,
        })?;
        let packet = Packet::split(&self.answer).ok().filter(|packet| packet.key == E::KEY.to_bytes());
        let port = || self.frames.port.clone();
        match packet.map(|packet| packet.read::<Reply<'_, E>>()) {
            Some(Ok(Ok(answer))) => Ok(answer),
            Some(Ok(Err(refusal))) => Err(TokenError::Refused { port: port(), request: E::NAME, refusal }),
            _ => Err(TokenError::Nonsense { port: port(), request: E::NAME, reason: "it does not decode" }),
        }
    }
}

/// Opens a session with the pinned token, or with whoever answers.
fn handshake(frames: &mut Frames, pinned: Option<&PublicKey>) -> Result<(Handshaken, Welcome), TokenError> {
    let (port, timeout) = (frames.port.clone(), frames.timeouts.timeout);
    // Ends a partial frame of an earlier host, if there is one.
    let sent = frames.send(&[0], HANDSHAKE, timeout);
    sent.map_err(|error| frames.no_token(error))?;

    let mut ephemeral = Zeroizing::new([0; 32]);
    rand::rng().fill_bytes(&mut *ephemeral);
    let mut message = [0; 64];
    let begun = Initiator::new(pinned, &ephemeral, PROLOGUE, &mut message);
    let (initiator, length) = begun.map_err(|_| TokenError::NoKey { port: port.clone() })?;
    let hello = Hello { version: VERSION, pinned: pinned.is_some(), message: &message[..length] };
    // Random, so that a late answer to an earlier host's handshake does not have the number of this one.
    let number = rand::rng().random();
    let mut buffer = [0; MAX_FRAME];
    let frame = postcard::to_allocvec(&hello)
        .ok()
        .and_then(|payload| encode(Kind::Handshake, number, &payload, &mut buffer).ok())
        .and_then(|length| buffer.get(..length));
    let nonsense = |reason| TokenError::Nonsense { port: port.clone(), request: HANDSHAKE, reason };
    let frame = frame.ok_or_else(|| nonsense("the greeting fits no frame"))?;
    let sent = Sent { frame, kind: Kind::Handshake, number, request: HANDSHAKE, timeout };
    let mut answer = Vec::new();
    let exchanged = frames.exchange(sent, &mut |payload| {
        answer = payload.to_vec();
        true
    });
    exchanged.map_err(|error| frames.no_token(error))?;

    let mut payload = [0; 64];
    let done = initiator.finish(&answer, &mut payload).map_err(|error| match error {
        SessionError::Authentication | SessionError::WeakKey => {
            TokenError::NotAuthentic { port: port.clone(), request: HANDSHAKE, answers: 1 }
        }
        _ => nonsense("it is no answer to a handshake"),
    })?;
    let welcome = payload.get(..done.payload).and_then(|bytes| read::<Welcome>(bytes).ok());
    let welcome = welcome.ok_or_else(|| nonsense("it does not decode"))?;
    Ok((done, welcome))
}
