//! The encoder under test, trained with the enrolled labels as well, compared by cosine.

use super::method::{EncoderUse, Method, OwnEncoder, Scorer, TrainingRows};
use super::neural_vault::EmbeddingCosine;
use crate::evaluation::error::EvaluationError;
use crate::evaluation::protocols::Protocol;
use crate::evaluation::trained::{Trained, TrainingTask};
use crate::model::Model;
use crate::training::Recipe;

/// The embedding of an encoder that is also trained with the enrolled labels, if these differ from the training labels.
pub(super) struct Refit;

impl Method for Refit {
    fn name(&self) -> &'static str {
        "refit"
    }

    fn argument(&self) -> &'static str {
        "refit"
    }

    fn help(&self) -> &'static str {
        "The same, trained with the enrolled labels as well (unseen)"
    }

    fn explanation(&self) -> &'static str {
        "NeuralVault with an encoder that was trained with the enrolled labels as well, as enroll --refit makes it."
    }

    fn plain_name(&self) -> &'static str {
        "NeuralVault refitted"
    }

    fn encoder(&self) -> EncoderUse<'_> {
        EncoderUse::Own(self)
    }

    fn fits(&self, protocol: &dyn Protocol) -> bool {
        protocol.is_open_set() && !protocol.scores_scans()
    }

    fn fit(&self, _: &TrainingRows<'_>) -> Result<Box<dyn Scorer>, EvaluationError> {
        Ok(Box::new(EmbeddingCosine))
    }
}

impl OwnEncoder for Refit {
    fn train(&self, task: &TrainingTask<'_>, _: &Model) -> Result<Trained, EvaluationError> {
        let mut rows = [&task.fold.training[..], &task.fold.enrolment].concat();
        rows.sort_unstable();
        rows.dedup();
        Ok(Trained::new(task.train(&rows, task.recipe)?, task.recipe.windows()))
    }

    fn steps(&self, recipe: &Recipe) -> u64 {
        recipe.steps().max(1)
    }

    fn trains_on_enrolment(&self) -> bool {
        true
    }
}
