//! The effective dimension of a model's embeddings of what trained it.

use crate::dataset::Dataset;
use crate::embedding::{Embedder, EmbeddingEngine, EmbeddingError};
use crate::metrics::information::participation_ratio;
use crate::model::Model;
use crate::verification::persons::segments;
use crate::verification::window_probes;

/// Most embeddings of a connectome model that it is computed from.
const MOST_EMBEDDINGS: usize = 400;

/// The effective dimension of `model`'s embeddings of the recordings that trained it: of all windows, or with a connectome
/// model of segments that have the fewest frames of a probe, evenly chosen.
///
/// # Errors
/// When a window has no embedding.
pub fn effective_dimension(model: &Model, training: &Dataset) -> Result<f64, EmbeddingError> {
    let window = model.provenance().window;
    let chosen = if model.dims().is_connectome() {
        let segments = segments(training, window);
        let every = segments.len().div_ceil(MOST_EMBEDDINGS).max(1);
        segments.into_iter().step_by(every).collect()
    } else {
        window_probes(training, window)
    };
    let mut embedder = Embedder::open(model, EmbeddingEngine::Core)?;
    Ok(participation_ratio(&embedder.scans(training, &chosen, window)?))
}
