//! Trials of a trained model: in sample, as the reference scores itself, and on held-back sessions.

use super::{Scores, prototypes, window_probes};
use crate::dataset::Dataset;
use crate::embedding::{Embedder, EmbeddingError};

/// Scores, with the protocol that produced them.
#[derive(Clone, Debug)]
pub struct Trials {
    /// Whether the probes are training windows, in words.
    pub protocol: &'static str,
    /// Sessions of the probes.
    pub sessions: Vec<String>,
    /// Frames of a probe; where scans are shorter than the window, of the longest.
    pub frames: usize,
    /// The scores.
    pub scores: Scores,
}

/// A label's number and an embedding.
type Labelled = (u32, Vec<f32>);

/// Scores every window as a probe against the class prototypes of the training recordings.
///
/// # Errors
/// When a window has no embedding.
pub fn window_trials(
    embedder: &mut Embedder,
    window: usize,
    training: &Dataset,
    held_back: Option<&Dataset>,
) -> Result<Vec<Trials>, EmbeddingError> {
    let mut embed = |dataset: &Dataset| -> Result<(usize, Vec<Labelled>), EmbeddingError> {
        let probes = window_probes(dataset, window);
        let embeddings = embedder.scans(dataset, &probes, window)?;
        let longest = probes.iter().map(|probe| probe.rows.len()).max();
        Ok((longest.unwrap_or(window), probes.iter().map(|probe| probe.label).zip(embeddings).collect()))
    };
    let enrolled = embed(training)?;
    let prototypes = prototypes(&enrolled.1, training.labels.len());
    let trials = |protocol, dataset: &Dataset, (frames, probes): &(usize, Vec<Labelled>)| {
        let mut scores = Scores::default();
        scores.add(&prototypes, probes);
        Trials { protocol, sessions: dataset.sessions.clone(), frames: *frames, scores }
    };
    let mut list = vec![trials("in sample", training, &enrolled)];
    if let Some(held_back) = held_back {
        list.push(trials("on held-back sessions", held_back, &embed(held_back)?));
    }
    Ok(list)
}
