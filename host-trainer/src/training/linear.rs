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
