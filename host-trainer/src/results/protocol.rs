//! One protocol of an evaluation: its split, its figures and its curves.

use serde::{Deserialize, Serialize};

use super::method::{Estimate, MethodResult};
use super::trials::TrialList;

/// Verification under one protocol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProtocolResult {
    /// `in-sample`, `random`, `blocks`, `folds`, `sessions`, `unseen`, `unseen-persons`, `episodes` or, of a given model,
    /// `held-back`; the window's length in brackets unless it is 1.
    pub name: String,
    /// Frames per scored window or probe.
    #[serde(rename = "window_frames")]
    pub window: usize,
    /// The split into training, enrolment and probes, in a sentence.
    pub description: String,
    /// Why the probes are not independent of the training rows; none if they are.
    pub leaks: Option<String>,
    /// Rows that trained the model; of persons those of one split.
    pub training_rows: usize,
    /// Rows enrolled; of persons those of one split.
    pub enrolment_rows: usize,
    /// Probes.
    pub probes: usize,
    /// Digests of the trained models, one per fold.
    pub model_digests: Vec<String>,
    /// The comparisons that the methods scored, in the order of their scores; none where not every score is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trials: Option<TrialList>,
    /// One entry per method.
    pub methods: Vec<MethodResult>,
    /// The method under test (`NeuralVault`, of persons `connectome`) against each other method, on the same trials and
    /// resamples.
    pub differences: Vec<Difference>,
    /// Sweeps, if the protocol has any.
    pub sweeps: Vec<Sweep>,
    /// Nearest-prototype decisions of the method under test: rows are true labels, columns decisions, by the order of `labels`.
    pub confusion: Vec<Vec<u32>>,
    /// Labels of the confusion matrix.
    pub labels: Vec<String>,
    /// Probe embeddings on their two leading principal axes.
    pub map: Vec<MapPoint>,
    /// Participation ratio of the probe embeddings' covariance: the number of dimensions in use.
    pub effective_dimension: f64,
    /// Relative entropy of genuine to impostor scores, Gaussian estimate, in bits: what one probe tells about identity.
    pub relative_entropy_bits: f64,
}

/// The difference of two methods on the same trials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The other method.
    pub method: String,
    /// The EER of the method under test minus the other's, in percentage points; significant if the interval excludes 0.
    #[serde(rename = "eer_percent")]
    pub eer: Estimate,
}

/// EER in percent along one condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// `noise`, `artefacts`, `probe-windows`, `enrolment-scans` or `training-sessions`; of persons `probe-frames`,
    /// `enrolment-frames` or `noise-deviations`.
    pub name: String,
    /// The quantity that is varied, with its unit.
    pub axis: String,
    /// The levels.
    pub levels: Vec<f64>,
    /// One line per method.
    pub lines: Vec<SweepLine>,
}

/// One method along a sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepLine {
    /// The method's name.
    pub method: String,
    /// EER in percent at each level.
    #[serde(rename = "eer_percent")]
    pub eer: Vec<Estimate>,
}

/// A probe on the map of embeddings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MapPoint {
    /// Its label.
    pub label: String,
    /// Its session.
    pub session: String,
    /// Coordinates on the first and second principal axis.
    pub x: f64,
    /// See [`MapPoint::x`].
    pub y: f64,
}
