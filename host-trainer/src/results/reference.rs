//! The figures that the reference gave, under its names and as it gave them.

use serde::{Deserialize, Serialize};

/// The reference's figures of one method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BaselineMetrics {
    /// The method's name.
    pub method: String,
    /// Separation.
    pub d_prime: f64,
    /// Equal error rate in percent.
    #[serde(rename = "eer_percent")]
    pub eer: f64,
}

/// The reference's sweep: EER by the level of one condition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReferenceSweep {
    /// The levels.
    pub levels: Vec<f64>,
    /// One line per method.
    pub lines: Vec<ReferenceLine>,
}

/// One method along a [`ReferenceSweep`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReferenceLine {
    /// The method's name.
    pub method: String,
    /// EER in percent at each level.
    #[serde(rename = "eer_percent")]
    pub eer: Vec<f64>,
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

/// The key of a class prototype, by its digest.
///
/// The reference wrote the keys themselves. Results may be shared, so they hold digests, which show whether two runs derived
/// the same key without revealing it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrototypeKey {
    /// The label.
    pub label: String,
    /// SHA-256 of the 32-byte v1 key of its prototype, in hexadecimal.
    #[serde(rename = "key_sha256")]
    pub digest: String,
}

/// Statistics of the v1 keys of the class prototypes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KeyQuality {
    /// Mean share of key bits that flip when 0.05 is added to one component of a prototype.
    #[serde(rename = "avalanche_share")]
    pub avalanche: f64,
    /// Share of ones among all key bits.
    #[serde(rename = "ones_share")]
    pub bit_balance: f64,
    /// Shannon entropy of the keys' bytes, in bits per byte.
    #[serde(rename = "entropy_bits_per_byte")]
    pub entropy: f64,
    /// Mean Hamming distance between two classes' keys, as a share of bits.
    #[serde(rename = "uniqueness_share")]
    pub uniqueness: f64,
}
