//! The host's side of the connection: sends a request and repeats it until a valid answer arrives.

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use neural_vault_core::wire::*;
use rand::RngExt;
use serde::Serialize;
use zeroize::{Zeroize, Zeroizing};

use super::transport::Link;
use super::{Port, TokenError};

/// Shortest time that a person is given to find the token and press its button.
const PERSON: Duration = Duration::from_secs(60);

/// Longest time between two checks of [`Timeouts::stop`].
const SLICE: Duration = Duration::from_millis(100);

/// The first wait for an answer is the total time divided by this; each further wait is twice as long.
const FIRST_WAIT: u32 = 32;

/// Time limits of a conversation, and a flag that ends it.
#[derive(Clone, Debug)]
pub struct Timeouts {
    /// Longest wait for the answer to one request, all its repetitions included.
    pub timeout: Duration,
    /// Set from another thread to end the conversation.
    pub stop: Arc<AtomicBool>,
}

/// A token that answered a handshake.
pub struct Client {
    port: Port,
    link: Link,
    timeouts: Timeouts,
    welcome: Welcome,
    number: u32,
    receiver: Receiver,
    /// Bytes read from the link, and the range that is not yet decoded.
    bytes: Zeroizing<[u8; 512]>,
    unread: Range<usize>,
    /// Bytes received so far.
    received: usize,
    /// The latest answer's message.
    answer: Zeroizing<Vec<u8>>,
}

/// How a wait for an answer ended.
enum Received {
    Answer,
    Damage,
    Nothing,
}

/// Without messages, which may be secret.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("port", &self.port).field("welcome", &self.welcome).finish_non_exhaustive()
    }
}

impl Client {
    /// Opens a port and makes the handshake; `baud` is for serial ports.
    ///
    /// # Errors
    /// When the port cannot be opened, nothing answers in time, or the token has another protocol version.
    pub fn open(port: &Port, baud: u32, timeouts: Timeouts) -> Result<Self, TokenError> {
        let link = Link::open(port, baud, timeouts.timeout)
            .map_err(|source| TokenError::Open { port: port.clone(), source })?;
        let mut client = Self {
            port: port.clone(),
            link,
            timeouts,
            welcome: Welcome { version: VERSION, table: TABLE, capabilities: 0, chunk: 0, slots: 0, window: 0 },
            // Random, so that late answers to an earlier host's requests do not have the number of one of ours.
            number: rand::rng().random(),
            receiver: Receiver::new(),
            bytes: Zeroizing::new([0; 512]),
            unread: 0..0,
            received: 0,
            answer: Zeroizing::default(),
        };
        // Ends a partial frame of an earlier host, if there is one.
        let sent = client.send(&[0], Handshake::NAME, client.timeouts.timeout);
        sent.map_err(|error| client.no_token(error))?;
        let welcome = client.call::<Handshake>(&Hello { version: VERSION });
        let welcome = welcome.map_err(|error| match error.fault() {
            Some(Fault::VersionMismatch) => client.version_mismatch(error.detail()),
            _ => client.no_token(error),
        })?;
        if welcome.version != VERSION {
            return Err(client.version_mismatch(u32::from(welcome.version)));
        }
        if !(1..=CHUNK).contains(&usize::from(welcome.chunk)) {
            return Err(client.nonsense(Handshake::NAME, "chunks of a scan would fit no frame"));
        }
        client.welcome = welcome;
        Ok(client)
    }

    /// The token's answer to the handshake.
    #[must_use]
    pub fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> &Port {
        &self.port
    }

    /// Whether a person must confirm provisioning, wiping and exporting at the token.
    #[must_use]
    pub fn asks_a_person(&self) -> bool {
        self.welcome.capabilities & capability::CONFIRMATION != 0
    }

