//! The results document, put together from the evaluated protocols.

use neural_vault_core::key::{KeyError, derive_v1};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::evaluated::Evaluated;
use super::methods;
use crate::dataset::Dataset;
use crate::hex;
use crate::metrics::key_quality::key_quality;
use crate::results::{
    BaselineMetrics, DataSummary, EvaluationSettings, MethodResult, NeuralMetrics, PrototypeKey, ReferenceLine,
    ReferenceSweep, Results, SCHEMA, SweepLine, VaultScores,
};

/// When and how an evaluation was made.
#[derive(Clone, Debug, Default)]
pub struct Made {
    /// When it began: RFC 3339, UTC.
    pub created: String,
    /// Names of the files and folders of the recordings, without the folders they are in.
    pub files: Vec<String>,
    /// The settings.
    pub settings: EvaluationSettings,
}

/// Builds the document; the figures under the reference's names are those of the first protocol.
///
/// # Errors
/// When a prototype has no key.
pub fn summarise(dataset: &Dataset, made: Made, evaluated: Vec<Evaluated>) -> Result<Results, KeyError> {
    let first = evaluated.first();
    let scored = first.map(|e| e.result.methods.as_slice()).unwrap_or_default();
    let vault = scored.iter().find(|m| methods::find(&m.name).is_some_and(|method| method.is_under_test()));
    let baseline =
        |m: &MethodResult| BaselineMetrics { method: m.name.clone(), d_prime: m.d_prime.value, eer: m.eer.value };
    let prototypes = first.map(|e| e.prototypes.clone()).unwrap_or_default();
    let mut prototype_keys = Vec::new();
    for (label, prototype) in &prototypes {
        let mut key = Zeroizing::new([0; 32]);
        derive_v1(prototype, &mut *key)?;
        prototype_keys
            .push(PrototypeKey { label: label.clone(), digest: hex::encode(&Sha256::digest(key.as_slice())) });
    }
    let prototypes: Vec<Vec<f32>> = prototypes.into_values().collect();
    Ok(Results {
        schema: SCHEMA.to_owned(),
        created: made.created,
        data: summary_of(dataset, made.files),
        settings: made.settings,
        baseline_metrics: scored.iter().map(baseline).collect(),
        neural_metrics: vault.map_or_else(NeuralMetrics::default, |vault| NeuralMetrics {
            accuracy: vault.accuracy,
            f1_score: vault.macro_f1,
            roc_auc: vault.roc_auc.value,
        }),
        noise_tests: reference_sweep(first, "noise"),
        artifact_tests: reference_sweep(first, "artefacts"),
        vault_scores: vault.map_or_else(VaultScores::default, |vault| VaultScores {
            genuine: vault.genuine.clone(),
            impostor: vault.impostor.clone(),
        }),
        prototype_keys,
        key_quality: key_quality(&prototypes)?,
        protocols: evaluated.into_iter().map(|e| e.result).collect(),
    })
}

fn reference_sweep(first: Option<&Evaluated>, name: &str) -> ReferenceSweep {
    let Some(sweep) = first.and_then(|e| e.result.sweeps.iter().find(|sweep| sweep.name == name)) else {
        return ReferenceSweep::default();
    };
    let line = |line: &SweepLine| ReferenceLine {
        method: line.method.clone(),
        eer: line.eer.iter().map(|e| e.value).collect(),
    };
    ReferenceSweep { levels: sweep.levels.clone(), lines: sweep.lines.iter().map(line).collect() }
}

fn summary_of(dataset: &Dataset, files: Vec<String>) -> DataSummary {
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
        files,
        sha256: hex::encode(&hash.finalize()),
        labels: dataset.labels.clone(),
        sessions: dataset.sessions.clone(),
        rows: dataset.rows.len(),
        features: dataset.features,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::results::ProtocolResult;

    fn evaluated(prototype: Vec<f32>) -> Evaluated {
        let result = ProtocolResult {
            name: "folds".to_owned(),
            window: 1,
            description: String::new(),
            leaks: None,
            training_rows: 0,
            enrolment_rows: 0,
            probes: 0,
            model_digests: Vec::new(),
            trials: None,
            methods: Vec::new(),
            differences: Vec::new(),
            sweeps: Vec::new(),
            confusion: Vec::new(),
            labels: Vec::new(),
            map: Vec::new(),
            effective_dimension: 0.0,
            relative_entropy_bits: 0.0,
        };
        Evaluated { result, prototypes: [("face".to_owned(), prototype)].into(), notes: Vec::new() }
    }

    #[test]
    fn a_document_holds_digests_of_keys_and_neither_a_key_nor_a_prototype() {
        let prototype = vec![0.6, -0.8, 0.125, 0.0];
        let mut key = [0; 32];
        derive_v1(&prototype, &mut key).unwrap();
        let dataset = Dataset {
            origin: "recordings".into(),
            labels: vec!["face".to_owned()],
            sessions: vec![String::new()],
            features: 1,
            rows: Vec::new(),
            values: Vec::new(),
            notes: Vec::new(),
        };
        let results = summarise(&dataset, Made::default(), vec![evaluated(prototype)]).unwrap();
        assert_eq!(results.prototype_keys[0].digest, hex::encode(&Sha256::digest(key)));
        let document = serde_json::to_string(&results).unwrap();
        assert!(document.contains(&results.prototype_keys[0].digest));
        assert!(!document.contains(&hex::encode(&key)) && !document.contains("0.125"), "{document}");
    }
}
