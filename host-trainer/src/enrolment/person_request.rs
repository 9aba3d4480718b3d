//! What a person's enrolment is asked to be.

use neural_vault_core::verify::Threshold;

use super::Target;
use crate::dataset::Dataset;

/// The person and sessions to enrol, and how to choose the threshold.
#[derive(Debug)]
pub struct PersonRequest<'a> {
    /// The person's label, none of the model's background persons.
    pub label: &'a str,
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
    /// The enrolment's random identifier.
    pub id: [u8; 16],
}
