//! Errors of enrolling.

use neural_vault_core::similarity::SimilarityError;
use neural_vault_core::verify;

use crate::embedding::EmbeddingError;
use crate::metrics::ScoreError;
use crate::model::ModelError;

/// Why an identity cannot be enrolled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnrolError {
    /// A scan has no embedding.
    #[error(transparent)]
    Embedding(#[from] EmbeddingError),
    /// The model is not sound.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The development scores are not numbers.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// A requested label or session is not in the recordings.
    #[error("no {kind} {name} in the recordings; they have {}", known.join(", "))]
    Unknown {
        /// `label` or `session`.
        kind: &'static str,
        /// Its name.
        name: String,
        /// The names in the recordings.
        known: Vec<String>,
    },
    /// The label was not recorded in the sessions to enrol.
    #[error("label {label} has no scan in these sessions")]
    NoScan {
        /// The label.
        label: String,
    },
    /// A centred prototype needs the prototypes of other labels.
    #[error(
        "the gallery is {label} alone: frozen enrolment scores against what a gallery has in common; give recordings with \
         other labels as well"
    )]
    Alone {
        /// The label.
        label: String,
    },
    /// Frozen enrolment needs a linear model.
    #[error(
        "frozen enrolment needs a linear model: a trained encoder keeps apart the labels it was trained on and little else"
    )]
    Frozen,
    /// A false match rate is out of range.
    #[error("a false match rate of {rate} is not between 0 and 1")]
    Rate {
        /// The rate.
        rate: f64,
    },
    /// Sessions that the threshold would be chosen on trained the model.
    #[error("session {} trained the model: a threshold needs sessions that did not", sessions.join(", "))]
    Trained {
        /// The sessions.
        sessions: Vec<String>,
    },
    /// The recordings that the threshold would be chosen on trained the model, and name no sessions.
    #[error(
        "the recordings name no sessions, and the model was trained on them: a threshold needs sessions that did not train \
         the model"
    )]
    TrainedWhole,
    /// The development trials are all genuine or all impostor.
    #[error("{genuine} genuine and {impostor} impostor development trials ({protocol}): a threshold needs both")]
    Trials {
        /// Genuine trials.
        genuine: usize,
        /// Impostor trials.
        impostor: usize,
        /// How they were made, in words.
        protocol: String,
    },
    /// There are too few development trials for the requested false match rate.
    #[error(
        "a false match rate of {rate} needs {} impostor development trials or more, and a genuine score above the highest \
         of them; there are {impostor} ({protocol})",
        (1.0 / rate).ceil()
    )]
    FalseMatchRate {
        /// The rate.
        rate: f64,
        /// Impostor trials.
        impostor: usize,
        /// How they were made, in words.
        protocol: String,
    },
    /// The scans that the threshold is tested on are shorter than any that it was chosen on.
    #[error("the scans to test the threshold on have {frames} frames, fewer than any that has a threshold")]
    ShortProbes {
        /// Frames of the shortest of them.
        frames: usize,
    },
    /// There are too few sessions to train on one half of them and test on the other.
    #[error("{found} sessions: cross-fitting a threshold needs four")]
    Sessions {
        /// Sessions in the recordings.
        found: usize,
    },
    /// One half of the sessions has a single label, which no model can be trained on.
    #[error("{} hold scans of {label} alone: cross-fitting a threshold trains a model on them", sessions.join(", "))]
    OneLabel {
        /// The sessions.
        sessions: Vec<String>,
        /// The label.
        label: String,
    },
    /// The model enrols by the other function.
    #[error("this enrolment needs {needed}")]
    Kind {
        /// What model it needs.
        needed: &'static str,
    },
    /// The person is one of those that the model was fitted to.
    #[error(
        "{label} is one of the model's background persons: the model was fitted to their scans, so their scores say nothing \
         about other persons'"
    )]
    Background {
        /// The person.
        label: String,
    },
    /// A session of probes is enrolled.
    #[error("session {session} is to be enrolled: its scans cannot be probes of their own enrolment")]
    Enrolled {
        /// The session.
        session: String,
    },
    /// There are fewer frames to enrol than asked for.
    #[error("label {label} has {frames} frames to enrol, fewer than {least}")]
    FewFrames {
        /// The label.
        label: String,
        /// Its frames.
        frames: usize,
        /// The fewest.
        least: usize,
    },
    /// There are too few frames to hold back a probe of them.
    #[error(
        "label {label} has {frames} frames to enrol: a threshold for probes of {probe} frames needs {}, of which the last are \
         held back as a probe",
        2 * probe
    )]
    FewForProbe {
        /// The label.
        label: String,
        /// Its frames.
        frames: usize,
        /// Frames of a probe.
        probe: usize,
    },
    /// The development sessions hold no probe.
    #[error("label {label} has no scan of {probe} frames in the development sessions")]
    FewProbes {
        /// The label.
        label: String,
        /// Frames of a probe.
        probe: usize,
    },
    /// The model states no impostor scores.
    #[error("the model states no impostor scores, as models that were imported: nothing tells how strangers score")]
    NoImpostorScores,
    /// The person's own probes score no higher than strangers'.
    #[error(
        "the own probes of {label} score {own:.3} in the mean and those of strangers {impostor:.3}: no threshold separates \
         them, as where the model's background is unlike these recordings"
    )]
    Indistinct {
        /// The label.
        label: String,
        /// The mean of the own probes.
        own: f64,
        /// The mean of strangers.
        impostor: f64,
    },
    /// The prototype is zero or not finite.
    #[error("no prototype: {0}")]
    Prototype(#[from] SimilarityError),
    /// The enrolment could never accept a probe.
    #[error(transparent)]
    Unusable(#[from] verify::EnrolmentError),
}
