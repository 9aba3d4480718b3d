//! What the evaluation of a protocol gives.

use std::collections::BTreeMap;

use crate::results::ProtocolResult;

/// A protocol's figures, and the prototypes of its first fold by label.
#[derive(Clone, Debug)]
pub struct Evaluated {
    /// The figures.
    pub result: ProtocolResult,
    /// Mean embeddings of the encoder under test, not normalised; none where persons are evaluated.
    pub prototypes: BTreeMap<String, Vec<f32>>,
    /// Notes on its windows for the user.
    pub notes: Vec<String>,
}
