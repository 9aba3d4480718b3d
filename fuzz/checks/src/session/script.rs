//! What is made of the fuzzer's bytes: a handshake and messages, and what becomes of them on the way.

use arbitrary::Arbitrary;

/// A handshake with damage, and what is then sent.
#[derive(Arbitrary, Debug)]
pub(super) struct Script {
    pub(super) pinned: Pinned,
    /// Whether the token takes the pattern that the host has not chosen.
    pub(super) is_other_pattern: bool,
    pub(super) is_other_prologue: bool,
    pub(super) payload: Vec<u8>,
    pub(super) first: Option<Damage>,
    pub(super) answer: Option<Damage>,
    /// How much room the answer lacks, and the payload.
    pub(super) lacks: (u8, u8),
    pub(super) acts: Vec<Act>,
}

#[derive(Arbitrary, Debug, PartialEq)]
pub(super) enum Pinned {
    Nothing,
    Token,
    Another,
    Point([u8; 32]),
}

/// What becomes of a message on its way.
#[derive(Arbitrary, Debug)]
pub(super) enum Damage {
    Flip { place: u16, bits: u8 },
    Cut(u8),
    Append(Vec<u8>),
    Replace(Vec<u8>),
}

#[derive(Arbitrary, Debug)]
pub(super) enum Act {
    Seal {
        side: Side,
        text: Vec<u8>,
        is_used_at_once: bool,
    },
    SealLong {
        side: Side,
        length: u32,
    },
    /// A buffer that lacks this much of its room.
    SealWithoutRoom {
        side: Side,
        length: u16,
        lacks: u8,
    },
    /// A message that was sealed by either side, for this one.
    Deliver {
        side: Side,
        from: Side,
        number: u8,
        damage: Option<Damage>,
    },
    DeliverNext {
        side: Side,
        damage: Option<Damage>,
    },
    /// A message of another session of the same keys.
    Another {
        side: Side,
        text: Vec<u8>,
    },
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Side {
    Host,
    Token,
}

impl Side {
    pub(super) fn peer(self) -> Self {
        match self {
            Self::Host => Self::Token,
            Self::Token => Self::Host,
        }
    }
}

pub(super) fn damaged(message: &[u8], damage: Option<&Damage>) -> Vec<u8> {
    let mut damaged = message.to_vec();
    match damage {
        None => {}
        Some(Damage::Flip { place, bits }) => {
            if let Some(place) = usize::from(*place).checked_rem(damaged.len()) {
                damaged[place] ^= bits;
            }
        }
        Some(Damage::Cut(length)) => damaged.truncate(damaged.len().saturating_sub(usize::from(*length))),
        Some(Damage::Append(bytes)) => damaged.extend(bytes),
        Some(Damage::Replace(bytes)) => damaged.clone_from(bytes),
    }
    damaged
}
