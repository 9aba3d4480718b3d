//! Errors of a conversation with a token.

use std::io;
use std::time::Duration;

use neural_vault_core::wire::{Fault, Refusal};

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
    /// The token restarted between two requests, and lost what it had not stored.
    #[error("{port}: the token was restarted before `{request}`")]
    Restarted {
        /// The port.
        port: Port,
        /// The request in progress.
        request: &'static str,
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
    /// The fault that the token refused with, if this version knows it.
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
