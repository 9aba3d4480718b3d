//! What a person's enrolment is asked to be.

use neural_vault_core::verify::Threshold;

use super::Target;
use crate::dataset::Dataset;

/// Fewest frames to enrol unless asked otherwise.
pub const LEAST_FRAMES: usize = 100;

/// The sessions to enrol of a person, none of the model's background, and how to choose the threshold.
#[derive(Debug)]
pub struct PersonRequest<'a> {
    /// Sessions to enrol; all when empty.
    pub sessions: &'a [String],
    /// Sessions of the person's own probes; when empty, the last frames of the enrolment provide them.
    pub development: &'a [String],
    /// Sessions whose scans the threshold is tested on, once it is chosen.
    pub probes: &'a [String],
    /// Frames of a probe: those compared, from its start.
    pub frames: usize,
    /// Fewest frames to enrol.
    pub least: usize,
    /// The criterion for the threshold.
    pub target: Target,
    /// A threshold by hand.
    pub threshold: Option<Threshold>,
    /// Recordings of the background persons, who try the threshold where nobody else is recorded.
    pub background: Option<&'a Dataset>,
}
