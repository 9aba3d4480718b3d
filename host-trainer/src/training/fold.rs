//! Folding the front end's projection into the encoder's.

use crate::model::{LATENT, StateDict};

/// Turns an encoder of projected frames into one of standardised frames: `W' = W P`.
///
/// `projection` is `[LATENT, features]` and has no bias, so the encoder's bias stays.
pub(super) fn fold(weights: &mut StateDict, projection: &[f32]) {
    let features = projection.len() / LATENT;
    let Some(weight) = weights.tensors.get_mut("proj.weight") else { return };
    let mut folded = Vec::with_capacity(weights.dims.d_model * features);
    let mut sums = vec![0.0f64; features];
    for row in weight.chunks_exact(LATENT) {
        sums.fill(0.0);
        for (weight, axis) in row.iter().zip(projection.chunks_exact(features)) {
            let weight = f64::from(*weight);
            for (sum, component) in sums.iter_mut().zip(axis) {
                *sum += weight * f64::from(*component);
            }
        }
        folded.extend(sums.iter().map(|&sum| sum as f32));
    }
    *weight = folded;
    weights.dims.features = features;
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use neural_vault_core::encoder::Fill;

    use super::*;
    use crate::dataset::{Dataset, Standardiser, Synthetic};
    use crate::embedding::{Embedder, EmbeddingEngine};
    use crate::front_end::{CLOSED_SET_REST, FrontEnd};
    use crate::model::{Model, Provenance, initial_weights, reference_dims};

    /// Largest change of an embedding's component by folding.
    const TOLERANCE: f32 = 5e-6;

    #[test]
    fn a_folded_encoder_embeds_frames_as_the_unfolded_one_embeds_their_projection() {
        for features in [40, 3000] {
            let mut recordings =
                Synthetic { classes: 3, timesteps: 8, features, sessions: 3, noise: 1.0, seed: 4 }.recordings();
            Standardiser::fit(&recordings.values, features, Fill::Mean).0.apply(&mut recordings.values);
            let labels: Vec<u32> = recordings.rows.iter().map(|row| row.label).collect();
            let front_end = FrontEnd::fit(&recordings.values, features, &labels).unwrap();
            let projection = front_end.projection(LATENT, CLOSED_SET_REST);
            let projected = Dataset { features: LATENT, values: projection.frames, ..recordings.clone() };
            let unfolded = initial_weights(reference_dims(LATENT), 9).unwrap();
            let mut folded = unfolded.clone();
            fold(&mut folded, &projection.weight);
            let (mean, inv_std) = (vec![0.0; features], vec![1.0; features]);
            folded.set_standardiser(Standardiser { mean, inv_std, fill: Fill::Mean });
            let [folded, unfolded] =
                [folded, unfolded].map(|weights| Model::new(&weights, Provenance::default()).unwrap());
            for window in [1, 3] {
                let embed = |model: &Model, recordings: &Dataset| {
                    let mut embedder = Embedder::open(model, EmbeddingEngine::Core).unwrap();
                    embedder.scans(recordings, &recordings.scans(), window).unwrap()
                };
                let (a, b) = (embed(&folded, &recordings), embed(&unfolded, &projected));
                for (a, b) in a.iter().flatten().zip(b.iter().flatten()) {
                    assert!((a - b).abs() <= TOLERANCE, "{a} {b}");
                }
            }
        }
    }
}
