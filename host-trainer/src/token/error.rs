//! What can go wrong between a host and a token.

use std::io;
use std::path::Path;
use std::time::Duration;

use neural_vault_core::wire::{Fault, Refusal};

use super::Port;

/// Why a token did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The port cannot be opened.
    #[error("{port}: cannot be opened: {source}; {}", hint(port, source))]
    Open {
        /// The port.
        port: Port,
        /// What the system said.
        source: io::Error,
    },
    /// The link broke.
    #[error("{port}: the link broke at `{request}`: {source}; see that the token is there, and run it again")]
    Broken {
        /// The port.
        port: Port,
        /// The request at hand.
        request: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing came back.
    #[error(
        "{port}: no answer to `{request}` in {waited:?}; see that a token is there and runs, or give a longer --timeout"
    )]
    Silent {
        /// The port.
        port: Port,
        /// The request at hand.
        request: &'static str,
        /// How long the host waited.
        waited: Duration,
    },
    /// Frames arrive damaged, in either direction, however often they are sent.
    #[error(
        "{port}: no whole answer to `{request}` in {waited:?}, {damaged} damaged frames; see that it is a token, its \
         cable and --baud"
    )]
    Noisy {
        /// The port.
        port: Port,
        /// The request at hand.
        request: &'static str,
        /// How long the host tried.
        waited: Duration,
        /// Frames that arrived damaged.
        damaged: u32,
    },
    /// The peers speak different protocol versions.
    #[error(
        "{port}: the token speaks protocol version {theirs}, this program version {ours}; use versions that belong together"
    )]
    Version {
        /// The port.
        port: Port,
        /// The token's version.
        theirs: u32,
        /// The host's version.
        ours: u16,
    },
    /// An answer is not what the protocol says.
    #[error("{port}: the answer to `{request}` makes no sense: {reason}; use versions that belong together")]
    Nonsense {
        /// The port.
        port: Port,
        /// The request at hand.
        request: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// The token lost its power between two requests, and all that was not yet done with it.
    #[error("{port}: the token was restarted before `{request}`; run it again")]
    Restarted {
        /// The port.
        port: Port,
        /// The request at hand.
        request: &'static str,
    },
    /// The token refused.
    #[error("{port}: {request}: {refusal}")]
    Refused {
        /// The port.
        port: Port,
        /// The request.
        request: &'static str,
        /// Why.
        refusal: Refusal,
    },
    /// The host was told to stop.
    #[error("{port}: stopped at `{request}`; the token drops what it was sent of a scan at the next command")]
    Stopped {
        /// The port.
        port: Port,
        /// The request at hand.
        request: &'static str,
    },
}

impl TokenError {
    /// What the token's refusal stands for, if it is one that this version knows.
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

/// What to do about a port that cannot be opened.
fn hint(port: &Port, error: &io::Error) -> &'static str {
    match (port, error.kind()) {
        (Port::Serial(_), io::ErrorKind::PermissionDenied) => {
            "you may not use it: join the group that owns it (`dialout` on Debian) and log in again"
        }
        (Port::Serial(path), io::ErrorKind::NotFound) if !Path::new(path).exists() => {
            "`neural-vault token list` shows the serial ports"
        }
        (Port::Serial(_), _) => "see that no other program has it open",
        (Port::Unix(_), io::ErrorKind::PermissionDenied) => "you may not use it: see who owns it",
        (Port::Tcp(_) | Port::Unix(_), _) => "see that a token listens there",
    }
}
