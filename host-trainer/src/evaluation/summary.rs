//! The results document, put together from the evaluated protocols.

use std::collections::BTreeMap;

use neural_vault_core::key::{KeyError, derive_v1};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::evaluated::Evaluated;
use super::methods;
use crate::dataset::Dataset;
use crate::hex;
use crate::metrics::key_quality::key_quality;
use crate::results::{BaselineMetrics, DataSummary, NeuralMetrics, Results, SCHEMA, VaultScores};

/// Builds the document; the figures under the reference's names are those of the first protocol.
///
/// # Errors
/// When a prototype has no key.
pub fn summarise(
    dataset: &Dataset,
    settings: BTreeMap<String, String>,
    evaluated: Vec<Evaluated>,
) -> Result<Results, KeyError> {
    let first = evaluated.first();
    let scored = first.map(|e| e.result.methods.as_slice()).unwrap_or_default();
    let vault = scored.iter().find(|m| methods::find(&m.name).is_some_and(|method| method.is_under_test()));
    let baseline = |eer, d_prime| BaselineMetrics { d_prime, eer };
    let prototypes = first.map(|e| e.prototypes.clone()).unwrap_or_default();
    let mut prototype_keys = BTreeMap::new();
    for (label, prototype) in &prototypes {
        let mut key = Zeroizing::new([0; 32]);
        derive_v1(prototype, &mut *key)?;
        prototype_keys.insert(label.clone(), hex::encode(&Sha256::digest(key.as_slice())));
    }
    let prototypes: Vec<Vec<f32>> = prototypes.into_values().collect();
    Ok(Results {
        schema: SCHEMA.to_owned(),
        timestamp: None,
        data: summary_of(dataset),
        settings,
        baseline_metrics: scored.iter().map(|m| (m.name.clone(), baseline(m.eer.value, m.d_prime.value))).collect(),
        neural_metrics: vault.map_or_else(NeuralMetrics::default, |vault| NeuralMetrics {
            accuracy: vault.accuracy,
            f1_score: vault.macro_f1,
            roc_auc: vault.roc_auc.value,
        }),
        noise_tests: reference_sweep(first, "noise", "SNR_LEVELS"),
        artifact_tests: reference_sweep(first, "artefacts", "ARTIFACT_LEVELS"),
        vault_scores: vault.map_or_else(VaultScores::default, |vault| VaultScores {
            genuine: vault.genuine.clone(),
            impostor: vault.impostor.clone(),
        }),
        prototype_keys,
        key_quality: key_quality(&prototypes)?,
        protocols: evaluated.into_iter().map(|e| e.result).collect(),
    })
}

fn reference_sweep(first: Option<&Evaluated>, name: &str, levels: &str) -> BTreeMap<String, Vec<f64>> {
    let Some(sweep) = first.and_then(|e| e.result.sweeps.iter().find(|sweep| sweep.name == name)) else {
        return BTreeMap::new();
    };
    let lines = sweep.lines.iter().map(|line| (line.method.clone(), line.eer.iter().map(|e| e.value).collect()));
    std::iter::once((levels.to_owned(), sweep.levels.clone())).chain(lines).collect()
}

fn summary_of(dataset: &Dataset) -> DataSummary {
    let mut hash = Sha256::new();
    for name in dataset.labels.iter().chain(&dataset.sessions) {
        hash.update(name.as_bytes());
        hash.update([0]);
    }
    for row in &dataset.rows {
        hash.update(row.label.to_le_bytes());
        hash.update(row.session.to_le_bytes());
        hash.update(row.timestep.to_le_bytes());
    }
    for block in dataset.values.chunks(4096) {
        let bytes: Vec<u8> = block.iter().flat_map(|v| v.to_le_bytes()).collect();
        hash.update(bytes);
    }
    DataSummary {
        file: dataset.origin.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        sha256: hex::encode(&hash.finalize()),
        labels: dataset.labels.clone(),
        sessions: dataset.sessions.clone(),
        rows: dataset.rows.len(),
        features: dataset.features,
    }
}
