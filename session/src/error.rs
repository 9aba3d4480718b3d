//! Why a handshake or a message was refused.

use core::error::Error;
use core::fmt;

/// Why a handshake or a message was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionError {
    /// A message has another length than its kind can have.
    Length,
    /// A buffer is too short for what is to be written into it.
    Room,
    /// A public key takes no part in the shared secret: it is zero, or another point of small order.
    WeakKey,
    /// A message was made under another key or for another place, or was altered.
    Authentication,
    /// All numbers of this session are used: only a new handshake helps.
    Exhausted,
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Length => "a message of the session does not have its length",
            Self::Room => "a buffer is too short for a message of the session",
            Self::WeakKey => "a public key of the handshake is of small order",
            Self::Authentication => "a message of the session fails authentication",
            Self::Exhausted => "the session has used all its numbers",
        })
    }
}

impl Error for SessionError {}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::string::ToString;

    #[test]
    fn every_error_says_what_was_wrong() {
        for (error, text) in [
            (SessionError::Length, "a message of the session does not have its length"),
            (SessionError::Room, "a buffer is too short for a message of the session"),
            (SessionError::WeakKey, "a public key of the handshake is of small order"),
            (SessionError::Authentication, "a message of the session fails authentication"),
            (SessionError::Exhausted, "the session has used all its numbers"),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }
}
