//! The results of an evaluation: the one document that the JSON file, the report and `compare` share.
//!
//! The reference's names (`baseline_metrics`, `neural_metrics`, `noise_tests`, `artifact_tests`, `vault_scores`) hold the
//! figures of the first protocol as the reference gave them; everything else is under `protocols`.

mod method;
mod protocol;
mod read;
mod reference;
mod settings;
mod thin;
mod trials;
mod write;

use serde::{Deserialize, Serialize};

pub use method::{Estimate, MethodResult, OperatingPoint, OverSeeds, Repeated, Shortened, Transfer};
pub use protocol::{Difference, MapPoint, ProtocolResult, Sweep, SweepLine};
pub use read::{ReadError, SCHEMA, read};
pub use reference::{
    BaselineMetrics, KeyQuality, NeuralMetrics, PrototypeKey, ReferenceLine, ReferenceSweep, VaultScores,
};
pub use settings::{EvaluatedModel, EvaluationSettings, NamedSessions, PersonSettings};
pub use trials::{Probe, Resampled, TrialGroup, TrialList};

/// An evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// [`SCHEMA`].
    pub schema: String,
    /// When it began: RFC 3339, UTC.
    pub created: String,
    /// The recordings.
    pub data: DataSummary,
    /// What determines the figures, with the recordings.
    pub settings: EvaluationSettings,
    /// One entry for each protocol and window length, in the requested order.
    pub protocols: Vec<ProtocolResult>,
    /// EER and d' of each method (first protocol).
    pub baseline_metrics: Vec<BaselineMetrics>,
    /// Few-shot figures of the embeddings (first protocol).
    pub neural_metrics: NeuralMetrics,
    /// EER by signal-to-noise ratio in dB (first protocol).
    pub noise_tests: ReferenceSweep,
    /// EER by share of replaced values (first protocol).
    pub artifact_tests: ReferenceSweep,
    /// Cosine scores of the method under test (first protocol).
    pub vault_scores: VaultScores,
    /// Digests of the keys of the class prototypes (first protocol).
    pub prototype_keys: Vec<PrototypeKey>,
    /// Statistics of these keys (first protocol).
    pub key_quality: KeyQuality,
}

/// The evaluated recordings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataSummary {
    /// Names of the files and folders, without the folders they are in.
    pub files: Vec<String>,
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

impl DataSummary {
    /// The files in a few words: the name of the first, and how many more there are.
    #[must_use]
    pub fn name(&self) -> String {
        match self.files.as_slice() {
            [] => "recordings".to_owned(),
            [one] => one.clone(),
            [first, others @ ..] => format!("{first} and {} more", others.len()),
        }
    }
}
