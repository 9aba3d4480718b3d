//! Scans, what they are for, and what an accepted one releases.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

/// Longest label of an application in bytes.
pub const MAX_APPLICATION: usize = 64;

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
    /// [`crate::wire::EnrolScan`].
    Enrol,
    /// [`crate::wire::Embed`].
    Embed,
    /// [`crate::wire::Verify`].
    Verify {
        /// The slot.
        slot: u8,
    },
    /// [`crate::wire::Challenge`].
    Challenge(#[serde(borrow)] Question<'a>),
    /// [`crate::wire::ExportKey`].
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
    /// SHA-256 of the prototype so far in float32, little-endian: the mean of the scans' embeddings; of a connectome model the
    /// one scan's embedding, rounded as [`crate::prototype`] says.
    pub prototype: [u8; 32],
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

/// Asks for components of the complete scan's embedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct EmbeddingPart {
    /// The first component, from 0; their number asks for none.
    pub first: u16,
}

/// Components of an embedding: from the first that was asked for, as many as there are up to [`crate::wire::PART`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Embedding<'a> {
    /// Components in float32, little-endian, 4 bytes each.
    pub components: &'a [u8],
}
