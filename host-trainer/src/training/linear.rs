//! Recipe `linear`: the whitened front end alone, without training steps.

use neural_vault_core::encoder::Fill;

use super::TrainingError;
use super::note::Note;
use crate::dataset::{Dataset, Standardiser, check_training};
use crate::front_end::{CLOSED_SET_REST, FrontEnd};
use crate::model::{LATENT, Model, Provenance, StateDict, linear_dims};

/// Fits a linear model to `dataset`; also returns notes on the recordings.
///
/// For known identities the axes that separate them have twice the weight of the others. With `open_set` all axes have
/// the same weight, which suits identities that the model was not trained on.
///
/// # Errors
/// When there are fewer than two classes, a class has one frame, or there is no front end for these frames.
pub fn linear(mut dataset: Dataset, open_set: bool) -> Result<(Model, Vec<Note>), TrainingError> {
    let mut notes: Vec<Note> = check_training(&dataset)?.into_iter().map(Note::Other).collect();
    notes.extend(Note::single_recordings(&dataset));
    let (standardiser, _) = Standardiser::fit(&dataset.values, dataset.features, Fill::Mean);
    standardiser.apply(&mut dataset.values);
    let labels: Vec<u32> = dataset.rows.iter().map(|row| row.label).collect();
    let projection = FrontEnd::fit(&dataset.values, dataset.features, &labels)?
        .projection(LATENT, if open_set { 1.0 } else { CLOSED_SET_REST });
    let shortest = dataset.scans().iter().map(|scan| dataset.longest_run(scan)).min().unwrap_or(1);
    let dims = linear_dims(dataset.features);
    let provenance = Provenance {
        labels: dataset.labels,
        training_sessions: dataset.sessions,
        window: shortest.clamp(1, dims.positions),
        recipe: if open_set { "linear, open set" } else { "linear" }.to_owned(),
        effective_dimension: None,
    };
    let tensors = [
        ("standardiser.mean", standardiser.mean),
        ("standardiser.inv_std", standardiser.inv_std),
        ("proj.weight", projection.weight),
        ("proj.bias", vec![0.0; LATENT]),
    ];
    let tensors = tensors.map(|(name, data)| (name.to_owned(), data)).into();
    Ok((Model::new(&StateDict { dims, fill: standardiser.fill, tensors }, provenance)?, notes))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use neural_vault_core::similarity::cosine;

    use super::*;
    use crate::dataset::Synthetic;
    use crate::embedding::{Embedder, EmbeddingEngine};

    const FEATURES: usize = 200;

    /// Two sessions of four classes, in the raw units of a scanner: far from zero.
    fn recordings() -> Dataset {
        let mut data =
            Synthetic { classes: 4, timesteps: 12, features: FEATURES, sessions: 2, noise: 0.5, seed: 3 }.recordings();
        data.values.iter_mut().for_each(|value| *value = 9_000.0 + 20.0 * *value);
        data
    }

    #[test]
    fn three_dead_voxels_of_two_hundred_decide_nothing() {
        let data = recordings();
        let (model, _) = linear(data.clone(), false).unwrap();
        assert_eq!(model.fill(), Fill::Mean);
        let mut dead = data.clone();
        for row in dead.values.chunks_exact_mut(FEATURES) {
            [17, 60, 199].into_iter().for_each(|voxel| row[voxel] = f32::NAN);
        }
        let mut embedder = Embedder::open(&model, EmbeddingEngine::Core).unwrap();
        let mut embed = |data: &Dataset| embedder.scans(data, &data.scans(), 12).unwrap();
        let (whole, dead) = (embed(&data), embed(&dead));
        let scores = |a: &[Vec<f32>], b: &[Vec<f32>]| -> Vec<f32> {
            a.iter().flat_map(|a| b.iter().map(|b| cosine(a, b).unwrap())).collect()
        };
        let (without, with) = (scores(&whole, &whole), scores(&dead, &dead));
        assert!(without.iter().any(|score| *score < 0.3), "these scans differ");
        for (without, with) in without.iter().zip(with) {
            assert!((without - with).abs() < 0.1, "{with} with dead voxels, {without} without");
        }
        assert!(whole.iter().zip(&dead).all(|(whole, dead)| cosine(whole, dead).unwrap() > 0.97));
    }

    #[test]
    fn a_session_of_dead_voxels_does_not_move_the_statistics_of_the_others() {
        let mut data = recordings();
        data.values.iter_mut().step_by(FEATURES * 3).for_each(|value| *value = f32::NAN);
        let (model, _) = linear(data, false).unwrap();
        let mean = model.state_dict().unwrap().tensors["standardiser.mean"][0];
        assert!((8_900.0..9_100.0).contains(&mean), "{mean}");
    }
}
