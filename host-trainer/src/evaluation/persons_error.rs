//! Why persons cannot be compared.

use neural_vault_core::encoder::MAX_REGIONS;

use crate::connectome::MIN_REGIONS;
use crate::escape::Escaped;

/// Why recordings of persons cannot be evaluated: the person, the session and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PersonsError {
    /// The background has other features than the evaluated recordings.
    #[error("the background has {background} features a frame, and the evaluated recordings have {evaluated}")]
    Features {
        /// Features of the evaluated recordings.
        evaluated: usize,
        /// Features of the background.
        background: usize,
    },
    /// There are too few or too many features to compare how they covary.
    #[error(
        "{features} features a frame: methods for persons compare how {MIN_REGIONS} to {MAX_REGIONS} regions covary; \
         average neighbouring features to regions (principal components harm)"
    )]
    Regions {
        /// Features that there are.
        features: usize,
    },
    /// A person is both in the background and evaluated.
    #[error(
        "person {} is in the evaluated recordings and in the background: a person of the background may not be evaluated",
        Escaped(label)
    )]
    InBackground {
        /// The person.
        label: String,
    },
    /// One recording is there twice.
    #[error(
        "{} and {} are the same recording: it would be enrolled and probe, or its person be background and evaluated",
        Escaped(first),
        Escaped(second)
    )]
    SameRecording {
        /// The person and the session.
        first: String,
        /// Another person or session.
        second: String,
    },
    /// No session of a person is long enough for a probe.
    #[error(
        "person {}: the longest session that probes has {longest} frames, and a probe of {frames} was asked for",
        Escaped(label)
    )]
    ShortProbes {
        /// The person.
        label: String,
        /// Frames of the longest one.
        longest: usize,
        /// Frames of a probe.
        frames: usize,
    },
    /// A feature has a value that is not finite.
    #[error(
        "person {}{session}, frame {frame}: region {region} has no finite value; leave the session or the region out",
        Escaped(label)
    )]
    NotFinite {
        /// The person.
        label: String,
        /// The session's name after a comma; empty if it has none.
        session: String,
        /// The frame, from 1.
        frame: usize,
        /// The region, from 1.
        region: usize,
    },
    /// A feature has one value in all frames of a segment.
    #[error(
        "person {}{session}: region {region} is constant in frames {first} to {last}: it is missing there; leave the \
         session or the region out",
        Escaped(label)
    )]
    Constant {
        /// The person.
        label: String,
        /// The session's name after a comma; empty if it has none.
        session: String,
        /// The region, from 1.
        region: usize,
        /// The first frame, from 1.
        first: usize,
        /// The last frame.
        last: usize,
    },
}
