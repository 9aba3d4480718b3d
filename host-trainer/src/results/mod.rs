//! The results of an evaluation: the one document that the JSON file, the report and `compare` share.
//!
//! The reference's names (`baseline_metrics`, `neural_metrics`, `noise_tests`, `artifact_tests`, `vault_scores`) hold the
//! figures of the first protocol as the reference gave them; everything else is under `protocols`.

pub mod compare;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The schema of [`Results`].
pub const SCHEMA: &str = "neural-vault/evaluate/1";

/// An evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// [`SCHEMA`].
    pub schema: String,
    /// Time of the evaluation, RFC 3339; absent unless requested, so that equal runs make equal files.
    pub timestamp: Option<String>,
    /// The recordings.
    pub data: DataSummary,
    /// The settings, as `name: value`.
    pub settings: BTreeMap<String, String>,
    /// One entry for each protocol, in the requested order.
    pub protocols: Vec<ProtocolResult>,
    /// EER and d' of each method (first protocol).
    pub baseline_metrics: BTreeMap<String, BaselineMetrics>,
    /// Few-shot figures of the embeddings (first protocol).
    pub neural_metrics: NeuralMetrics,
    /// EER by signal-to-noise ratio: `SNR_LEVELS` and one list per method (first protocol).
    pub noise_tests: BTreeMap<String, Vec<f64>>,
    /// EER by share of replaced values: `ARTIFACT_LEVELS` and one list per method (first protocol).
    pub artifact_tests: BTreeMap<String, Vec<f64>>,
    /// Cosine scores of NeuralVault (first protocol).
    pub vault_scores: VaultScores,
    /// SHA-256 of the 32-byte v1 key of each class prototype, in hexadecimal (first protocol).
    ///
    /// The reference wrote the keys themselves here. This document may be shared, so it holds digests, which show
    /// whether two runs derived the same key without revealing it.
    pub prototype_keys: BTreeMap<String, String>,
    /// Statistics of the keys (first protocol).
    pub key_quality: KeyQuality,
}

/// The evaluated recordings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataSummary {
    /// The file's name, without its folder.
    pub file: String,
    /// SHA-256 over rows, labels, sessions and values.
    pub sha256: String,
    /// Label names.
    pub labels: Vec<String>,
    /// Session names.
    pub sessions: Vec<String>,
    /// Rows.
    pub rows: usize,
    /// Features per row.
    pub features: usize,
}

/// Verification under one protocol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProtocolResult {
    /// `in-sample`, `random`, `blocks`, `folds`, `sessions`, `unseen`, `unseen-persons` or `episodes`; the window's length
    /// in brackets unless it is 1.
    pub name: String,
    /// Frames per scored window or probe.
    #[serde(default = "one")]
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
    pub eer: Estimate,
}

/// One method's figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodResult {
    /// The method's name.
    pub name: String,
    /// Equal error rate in percent, as the reference computes it.
    pub eer: Estimate,
    /// Equal error rate in percent on the ROC's convex hull.
    pub eer_convex_hull: f64,
    /// Separation of the score distributions.
    pub d_prime: Estimate,
    /// Area under the ROC; higher scores are more genuine.
    pub roc_auc: Estimate,
    /// False non-match rate at fixed false match rates, as far as there are enough trials.
    pub fnmr_at_fmr: Vec<OperatingPoint>,
    /// The threshold fixed on development trials, and its error rates on the trials here; none if the enrolled rows
    /// trained the encoder.
    pub transfer: Option<Transfer>,
    /// EER over trainings with several seeds, if requested and the method depends on the seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_seeds: Option<OverSeeds>,
    /// How many trials there are, where several splits score one comparison.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeated: Option<Repeated>,
    /// Share of probes whose nearest prototype is their own.
    pub accuracy: f64,
    /// Unweighted mean of the classes' F1.
    pub macro_f1: f64,
    /// Genuine scores, higher is more alike; of very many, some at even steps of their order.
    pub genuine: Vec<f64>,
    /// Impostor scores, as the genuine ones.
    pub impostor: Vec<f64>,
}

/// Trials where persons are divided in several ways, and each way scores a probe by another fit.
///
/// Scores of one comparison are not independent: an error rate is known no better than from the distinct ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeated {
    /// Genuine trials.
    pub genuine: usize,
    /// Impostor trials.
    pub impostor: usize,
    /// Distinct genuine comparisons, which is the number of probes.
    pub distinct_genuine: usize,
    /// Distinct impostor comparisons.
    pub distinct_impostor: usize,
}

impl MethodResult {
    /// Genuine and impostor trials.
    #[must_use]
    pub fn trials(&self) -> [usize; 2] {
        let kept = [self.genuine.len(), self.impostor.len()];
        self.repeated.map_or(kept, |repeated| [repeated.genuine, repeated.impostor])
    }

    /// Genuine and impostor trials, each comparison once.
    #[must_use]
    pub fn distinct_trials(&self) -> [usize; 2] {
        self.repeated.map_or(self.trials(), |repeated| [repeated.distinct_genuine, repeated.distinct_impostor])
    }
}

/// A figure with its 95 % bootstrap interval, if there is something to resample.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// Lower and upper end.
    pub interval: Option<[f64; 2]>,
}

/// EER in percent over trainings with several seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OverSeeds {
    /// The mean; its interval is that of the trials of all trainings together, resampled by session.
    pub eer: Estimate,
    /// The EER of each training.
    pub each: Vec<f64>,
}

fn one() -> usize {
    1
}

/// An operating point of a fixed false match rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperatingPoint {
    /// The false match rate that the threshold keeps to, 0 to 1.
    pub fmr: f64,
    /// The false non-match rate at it, 0 to 1.
    pub fnmr: f64,
    /// Clopper-Pearson 95 % interval of the false non-match rate; where trials are repeated the wider of that of the
    /// distinct ones and the bootstrap's.
    pub interval: [f64; 2],
}

/// A threshold fixed elsewhere; its intervals are those of an [`OperatingPoint`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    /// The threshold; the mean where every enrolment has its own.
    pub threshold: f64,
    /// False match rate here, 0 to 1, and its 95 % interval.
    pub fmr: f64,
    /// See [`Transfer::fmr`].
    pub fmr_interval: [f64; 2],
    /// False non-match rate here, 0 to 1, and its 95 % interval.
    pub fnmr: f64,
    /// See [`Transfer::fnmr`].
    pub fnmr_interval: [f64; 2],
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

/// The reference's figures of one method.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BaselineMetrics {
    /// Separation.
    pub d_prime: f64,
    /// Equal error rate in percent.
    pub eer: f64,
}

/// The reference's few-shot figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NeuralMetrics {
    /// Accuracy, 0 to 1.
    pub accuracy: f64,
    /// Macro F1, 0 to 1.
    pub f1_score: f64,
    /// Area under the ROC, 0 to 1; higher scores are more genuine.
    pub roc_auc: f64,
}

/// The reference's score lists.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VaultScores {
    /// Genuine.
    pub genuine: Vec<f64>,
    /// Impostor.
    pub impostor: Vec<f64>,
}

/// Statistics of the v1 keys of the class prototypes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KeyQuality {
    /// Mean share of key bits that flip when 0.05 is added to one component of a prototype.
    pub avalanche: f64,
    /// Share of ones among all key bits.
    pub bit_balance: f64,
    /// Shannon entropy of the keys' bytes, in bits per byte.
    pub entropy: f64,
    /// Mean Hamming distance between two classes' keys, as a share of bits.
    pub uniqueness: f64,
}
