//! Errors of a conversation with a token.

use std::io;
use std::time::Duration;

use neural_vault_core::wire::{Fault, Refusal, VERSION};

use super::Port;

/// Why a token did not answer a request, or refused it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The port cannot be opened.
    #[error("{port}: cannot be opened: {source}")]
    Open {
        /// The port.
        port: Port,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The link broke.
    #[error("{port}: the link broke at `{request}`: {source}")]
    Broken {
        /// The port.
        port: Port,
        /// The request in progress.
        request: &'static str,
        /// The error of the operating system.
        source: io::Error,
    },
    /// No answer arrived.
    #[error("{port}: no answer to `{request}` in {waited:?}")]
    Silent {
        /// The port.
        port: Port,
        /// The request in progress.
        request: &'static str,
        /// How long the host waited.
        waited: Duration,
    },
    /// Frames arrive damaged, in either direction, at every repetition.
    #[error("{port}: no whole answer to `{request}` in {waited:?}, {damaged} damaged frames")]
    Noisy {
        /// The port.
        port: Port,
        /// The request in progress.
        request: &'static str,
        /// How long the host tried.
        waited: Duration,
        /// Frames that arrived damaged.
        damaged: u32,
    },
    /// What answers the handshake does not speak the protocol at all.
    #[error("{port}: no token: {received} bytes arrived, and none of them is an answer")]
    NoToken {
        /// The port.
        port: Port,
        /// Bytes that arrived.
        received: usize,
    },
    /// The peers speak different protocol versions.
    #[error("{port}: the token speaks protocol version {theirs}, this program version {ours}")]
    Version {
        /// The port.
        port: Port,
        /// The token's version.
        theirs: u32,
        /// The host's version.
        ours: u16,
    },
    /// An answer violates the protocol.
    #[error("{port}: the answer to `{request}` makes no sense: {reason}")]
    Nonsense {
        /// The port.
        port: Port,
        /// The request in progress.
        request: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// The pinned key is no key of a token.
    #[error("{port}: the pinned key is no key that a token can have")]
    NoKey {
        /// The port.
        port: Port,
    },
    /// The token cannot answer a handshake for the pinned key: it is another one, or the handshake was altered.
    #[error("{port}: the token does not have the pinned key, or the handshake was altered on the way")]
    OtherToken {
        /// The port.
        port: Port,
    },
    /// Answers came that were not sealed in this session for this request.
    #[error("{port}: answers to `{request}` fail authentication ({answers} of them): altered, or somebody else's")]
    NotAuthentic {
        /// The port.
        port: Port,
        /// The request in progress.
        request: &'static str,
        /// Answers that failed.
        answers: u32,
    },
    /// The token does not know this session any longer, and lost what it had not stored.
    #[error("{port}: the session ended before `{request}`: the token was restarted, or another host spoke to it")]
    SessionLost {
        /// The port.
        port: Port,
        /// The request in progress.
        request: &'static str,
    },
    /// A refusal that was not sealed in the session: anybody on the line can have sent it.
    #[error("{port}: {request}: {refusal} (not sealed: anybody on the line can have said so)")]
    RefusedInClear {
        /// The port.
        port: Port,
        /// The request.
        request: &'static str,
        /// The reason.
        refusal: Refusal,
    },
    /// The token refused.
    #[error("{port}: {request}: {refusal}")]
    Refused {
        /// The port.
        port: Port,
        /// The request.
        request: &'static str,
        /// The token's reason.
        refusal: Refusal,
    },
    /// The caller stopped the conversation.
    #[error("{port}: stopped at `{request}`")]
    Stopped {
        /// The port.
        port: Port,
        /// The request in progress.
        request: &'static str,
    },
}

impl TokenError {
    /// The token speaks protocol version `theirs`.
    pub(super) fn version(port: Port, theirs: u32) -> Self {
        Self::Version { port, theirs, ours: VERSION }
    }

    /// The fault that the token refused with in the session, if this version knows it.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Self::Refused { refusal, .. } => refusal.fault(),
            _ => None,
        }
    }

    /// The detail of the token's refusal, 0 without one.
    #[must_use]
    pub fn detail(&self) -> u32 {
        match self {
            Self::Refused { refusal, .. } => refusal.detail,
            _ => 0,
        }
    }
}
