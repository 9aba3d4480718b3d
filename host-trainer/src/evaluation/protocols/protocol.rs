//! The interface of a protocol, its split of recordings, and what recordings can lack.

use std::fmt;

use crate::dataset::Dataset;
use crate::model::Model;

/// A way to split recordings into training, enrolment and probes.
pub trait Protocol: Sync {
    /// The protocol's name on the command line and in every output.
    fn name(&self) -> &'static str;

    /// The protocol's name as a heading.
    fn heading(&self) -> &'static str;

    /// The question that the protocol answers.
    fn question(&self) -> &'static str;

    /// What trains, is enrolled and probes, in a few words.
    fn help(&self) -> &'static str;

    /// Splits `dataset`; the same seed makes the same split.
    ///
    /// # Errors
    /// What this protocol needs and `dataset` lacks; the needs of all protocols are checked elsewhere.
    fn split(&self, dataset: &Dataset, choice: &SessionChoice, seed: u64) -> Result<Split, Lack>;

    /// Whether the enrolled labels differ from those that train the encoder.
    fn is_open_set(&self) -> bool {
        false
    }

    /// The few-shot episodes that trials are drawn from; if `None`, every probe is compared with every template.
    fn episodes(&self) -> Option<Episodes> {
        None
    }

    /// Whether probes are scans of any length, and every frame of an enrolment is used at once; if not, windows of one
    /// length are scored.
    fn scores_scans(&self) -> bool {
        false
    }

    /// Whether encoders are trained for each fold; if not, a given model is scored.
    fn trains(&self) -> bool {
        true
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
    /// Number of episodes.
    pub count: usize,
    /// Windows of each class that are enrolled, and that probe.
    pub shots: usize,
}

/// A protocol on given recordings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The split into training, enrolment and probes, in a sentence.
    pub description: String,
    /// Why its figures are too good, if they are.
    pub leaks: Option<String>,
    /// Each fold trains one encoder; the trials of all folds are pooled.
    pub folds: Vec<Fold>,
}

/// The rows of a dataset for one training and its trials.
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
    /// Persons of protocol `unseen-persons`.
    pub persons: PersonChoice,
    /// What trained the model, where a given one is scored.
    pub trained: Option<TrainedOn>,
}

/// What trained a given model, as far as it says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrainedOn {
    /// Labels; empty where they are not known, and then neither are the sessions.
    pub labels: Vec<String>,
    /// Sessions; empty where the recordings named none.
    pub sessions: Vec<String>,
}

/// Which persons are evaluated, where the labels are persons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersonChoice {
    /// Persons that are enrolled and probe; if `None`, half of them, rounded up.
    pub evaluated: Option<usize>,
    /// Ways to choose them that are drawn where there are too many for all.
    pub draws: usize,
    /// Background persons of other recordings.
    pub background: usize,
}

impl Default for PersonChoice {
    fn default() -> Self {
        Self { evaluated: None, draws: 30, background: 0 }
    }
}

/// What a protocol needs and recordings lack.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Lack {
    /// There are fewer than three sessions.
    #[error("three sessions (there are {found})")]
    Sessions {
        /// Sessions in the recordings.
        found: usize,
    },
    /// A person has one session.
    #[error("two sessions of every person, one to enrol and one to probe ({label} has one session{session})")]
    OneSession {
        /// The person.
        label: String,
        /// The session's name after a comma; empty if it has none.
        session: String,
    },
    /// Sessions are named for some parts only.
    #[error("sessions named for training, enrolment and probes, or for none of them")]
    SessionNames,
    /// Anything else: what would be needed, in words.
    #[error("{0}")]
    Other(String),
}

impl TrainedOn {
    /// What trained `model`.
    #[must_use]
    pub fn of(model: &Model) -> Self {
        let provenance = model.provenance();
        Self { labels: provenance.labels.clone(), sessions: provenance.training_sessions.clone() }
    }

    /// Whether a row may have trained the model: its label and its session did, or are not known.
    pub(super) fn may_hold(&self, dataset: &Dataset, row: usize) -> bool {
        let row = dataset.rows[row];
        let is_among = |names: &[String], name: &String| names.is_empty() || names.contains(name);
        is_among(&self.labels, &dataset.labels[row.label as usize])
            && is_among(&self.sessions, &dataset.sessions[row.session as usize])
    }

    /// The labels with rows in `dataset` that did not train the model; none where its labels are not known.
    #[must_use]
    pub fn unknown_labels(&self, dataset: &Dataset) -> Vec<String> {
        let mut names: Vec<&String> = dataset.rows.iter().map(|row| &dataset.labels[row.label as usize]).collect();
        names.dedup();
        names.retain(|name| !self.labels.is_empty() && !self.labels.contains(name));
        names.into_iter().cloned().collect()
    }
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
