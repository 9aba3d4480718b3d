//! Handshake, information and self-test, and the cost of a verification.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use super::administration::Policy;
use crate::budget::AcceptedRisk;
use crate::wire::FrameError;

/// Opens a session. Sent in clear, in a frame of kind [`crate::wire::Kind::Handshake`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Hello<'a> {
    /// [`crate::wire::VERSION`] of the host.
    pub version: u16,
    /// Whether the host knows the token's key: the handshake is Noise's NK then, else NX.
    pub pinned: bool,
    /// Noise's first message.
    pub message: &'a [u8],
}

impl Hello<'_> {
    /// The version at the start of a greeting, whatever follows in later versions.
    ///
    /// # Errors
    /// The bytes hold none.
    pub fn version_of(greeting: &[u8]) -> Result<u16, FrameError> {
        postcard::take_from_bytes(greeting).map(|(version, _)| version).map_err(|_| FrameError::Malformed)
    }
}

/// The token's side of a handshake: the payload of Noise's second message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Welcome {
    /// [`crate::wire::VERSION`] of the token.
    pub version: u16,
    /// [`crate::wire::TABLE`] of the token.
    pub table: u64,
    /// What this build can do: bits of [`capability`].
    pub capabilities: u32,
    /// Values in a chunk of a scan.
    pub chunk: u16,
    /// Slots.
    pub slots: u8,
    /// Longest window in frames.
    pub window: u8,
}

/// Bits of [`Welcome::capabilities`].
pub mod capability {
    /// [`crate::wire::Measure`] is answered.
    pub const MEASURE: u32 = 1;
    /// A counter outside the flash finds records that were rolled back.
    pub const ROLLBACK_COUNTER: u32 = 2;
    /// A person confirms at the token.
    pub const CONFIRMATION: u32 = 4;
    /// The token shows the fingerprint of its key at first contact.
    pub const FINGERPRINT: u32 = 8;
}

/// States of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub enum State {
    /// Nothing but firmware and perhaps a model.
    Blank,
    /// It has a device secret, an administrator and a model, and no enrolment.
    Provisioned,
    /// At least one slot holds an enrolment.
    Enrolled,
    /// Five misses in a row: it verifies again after its power was away.
    Locked,
    /// Its records or its model are not sound; only a self-test and a wipe are left.
    Disabled,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct TokenInfo {
    /// State of the token.
    pub state: State,
    /// Version of its firmware: major, minor, patch.
    pub firmware: [u8; 3],
    /// Name of its board in ASCII, padded with zeros.
    pub board: [u8; 16],
    /// Features of a frame, 0 without a sound model.
    pub features: u32,
    /// Components of an embedding, 0 without a sound model.
    pub latent: u16,
    /// Frames of a window as provisioned, or the fewest of a scan that is embedded as a whole; 0 when blank.
    pub window: u8,
    /// Whether all frames of a scan make one embedding, as with a connectome model, and are not cut into windows.
    pub whole_scans: bool,
    /// Frames of a probe, where all enrolments that ask for a number ask for this one; else 0.
    pub frames: u32,
    /// What the token allows.
    pub policy: Policy,
    /// Digest of the model that lies in the token, zeros without a sound one.
    pub model: [u8; 32],
    /// Number of the last change of its records; never goes back.
    pub epoch: u32,
    /// Milliseconds since it started.
    pub uptime: u64,
    /// Number of the [`crate::wire::Fault`] that disables it, 0 when it is not disabled.
    pub disabled: u16,
    /// Number of wipes, revocations, rotations and enrolments, in each of which secrets ended; never goes back.
    pub generation: u32,
    /// Misses since the last accepted scan or the administrator's reset, over all slots.
    pub misses: u8,
    /// Misses after which only the administrator's reset helps: the smallest budget of all enrolments.
    pub budget: u8,
    /// The largest risk above the usual bound that the administrator accepted with an enrolment, if any.
    pub accepted_risk: Option<AcceptedRisk>,
}

/// Which parts a self-test tried, as bits of [`part`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct SelfTestReport {
    /// Parts that were sound; a part that was not makes the answer a refusal.
    pub passed: u32,
}

/// Bits of [`SelfTestReport::passed`] and of the detail of a failed self-test.
pub mod part {
    /// HKDF and HMAC of SHA-256 give a known answer.
    pub const KEY_DERIVATION: u32 = 1;
    /// The AEAD gives a known answer and refuses a changed one.
    pub const SEALING: u32 = 2;
    /// The random generator works and does not repeat itself.
    pub const ENTROPY: u32 = 4;
    /// The records are sound.
    pub const STORAGE: u32 = 8;
    /// The model is sound and, on a provisioned token, the provisioned one.
    pub const MODEL: u32 = 16;
    /// The encoder gives a known answer on a small model of the firmware.
    pub const ENCODER: u32 = 32;
}

/// The cost of the last verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Measurement {
    /// Instructions, or another unit that the board's documentation names, in one tick.
    pub per_tick: u32,
    /// Ticks to take the bytes of the scan's and the verification's frames from the link, to unstuff, check and decode
    /// these, and to answer them; waiting left out.
    pub receive: u64,
    /// Ticks of the scan's chunks, but for the last of each window or whole scan: to standardise and project them.
    pub project: u64,
    /// Ticks of the last chunk of each window or whole scan, and of the rest of the encoder.
    pub encode: u64,
    /// Ticks to count the attempt, compare, restore the attempt and derive the key.
    pub verify: u64,
    /// Bytes of static memory.
    pub memory: u32,
    /// Largest number of bytes of stack in use since the start.
    pub stack: u32,
}
