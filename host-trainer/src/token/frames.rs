//! Frames over the link: one is sent again and again until its answer arrives.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use neural_vault_core::wire::{Fault, Frame, Kind, Receiver, Refusal, decode, read};

use super::transport::Link;
use super::{Port, TokenError};

/// Longest time between two checks of [`Timeouts::stop`].
const SLICE: Duration = Duration::from_millis(100);

/// The first wait for an answer is the total time divided by this; each further wait is twice as long.
const FIRST_WAIT: u32 = 32;

/// Answers to one request that may fail authentication: an earlier host leaves fewer behind.
const FOREIGN: u32 = 8;

/// Time limits of a conversation, and a flag that ends it.
#[derive(Clone, Debug)]
pub struct Timeouts {
    /// Longest wait for the answer to one request, all its repetitions included.
    pub timeout: Duration,
    /// Set from another thread to end the conversation.
    pub stop: Arc<AtomicBool>,
}

/// The host's end of a link.
pub(super) struct Frames {
    pub(super) port: Port,
    pub(super) timeouts: Timeouts,
    link: Link,
    receiver: Receiver,
    /// Bytes read from the link, and the range that is not yet decoded.
    bytes: [u8; 512],
    unread: Range<usize>,
    /// Bytes received so far.
    received: usize,
}

/// A frame that was sent, and what its answer looks like.
#[derive(Clone, Copy)]
pub(super) struct Sent<'a> {
    pub(super) frame: &'a [u8],
    /// The kind of the frame and of its answer.
    pub(super) kind: Kind,
    /// The number of both.
    pub(super) number: u32,
    /// The request, as errors name it.
    pub(super) request: &'static str,
    /// Longest wait for the answer.
    pub(super) timeout: Duration,
}

/// How a wait for an answer ended.
enum Received {
    Answer,
    /// Nothing whole, or the token got nothing whole.
    Damage,
    /// An answer of the right kind and number that does not open.
    Foreign,
    Nothing,
}

impl Frames {
    /// Opens a port; `baud` is for serial ones.
    pub(super) fn open(port: &Port, baud: u32, timeouts: Timeouts) -> Result<Self, TokenError> {
        let link = Link::open(port, baud, timeouts.timeout)
            .map_err(|source| TokenError::Open { port: port.clone(), source })?;
        let (receiver, bytes) = (Receiver::new(), [0; 512]);
        Ok(Self { port: port.clone(), timeouts, link, receiver, bytes, unread: 0..0, received: 0 })
    }

    /// Sends a frame repeatedly until its answer arrives; `open` opens the answer's payload in place, and keeps it.
    ///
    /// An answer that does not open may be a late one to an earlier host, and is passed over.
    pub(super) fn exchange(
        &mut self,
        sent: Sent<'_>,
        open: &mut dyn FnMut(&mut [u8]) -> bool,
    ) -> Result<(), TokenError> {
        let deadline = Instant::now() + sent.timeout;
        let (mut wait, mut damaged, mut foreign) = (sent.timeout / FIRST_WAIT, 0, 0);
        while Instant::now() < deadline && foreign < FOREIGN {
            self.send(sent.frame, sent.request, sent.timeout)?;
            match self.listen(sent, open, (Instant::now() + wait).min(deadline))? {
                Received::Answer => return Ok(()),
                Received::Damage => damaged += 1,
                Received::Foreign => foreign += 1,
                Received::Nothing => wait *= 2,
            }
        }
        let (port, request, waited) = (self.port.clone(), sent.request, sent.timeout);
        Err(match (damaged, foreign) {
            (_, 1..) => TokenError::NotAuthentic { port, request, answers: foreign },
            (0, 0) => TokenError::Silent { port, request, waited },
            _ => TokenError::Noisy { port, request, waited, damaged },
        })
    }