    /// Sends request `E` and waits for its answer.
    pub(super) fn call<E: Endpoint>(&mut self, request: &E::Request<'_>) -> Result<E::Answer<'_>, TokenError> {
        self.ask::<E>(request, self.timeouts.timeout)
    }

    /// As [`Client::call`], for requests that a person may have to confirm.
    pub(super) fn call_a_person<E: Endpoint>(&mut self, request: &E::Request<'_>) -> Result<E::Answer<'_>, TokenError> {
        self.ask::<E>(request, self.timeout_with_a_person())
    }

    /// Sends request `E` as the administrator, under a fresh nonce.
    pub(super) fn administer<E, C>(&mut self, key: &AdminKey, command: C) -> Result<E::Answer<'_>, TokenError>
    where
        C: Serialize,
        E: for<'a> Endpoint<Request<'a> = Authorised<C>>,
    {
        let nonce = self.call::<Nonce>(&())?;
        match authorise::<E, C>(key, &nonce, command) {
            Some(request) => self.ask::<E>(&request, self.timeout_with_a_person()),
            None => Err(self.nonsense(E::NAME, "the command is too long to authorise")),
        }
    }

    /// Clears all copies of the latest answer.
    pub(super) fn forget(&mut self) {
        self.answer.zeroize();
        self.bytes.zeroize();
        self.receiver = Receiver::new();
    }

    /// Fails once [`Timeouts::stop`] is set.
    pub(super) fn go_on(&self, request: &'static str) -> Result<(), TokenError> {
        match self.timeouts.stop.load(Ordering::Relaxed) {
            true => Err(TokenError::Stopped { port: self.port.clone(), request }),
            false => Ok(()),
        }
    }

    pub(super) fn nonsense(&self, request: &'static str, reason: &'static str) -> TokenError {
        TokenError::Nonsense { port: self.port.clone(), request, reason }
    }

    /// The handshake's error, or that the bytes that arrived held no frame, not even a damaged one.
    fn no_token(&mut self, error: TokenError) -> TokenError {
        if matches!(error, TokenError::Broken { .. }) {
            // What a server said before it hung up.
            self.received += self.link.receive(&mut self.bytes[..], SLICE).unwrap_or(0);
        }
        match error {
            TokenError::Silent { port, .. } | TokenError::Broken { port, .. } if self.received > 0 => {
                TokenError::NoToken { port, received: self.received }
            }
            error => error,
        }
    }

    fn version_mismatch(&self, theirs: u32) -> TokenError {
        TokenError::Version { port: self.port.clone(), theirs, ours: VERSION }
    }

    fn timeout_with_a_person(&self) -> Duration {
        if self.asks_a_person() { self.timeouts.timeout.max(PERSON) } else { self.timeouts.timeout }
    }

    fn ask<E: Endpoint>(&mut self, request: &E::Request<'_>, timeout: Duration) -> Result<E::Answer<'_>, TokenError> {
        self.number = self.number.wrapping_add(1);
        // The request may hold secrets.
        let mut frame = Zeroizing::new([0; MAX_FRAME]);
        let encoded = encode(&E::KEY, self.number, request, &mut frame[..]).ok().and_then(|length| frame.get(..length));
        let frame = encoded.ok_or_else(|| self.nonsense(E::NAME, "the request fits no frame"))?;
        self.exchange(frame, E::KEY.to_bytes(), E::NAME, timeout)?;
        let reply = Frame { key: E::KEY.to_bytes(), number: self.number, message: &self.answer, crc: 0 };
        match reply.read::<Reply<'_, E>>() {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(refusal)) if refusal.fault() == Some(Fault::HandshakeNeeded) => {
                Err(TokenError::Restarted { port: self.port.clone(), request: E::NAME })
            }
            Ok(Err(refusal)) => Err(TokenError::Refused { port: self.port.clone(), request: E::NAME, refusal }),
            Err(_) => {
                Err(TokenError::Nonsense { port: self.port.clone(), request: E::NAME, reason: "it does not decode" })
            }
        }
    }

    /// Sends a frame repeatedly until its answer arrives, which is then in `self.answer`.
    fn exchange(
        &mut self,
        frame: &[u8],
        key: [u8; 8],
        request: &'static str,
        timeout: Duration,
    ) -> Result<(), TokenError> {
        let begun = Instant::now();
        let deadline = begun + timeout;
        let (mut wait, mut damaged) = (timeout / FIRST_WAIT, 0);
        while Instant::now() < deadline {
            self.send(frame, request, timeout)?;
            match self.listen(key, request, (Instant::now() + wait).min(deadline))? {
                Received::Answer => return Ok(()),
                Received::Damage => damaged += 1,
                Received::Nothing => wait *= 2,
            }
        }
        let port = self.port.clone();
        Err(match damaged {
            0 => TokenError::Silent { port, request, waited: timeout },
            _ => TokenError::Noisy { port, request, waited: timeout, damaged },
        })
    }

    fn send(&mut self, bytes: &[u8], request: &'static str, waited: Duration) -> Result<(), TokenError> {
        self.link.send(bytes).map_err(|source| match source.kind() {
            io::ErrorKind::TimedOut => TokenError::Silent { port: self.port.clone(), request, waited },
            _ => self.broken(request, source),
        })
    }

    /// Waits for the answer to the request of this number; ignores answers to earlier ones.
    fn listen(&mut self, key: [u8; 8], request: &'static str, until: Instant) -> Result<Received, TokenError> {
        loop {
            while let Some(&byte) = self.unread.next().and_then(|at| self.bytes.get(at)) {
                let Some(gathered) = self.receiver.push(byte) else {
                    continue;
                };
                let Ok(frame) = gathered.and_then(decode) else {
                    return Ok(Received::Damage);
                };
                if (frame.key, frame.number) == (key, self.number) {
                    self.answer.zeroize();
                    self.answer.extend_from_slice(frame.message);
                    return Ok(Received::Answer);
                }
                if (frame.key, frame.number) == ([0; 8], 0) {
                    return Ok(Received::Damage);
                }
            }
            self.go_on(request)?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Received::Nothing);
            }
            let received = self.link.receive(&mut self.bytes[..], left.min(SLICE));
            let received = received.map_err(|source| self.broken(request, source))?;
            self.unread = 0..received;
            self.received += received;
        }
    }

    fn broken(&self, request: &'static str, source: io::Error) -> TokenError {
        TokenError::Broken { port: self.port.clone(), request, source }
    }
}
