//! Serialisation of a threshold in records: a float32, checked when it is read.

use neural_vault_core::verify::Threshold;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(super) fn serialize<S: Serializer>(threshold: &Threshold, serializer: S) -> Result<S::Ok, S::Error> {
    threshold.cosine().serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Threshold, D::Error> {
    Threshold::new(f32::deserialize(deserializer)?).map_err(D::Error::custom)
}