    /// Sends bytes; `request` and `waited` are for the error.
    pub(super) fn send(&mut self, bytes: &[u8], request: &'static str, waited: Duration) -> Result<(), TokenError> {
        self.link.send(bytes).map_err(|source| match source.kind() {
            io::ErrorKind::TimedOut => TokenError::Silent { port: self.port.clone(), request, waited },
            _ => self.broken(request, source),
        })
    }

    /// Fails once [`Timeouts::stop`] is set.
    pub(super) fn go_on(&self, request: &'static str) -> Result<(), TokenError> {
        match self.timeouts.stop.load(Ordering::Relaxed) {
            true => Err(TokenError::Stopped { port: self.port.clone(), request }),
            false => Ok(()),
        }
    }

    /// The error of the first exchange, or that the bytes that arrived held no frame, not even a damaged one.
    pub(super) fn no_token(&mut self, error: TokenError) -> TokenError {
        if matches!(error, TokenError::Broken { .. }) {
            // What a server said before it hung up.
            self.received += self.link.receive(&mut self.bytes, SLICE).unwrap_or(0);
        }
        match error {
            TokenError::Silent { port, .. } | TokenError::Broken { port, .. } if self.received > 0 => {
                TokenError::NoToken { port, received: self.received }
            }
            error => error,
        }
    }

    /// Waits for the answer to a frame; ignores answers to others.
    fn listen(
        &mut self,
        sent: Sent<'_>,
        open: &mut dyn FnMut(&mut [u8]) -> bool,
        until: Instant,
    ) -> Result<Received, TokenError> {
        loop {
            while let Some(&byte) = self.unread.next().and_then(|at| self.bytes.get(at)) {
                let Some(gathered) = self.receiver.push(byte) else {
                    continue;
                };
                let received = match gathered.and_then(decode) {
                    Ok(frame) => answer(frame, sent, open).map_err(|refusal| self.refused(sent.request, refusal)),
                    Err(_) => Ok(Some(Received::Damage)),
                };
                // It may hold a key, opened in place.
                self.receiver.clear();
                if let Some(received) = received? {
                    return Ok(received);
                }
            }
            self.go_on(sent.request)?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Received::Nothing);
            }
            let received = self.link.receive(&mut self.bytes, left.min(SLICE));
            let received = received.map_err(|source| self.broken(sent.request, source))?;
            self.unread = 0..received;
            self.received += received;
        }
    }

    /// What a refusal in clear means, which anybody on the line can forge.
    fn refused(&self, request: &'static str, refusal: Refusal) -> TokenError {
        let port = self.port.clone();
        match refusal.fault() {
            Some(Fault::VersionMismatch) => TokenError::version(port, refusal.detail),
            Some(Fault::HandshakeFailed) => TokenError::OtherToken { port },
            Some(Fault::HandshakeNeeded | Fault::NotInSession) => TokenError::SessionLost { port, request },
            _ => TokenError::RefusedInClear { port, request, refusal },
        }
    }

    fn broken(&self, request: &'static str, source: io::Error) -> TokenError {
        TokenError::Broken { port: self.port.clone(), request, source }
    }
}

/// What a frame is to the one that was sent: nothing, or the end of a wait.
fn answer(
    frame: Frame<'_>,
    sent: Sent<'_>,
    open: &mut dyn FnMut(&mut [u8]) -> bool,
) -> Result<Option<Received>, Refusal> {
    match frame.kind {
        Kind::Refusal => match read::<Refusal>(frame.payload) {
            Err(_) => Ok(Some(Received::Damage)),
            Ok(refusal) if matches!(refusal.fault(), Some(Fault::Damaged | Fault::TooLong)) => {
                Ok(Some(Received::Damage))
            }
            Ok(refusal) if frame.number == sent.number => Err(refusal),
            Ok(_) => Ok(None),
        },
        kind if (kind, frame.number) == (sent.kind, sent.number) => {
            Ok(Some(if open(frame.payload) { Received::Answer } else { Received::Foreign }))
        }
        _ => Ok(None),
    }
}
