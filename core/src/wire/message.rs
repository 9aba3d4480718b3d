//! The messages: plain data in postcard's encoding, fields in the order they are sent.

use core::fmt;

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use super::secret::AdminKey;
pub use crate::budget::{AcceptedRisk, FalseMatches};
use crate::challenge::ChallengeKey;
use crate::key::DeviceSecret;

/// Slots of a token.
pub const SLOTS: usize = 4;

/// Bytes of a slot's label.
pub const LABEL_LENGTH: usize = 16;

/// Longest label of an application in bytes.
pub const MAX_APPLICATION: usize = 64;

/// Opens a session. Sent in clear, in a frame of kind [`super::Kind::Handshake`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Hello<'a> {
    /// [`super::VERSION`] of the host.
    pub version: u16,
    /// Whether the host knows the token's key: the handshake is Noise's NK then, else NX.
    pub pinned: bool,
    /// Noise's first message.
    pub message: &'a [u8],
}

/// The token's side of a handshake: the payload of Noise's second message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Welcome {
    /// [`super::VERSION`] of the token.
    pub version: u16,
    /// [`super::TABLE`] of the token.
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
    /// [`super::super::Measure`] is answered.
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
    /// Frames of a window as provisioned, 0 when blank.
    pub window: u8,
    /// What the token allows.
    pub policy: Policy,
    /// Digest of the model that lies in the token, zeros without a sound one.
    pub model: [u8; 32],
    /// Number of the last change of its records; never goes back.
    pub epoch: u32,
    /// Milliseconds since it started.
    pub uptime: u64,
    /// Number of the [`super::Fault`] that disables it, 0 when it is not disabled.
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

/// What a blank token is provisioned with.
#[derive(Serialize, Deserialize, Schema)]
pub struct Provisioning {
    /// The device secret of the v2 key scheme; without one the token draws its own, which never leaves it.
    pub device_secret: Option<DeviceSecret>,
    /// Key of the administrator.
    pub admin_key: AdminKey,
    /// Digest that the model must have.
    pub model: [u8; 32],
    /// Frames of a window.
    pub window: u8,
    /// The token's policy.
    pub policy: Policy,
}

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Policy {
    /// Whether keys may leave the token. It can be given up and not be given back, but by a wipe.
    pub allow_export: bool,
    /// Whether a person at the token must consent to each verification.
    pub confirm_verify: bool,
    /// Whether a person at the token must consent to each challenge.
    pub confirm_challenge: bool,
}

/// What a slot holds; none when it is empty.
pub type SlotInfo = Option<SlotEnrolment>;

/// An enrolment without its secret parts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct SlotEnrolment {
    /// Its label.
    pub label: Label,
    /// Its random identifier.
    pub id: [u8; 16],
    /// Smallest cosine that is accepted.
    pub threshold: f32,
    /// How often its threshold was seen to accept others.
    pub false_matches: FalseMatches,
    /// Attempts that its false match rate allows, or the accepted risk.
    pub budget: u8,
    /// The risk that the administrator accepted, if its false match rate allows no attempt.
    pub accepted_risk: Option<AcceptedRisk>,
}

/// The size of the scan that follows, and what an accepted one is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct ScanHead<'a> {
    /// Values in a frame.
    pub features: u32,
    /// Frames.
    pub frames: u32,
    /// What the scan is for; nothing else can be done with it.
    #[serde(borrow)]
    pub purpose: Purpose<'a>,
}

/// What a scan is for, fixed before its first value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub enum Purpose<'a> {
    /// [`super::EnrolScan`].
    Enrol,
    /// [`super::Embed`].
    Embed,
    /// [`super::Verify`].
    Verify {
        /// The slot.
        slot: u8,
    },
    /// [`super::Challenge`].
    Challenge(#[serde(borrow)] Question<'a>),
    /// [`super::ExportKey`].
    Export(#[serde(borrow)] KeyRequest<'a>),
}

/// Values of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Chunk<'a> {
    /// Its number, from 0.
    pub number: u32,
    /// Values in float32, little-endian, 4 bytes each.
    pub values: &'a [u8],
}

