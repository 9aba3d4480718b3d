//! Trials of persons by a connectome model: each enrolled by all its frames, probed by segments of scans.

use super::Scores;
use crate::dataset::{Dataset, Scan};
use crate::embedding::{Embedder, EmbeddingError, Frames};

/// Scores every segment of `frames` frames of `probes` against each person's prototype, of all frames in `enrolled`.
///
/// Both have their labels in one order. Frames of several sessions are joined, each less its session's mean.
///
/// # Errors
/// When a segment or a person has no embedding.
pub fn person_trials(
    embedder: &mut Embedder,
    frames: usize,
    enrolled: &Dataset,
    probes: &Dataset,
) -> Result<Scores, EmbeddingError> {
    let mut prototypes = vec![None; enrolled.labels.len()];
    for scans in enrolled.scans().chunk_by(|one, next| one.label == next.label) {
        let label = scans[0].label as usize;
        let values = enrolled.joined(scans);
        let person = Frames { name: &enrolled.labels[label], values: &values, features: enrolled.features };
        prototypes[label] = embedder.embed(&[person], frames)?.pop();
    }
    let segments = segments(probes, frames);
    let embeddings = embedder.scans(probes, &segments, frames)?;
    let mut scores = Scores::default();
    let labelled: Vec<(u32, Vec<f32>)> = segments.iter().map(|segment| segment.label).zip(embeddings).collect();
    scores.add(&prototypes, &labelled);
    Ok(scores)
}

/// Consecutive segments of `frames` frames of every scan; frames after the last whole one are left out.
#[must_use]
pub fn segments(dataset: &Dataset, frames: usize) -> Vec<Scan> {
    let segments = |scan: Scan| {
        let (start, count) = (scan.rows.start, scan.rows.len() / frames.max(1));
        (0..count).map(move |k| Scan { rows: start + k * frames..start + (k + 1) * frames, ..scan })
    };
    dataset.scans().into_iter().flat_map(segments).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Synthetic;

    #[test]
    fn segments_follow_each_other_within_a_scan() {
        let data = Synthetic { classes: 1, timesteps: 7, features: 4, sessions: 2, noise: 1.0, seed: 1 }.recordings();
        let rows: Vec<_> = segments(&data, 3).into_iter().map(|segment| segment.rows).collect();
        assert_eq!(rows, [0..3, 3..6, 7..10, 10..13]);
        assert!(segments(&data, 8).is_empty());
    }
}
