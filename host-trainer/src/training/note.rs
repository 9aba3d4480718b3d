//! Notes for the user on training recordings.

use std::fmt;

use crate::dataset::Dataset;
use crate::engine::Placement;

/// A note for the user on training recordings.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// These labels have one recording each, so variation between recordings cannot be learned.
    SingleRecordings {
        /// The recordings' file.
        origin: String,
        /// The labels.
        labels: Vec<String>,
    },
    /// Where an engine that uses a GPU runs the nodes of the training graphs.
    Placement(Placement),
    /// Every label has one session, as stimuli have rather than persons.
    OneSessionEach {
        /// The recordings' file.
        origin: String,
        /// How many labels there are.
        labels: usize,
    },
    /// A connectome model of so few background persons makes more errors.
    FewPersons {
        /// The persons.
        persons: usize,
    },
    /// Anything else, in words.
    Other(String),
}

impl Note {
    /// A note on the labels that have one recording.
    pub(super) fn single_recordings(dataset: &Dataset) -> Option<Self> {
        let mut recordings = vec![0; dataset.labels.len()];
        dataset.scans().iter().for_each(|scan| recordings[scan.label as usize] += 1);
        let named = dataset.labels.iter().zip(recordings).filter(|(_, count)| *count == 1);
        let labels: Vec<String> = named.map(|(label, _)| label.clone()).collect();
        let origin = dataset.origin.display().to_string();
        (!labels.is_empty()).then_some(Note::SingleRecordings { origin, labels })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::SingleRecordings { origin, labels } => write!(
                f,
                "{origin}: one recording of {}: what differs between recordings can only be learned from two",
                labels.join(", ")
            ),
            Note::Placement(placement) => write!(f, "training graphs: {placement}"),
            Note::OneSessionEach { origin, labels } => write!(
                f,
                "{origin}: each of the {labels} labels has one session: are they persons? The recipe separates persons, \
                 and averages each person's sessions"
            ),
            Note::FewPersons { persons } => write!(
                f,
                "{persons} background persons: eight or more are better. Measured on seven persons at rest, with probes of 25 \
                 frames: EER 3.3 % with 3 background persons and 2.8 % with 8, and at the threshold of the enrolment 14 and 2.4 % \
                 of the person's own probes refused"
            ),
            Note::Other(text) => f.write_str(text),
        }
    }
}
