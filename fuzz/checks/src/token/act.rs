//! What is done to a token, and at it.

use arbitrary::Arbitrary;
use neural_vault_core::wire::{CHUNK, Policy};

use super::persons::values;

/// What is done to the token, and at it.
#[derive(Arbitrary, Clone, Debug)]
pub enum Act {
    Handshake(Pin),
    Restart,
    Provision {
        is_other_model: bool,
        window: Window,
        policy: Allowed,
        consents: bool,
    },
    SetPolicy(Auth, Allowed),
    /// A whole scan.
    Scan(Use, Person),
    ScanBegin {
        purpose: Use,
        person: Person,
        width: u8,
        is_empty: bool,
    },
    /// A chunk whose number is this much too large, and which lacks so many bytes.
    ScanChunk {
        ahead: u8,
        lacks: u8,
    },
    EnrolScan {
        first: bool,
    },
    Enrol(Auth, Enrolling),
    Verify {
        consents: bool,
    },
    Challenge {
        consents: bool,
    },
    ExportKey {
        consents: bool,
    },
    Embed {
        first: u16,
    },
    Rotate(Auth, u8),
    Revoke(Auth, u8),
    ResetAttempts(Auth),
    ListSlots(Auth),
    Measure(Auth),
    Wipe {
        auth: Auth,
        consents: bool,
    },
    SelfTest,
    /// A request of any bytes, under the key of an endpoint or under none.
    Packet {
        endpoint: u8,
        message: Vec<u8>,
    },
    /// An earlier frame of a session once more.
    Replay(u8),
    /// A frame that nobody sealed, so far from the next number.
    Forge {
        ahead: u8,
        payload: Vec<u8>,
    },
    /// Bytes on the link.
    Noise(Vec<u8>),
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
pub enum Pin {
    Nothing,
    /// The token's key as the latest handshake showed it.
    Latest,
    Another,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Window {
    Sound,
    Zero,
    TooLong,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Allowed {
    pub export: bool,
    pub confirm_verify: bool,
    pub confirm_challenge: bool,
}

/// How an admin command is authorised.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
pub enum Auth {
    Right,
    AnotherKey,
    /// For the request after this one.
    Later,
    Flipped(u8),
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
pub enum Use {
    Enrol,
    Embed,
    Verify { slot: u8 },
    Challenge { slot: u8, nonce: u8, application: u8 },
    Export { slot: u8, application: u8 },
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
pub struct Person {
    pub person: u8,
    pub take: u8,
    pub frames: u8,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Enrolling {
    pub slot: u8,
    pub threshold: u8,
    /// Attempts of an accepted risk.
    pub attempts: Option<u8>,
    pub asks_frames: bool,
    pub is_other_digest: bool,
    pub is_other_count: bool,
}

impl Allowed {
    pub fn policy(self) -> Policy {
        let Self { export, confirm_verify, confirm_challenge } = self;
        Policy { allow_export: export, confirm_verify, confirm_challenge }
    }
}

impl Person {
    pub fn frames(self) -> u32 {
        [2, 4, 33][usize::from(self.frames % 3)]
    }

    /// Bytes of a chunk of the scan.
    pub fn chunk(self, number: u32) -> Vec<u8> {
        let values = values(self.person, self.take, self.frames());
        let chunk = values.chunks(CHUNK).nth(number as usize).expect("a scan is complete after its last chunk");
        chunk.iter().flat_map(|value| value.to_le_bytes()).collect()
    }
}
