//! Messages of the administrator: provisioning, policy, slots, enrolment.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use super::label::Label;
use crate::budget::{AcceptedRisk, FalseMatches};
use crate::challenge::ChallengeKey;
use crate::key::DeviceSecret;
use crate::wire::AdminKey;

/// Slots of a token.
pub const SLOTS: usize = 4;

/// What a blank token is provisioned with.
#[derive(Serialize, Deserialize, Schema)]
pub struct Provisioning {
    /// The device secret of the v2 key scheme; without one the token draws its own, which never leaves it.
    pub device_secret: Option<DeviceSecret>,
    /// Key of the administrator.
    pub admin_key: AdminKey,
    /// Digest that the model must have.
    pub model: [u8; 32],
    /// Frames of a window; of a connectome model the fewest of a scan.
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
    /// Frames of a probe; 0 for any number.
    pub frames: u32,
    /// How often its threshold was seen to accept others.
    pub false_matches: FalseMatches,
    /// Attempts that its false match rate allows, or the accepted risk.
    pub budget: u8,
    /// The risk that the administrator accepted, if its false match rate allows no attempt.
    pub accepted_risk: Option<AcceptedRisk>,
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
    /// Frames of the probes that the threshold was measured with: a scan of another length is rejected without being compared,
    /// and costs its attempt. 0 for scans of any length.
    pub frames: u32,
    /// [`crate::wire::EnrolmentProgress::prototype`]: binds the command to the scans, which came without a tag.
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