/// How far the open scan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Progress {
    /// Number of the chunk expected next.
    pub next: u32,
    /// Whether the scan is complete.
    pub complete: bool,
}

/// A scan for enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct EnrolmentScan {
    /// Whether it is the first: scans taken before are dropped.
    pub first: bool,
}

/// The enrolment in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct EnrolmentProgress {
    /// Scans taken.
    pub scans: u8,
    /// SHA-256 of the prototype so far: the mean of the scans' embeddings in float32, little-endian.
    pub prototype: [u8; 32],
}

/// Makes the scans taken the enrolment of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Enrolment {
    /// The slot.
    pub slot: u8,
    /// Its label.
    pub label: Label,
    /// Scans that must have been taken.
    pub scans: u8,
    /// Smallest cosine that is accepted.
    pub threshold: f32,
    /// [`EnrolmentProgress::prototype`]: binds the command to the scans, which came without a tag.
    pub prototype: [u8; 32],
    /// How often the threshold was seen to accept others; the attempts that the token gives follow from it.
    pub false_matches: FalseMatches,
    /// A risk above the usual bound, where the false match rate allows no attempt.
    pub accepted_risk: Option<AcceptedRisk>,
}

/// A new enrolment, or one with a new identifier.
#[derive(Serialize, Deserialize, Schema)]
pub struct Enrolled {
    /// Its random identifier, part of what its keys are bound to; no secret.
    pub id: [u8; 16],
    /// Checks the token's answers to challenges. This is the only time that it leaves the token.
    pub challenge_key: ChallengeKey,
}

/// What the administrator's reset of attempts found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct AttemptsReset {
    /// Misses before the reset.
    pub misses: u8,
    /// Whether the token is locked: its power must be taken away before it verifies again.
    pub locked: bool,
}

/// Names a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct SlotNumber {
    /// From 0.
    pub slot: u8,
}

/// An accepted verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Verdict {
    /// The word that the comparison computed: [`crate::verify::ACCEPTED`], or the token is not sound.
    pub word: u32,
}

/// Asks for proof of the enrolment's challenge key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Question<'a> {
    /// The slot.
    pub slot: u8,
    /// What to authenticate.
    pub nonce: [u8; 32],
    /// Label of the use, at most [`MAX_APPLICATION`] bytes.
    pub application: &'a [u8],
}

/// Asks for the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct KeyRequest<'a> {
    /// The slot.
    pub slot: u8,
    /// Label of the use, at most [`MAX_APPLICATION`] bytes.
    pub application: &'a [u8],
}

/// An embedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Embedding<'a> {
    /// Components in float32, little-endian, 4 bytes each.
    pub components: &'a [u8],
}

/// The cost of the last verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Measurement {
    /// Instructions, or another unit that the board's documentation names, in one tick.
    pub per_tick: u32,
    /// Ticks to take the bytes of the scan's and the verification's frames from the link, to unstuff, check and decode
    /// these, and to answer them; waiting left out.
    pub receive: u64,
    /// Ticks to standardise and project the scan's chunks, but for the last of each window.
    pub project: u64,
    /// Ticks of the last chunk of each window, of the Transformer and of the head.
    pub encode: u64,
    /// Ticks to count the attempt, compare, restore the attempt and derive the key.
    pub verify: u64,
    /// Bytes of static memory.
    pub memory: u32,
    /// Largest number of bytes of stack in use since the start.
    pub stack: u32,
}

/// A slot's label: UTF-8 of at most [`LABEL_LENGTH`] bytes, padded with zeros.
#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, Schema)]
pub struct Label([u8; LABEL_LENGTH]);

impl Label {
    /// `None` for a text that is too long or holds a zero.
    pub fn new(text: &str) -> Option<Self> {
        let mut label = Self::default();
        label.0.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        (!text.contains('\0')).then_some(label)
    }

    /// The text up to the first byte that is not UTF-8.
    pub fn as_str(&self) -> &str {
        let mut text = self.0.split(|byte| *byte == 0).take(1).flat_map(<[u8]>::utf8_chunks);
        text.next().map_or("", |chunk| chunk.valid())
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
