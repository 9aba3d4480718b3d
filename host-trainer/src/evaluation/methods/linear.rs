//! The whitened front end alone, compared by cosine.

use faer::{Mat, MatRef};
use neural_vault_core::similarity::normalise;

use super::cosine::CosineGallery;
use super::gallery::Gallery;
use super::method::{Method, Scorer, TrainingRows, Windows};
use super::rows::Rows;
use crate::evaluation::error::EvaluationError;
use crate::front_end::CLOSED_SET_REST;
use crate::model::LATENT;

/// The whitened front end alone, compared by cosine.
///
/// Where other labels are enrolled than train, it is without class weights, and centred on the gallery.
pub(super) struct Linear;

struct Whitened {
    /// features x [`LATENT`].
    axes: Mat<f32>,
    /// Whether templates are centred on their gallery.
    centred: bool,
}

impl Method for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn argument(&self) -> &'static str {
        "linear"
    }

    fn help(&self) -> &'static str {
        "The whitened front end alone"
    }

    fn explanation(&self) -> &'static str {
        "NeuralVault's front end without the Transformer: principal axes, whitened by how the scans of a label differ, by cosine."
    }

    fn plain_name(&self) -> &'static str {
        "NeuralVault's front end alone"
    }

    fn needs_training(&self) -> bool {
        true
    }

    fn fit(&self, training: &TrainingRows<'_>) -> Result<Box<dyn Scorer>, EvaluationError> {
        let rest = if training.open_set { 1.0 } else { CLOSED_SET_REST };
        let weight = training.front_end()?.projection(LATENT, rest).weight;
        let axes = MatRef::from_column_major_slice(&weight, training.features, LATENT).to_owned();
        Ok(Box::new(Whitened { axes, centred: training.open_set }))
    }
}

impl Scorer for Whitened {
    /// Unit vectors.
    fn encode(&self, windows: &Windows) -> Rows {
        windows.frames.times(&self.axes).map(|vector| {
            // A vector of length zero stays as it is, and scores -1 against every class.
            let _ = normalise(vector);
        })
    }

    fn enrol(&self, _: &Windows, codes: &Rows, members: &[Vec<usize>]) -> Box<dyn Gallery> {
        let gallery = CosineGallery::new(codes, members);
        Box::new(if self.centred { gallery.centred() } else { gallery })
    }
}
