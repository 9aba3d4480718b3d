//! What a protocol is: how it splits recordings, and what it needs of them.

use std::fmt;

use crate::dataset::Dataset;

/// A way to split recordings into training, enrolment and probes.
pub trait Protocol: Sync {
    /// The protocol's name on the command line and in every output.
    fn name(&self) -> &'static str;

    /// The protocol's name as a heading.
    fn heading(&self) -> &'static str;

    /// What trains, is enrolled and probes, in a few words.
    fn help(&self) -> &'static str;

    /// Splits `dataset`; the same seed makes the same split.
    ///
    /// # Errors
    /// What the protocol needs and `dataset` lacks, beside what every protocol needs.
    fn split(&self, dataset: &Dataset, choice: &SessionChoice, seed: u64) -> Result<Split, Lack>;

    /// Whether other labels are enrolled than train the encoder.
    fn is_open_set(&self) -> bool {
        false
    }

    /// The few-shot episodes that trials are drawn in; when none, every probe is compared with every template.
    fn episodes(&self) -> Option<Episodes> {
        None
    }

    /// Whether the sweeps include trainings on fewer sessions.
    fn sweeps_training_sessions(&self) -> bool {
        false
    }
}

impl fmt::Debug for dyn Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Few-shot episodes, in which some windows of a class are enrolled and as many others probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Episodes {
    /// How many are drawn.
    pub count: usize,
    /// Windows of a class on each side.
    pub shots: usize,
}

/// A protocol on given recordings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// What trains, is enrolled and probes, in a sentence.
    pub description: String,
    /// Why its figures are too good, if they are.
    pub leaks: Option<&'static str>,
    /// One training each; trials are pooled.
    pub folds: Vec<Fold>,
}

/// Rows of a dataset by their part in one training and the trials after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fold {
    /// Rows that train the encoder.
    pub training: Vec<usize>,
    /// Rows whose means are the prototypes.
    pub enrolment: Vec<usize>,
    /// Rows that probe.
    pub probes: Vec<usize>,
}

/// Sessions named by hand; empty lists leave the choice to the protocol.
#[derive(Clone, Debug, Default)]
pub struct SessionChoice {
    /// Sessions that train.
    pub training: Vec<String>,
    /// Sessions that are enrolled.
    pub enrolment: Vec<String>,
    /// Sessions that probe.
    pub probes: Vec<String>,
}

/// What a protocol needs and recordings lack.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Lack {
    /// There are fewer than three sessions.
    #[error("three sessions (there are {found})")]
    Sessions {
        /// Sessions there are.
        found: usize,
    },
    /// Sessions are named for one part and not for another.
    #[error("sessions named for training, enrolment and probes, or for none of them")]
    SessionNames,
    /// Anything else, as what would be needed.
    #[error("{0}")]
    Other(String),
}

impl SessionChoice {
    /// The three lists: training, enrolment, probes.
    pub(super) fn parts(&self) -> [&Vec<String>; 3] {
        [&self.training, &self.enrolment, &self.probes]
    }

    /// Whether any session is named.
    pub(super) fn names_any(&self) -> bool {
        self.parts().iter().any(|list| !list.is_empty())
    }
}
