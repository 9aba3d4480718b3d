//! Errors of the record of an enrolment.

use std::path::PathBuf;

/// Why an enrolment cannot be read, written or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnrolmentError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The file cannot be written.
    #[error("{source}")]
    Write {
        /// The error of the operating system, with the file's name.
        source: std::io::Error,
    },
    /// The file is not an enrolment, or was changed.
    #[error("{}: not a sound enrolment: {reason}; enrol again", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The record belongs to another model.
    #[error(
        "{}: made with model {enrolled}, not with {given}; give the model it was made with, or enrol again",
        path.display()
    )]
    OtherModel {
        /// The enrolment's file.
        path: PathBuf,
        /// Digest of the model it was made with.
        enrolled: String,
        /// Digest of the model given.
        given: String,
    },
    /// The probe is shorter than any that the threshold was measured with.
    #[error(
        "a probe of {frames} frames is shorter than any that the enrolment has a threshold for; give a longer scan"
    )]
    ShortProbe {
        /// Frames of the probe that are embedded.
        frames: usize,
    },
    /// The record does not state how long a probe is, which an enrolment with a connectome model must.
    #[error("the enrolment states no length of a probe; enrol again")]
    NoProbeLength,
    /// The prototype cannot be compared with the model's embeddings.
    #[error(
        "{}: a prototype of {enrolled} components, the model's embeddings have {given}; enrol again",
        path.display()
    )]
    OtherWidth {
        /// The enrolment's file.
        path: PathBuf,
        /// Components of the prototype.
        enrolled: usize,
        /// Components of an embedding.
        given: usize,
    },
}
