//! Protocols: which rows are for training, for enrolment and for probes.
//!
//! A protocol is one file here and one line in [`PROTOCOLS`].

mod blocks;
mod check;
mod episodes;
mod folds;
mod held_back;
mod in_sample;
mod protocol;
mod random;
mod sessions;
mod unseen;
mod unseen_persons;

use crate::dataset::Dataset;

pub use protocol::{Episodes, Fold, Lack, PersonChoice, Protocol, SessionChoice, Split, TrainedOn};

/// Every protocol, the least strict first: each keeps further apart than the one before what trains and what probes.
pub const PROTOCOLS: &[&dyn Protocol] = &[
    &in_sample::InSample,
    &random::Random,
    &blocks::Blocks,
    &episodes::FewShot,
    &folds::Folds,
    &sessions::Sessions,
    &unseen::Unseen,
    &unseen_persons::UnseenPersons,
];

/// The protocol by which the reference scores itself.
pub const REFERENCE: &dyn Protocol = &in_sample::InSample;

/// The protocol without a leak that requires the least of the recordings.
pub const DEFAULT: &dyn Protocol = &blocks::Blocks;

/// The protocol of a given model that embeds windows; it is not chosen by name.
pub const HELD_BACK: &dyn Protocol = &held_back::HeldBack;

/// The protocol of persons, by a model fitted for each way to divide them, or by a given one.
pub const PERSONS: &dyn Protocol = &unseen_persons::UnseenPersons;

/// Why a protocol does not fit the recordings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("protocol {protocol} needs {lack}{}", fitting.as_ref().map(|names| format!("; protocols that fit these recordings: {names}")).unwrap_or_default())]
pub struct ProtocolError {
    /// The protocol.
    pub protocol: &'static str,
    /// What it needs and the recordings lack.
    pub lack: Lack,
    /// The names of those that fit, or `none`; not where a given model is scored.
    pub fitting: Option<String>,
}

/// The protocol of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn Protocol> {
    PROTOCOLS.iter().copied().chain([HELD_BACK]).find(|protocol| protocol.name() == name)
}

/// Splits `dataset` by `protocol`; the same seed makes the same split.
///
/// # Errors
/// When labels, sessions or frames are too few; the message names the protocols that would fit.
pub fn split(
    protocol: &dyn Protocol,
    dataset: &Dataset,
    choice: &SessionChoice,
    seed: u64,
) -> Result<Split, ProtocolError> {
    let checked = |protocol: &dyn Protocol| {
        check::labels(dataset)?;
        let split = protocol.split(dataset, choice, seed)?;
        // A background may be of other recordings, so such a protocol checks its own folds.
        if !protocol.scores_scans() {
            check::split(dataset, &split, protocol)?;
        }
        Ok(split)
    };
    checked(protocol).map_err(|lack| {
        let fits = PROTOCOLS.iter().filter(|other| checked(**other).is_ok());
        let names: Vec<&str> = fits.map(|protocol| protocol.name()).collect();
        let fitting = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        ProtocolError { protocol: protocol.name(), lack, fitting: choice.trained.is_none().then_some(fitting) }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
