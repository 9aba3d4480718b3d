//! A token and the port that it is on.

use std::borrow::Cow;
use std::io::{self, ErrorKind};
use std::path::Path;

use neural_vault_core::wire::Fault;

use super::Hint;
use crate::token::{Port, TokenError};

impl Hint for TokenError {
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::Open { port, source } => return format!("; {}", unopened(port, source)).into(),
            Self::Broken { request: "handshake", .. } => {
                "; check that it is a token, connected and running, and run it again"
            }
            Self::NoToken { .. } => {
                "; a terminal or another program may listen there: check --port and --baud (`neural-vault token list` \
                 shows the serial ports)"
            }
            Self::Broken { .. } => "; check that the token is connected, and run it again",
            Self::Silent { .. } => "; check that the token is connected and running, or give a longer --timeout",
            Self::Noisy { request: "handshake", .. } => {
                "; check that it is a token whose firmware is of this program's version, its cable and --baud"
            }
            Self::Noisy { .. } => "; check that it is a token, its cable and --baud",
            Self::SessionLost { .. } => "; run it again",
            Self::NoKey { .. } => "; give the file that `neural-vault token provision` or `neural-vault token pin` wrote",
            Self::OtherToken { .. } => {
                "; give this token's own --token-key. A wipe or damaged records give a token another key: look at it by \
                 `neural-vault token info` without --token-key, compare the fingerprint, then `neural-vault token pin --force`"
            }
            Self::NotAuthentic { .. } => "; somebody else may be on the line: find out who before you go on",
            Self::RefusedInClear { refusal, .. } if refusal.fault() == Some(Fault::AnswerGone) => {
                "; if the answer was lost on the line, the command was carried out: `neural-vault token rotate` makes new \
                 keys for an enrolment, and a key is exported again with another scan"
            }
            Self::RefusedInClear { .. } => "; run it again",
            Self::Stopped { .. } => "; the token discards a partly sent scan at the next command",
            Self::Version { .. } | Self::Nonsense { .. } => "; use matching versions of token and program",
            Self::Refused { .. } => "",
        }
        .into()
    }
}

/// What to do about a port that cannot be opened.
fn unopened(port: &Port, error: &io::Error) -> &'static str {
    match (port, error.kind()) {
        (Port::Serial(_), ErrorKind::PermissionDenied) => {
            "you may not use it: join the group that owns it (`dialout` on Debian) and log in again"
        }
        (Port::Serial(_), ErrorKind::InvalidInput) => {
            "`neural-vault token list` shows the serial ports; a socket is unix:PATH"
        }
        (Port::Serial(path), ErrorKind::NotFound) if !Path::new(path).exists() => {
            "`neural-vault token list` shows the serial ports"
        }
        (Port::Serial(_), _) if error.to_string().contains("busy") => "another program has it open",
        (Port::Serial(_), _) => "check that it is a serial port: `neural-vault token list` shows them",
        (Port::Unix(_), ErrorKind::InvalidInput) => "give the socket on which a token listens",
        (Port::Unix(_), ErrorKind::PermissionDenied) => "you may not use it: check who owns it",
        (Port::Tcp(_) | Port::Unix(_), _) => "check that a token listens there",
    }
}
