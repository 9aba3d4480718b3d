//! The embedding of an encoder trained by the reference's recipe, compared by cosine.

use super::method::{EncoderUse, Method, OwnEncoder, Scorer, TrainingRows};
use super::neural_vault::EmbeddingCosine;
use crate::evaluation::error::EvaluationError;
use crate::evaluation::trained::{Trained, TrainingTask};
use crate::model::Model;
use crate::training::{Recipe, Settings};

/// The embedding of an encoder trained by the reference's recipe, compared by cosine.
pub(super) struct Reference;

impl Method for Reference {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn argument(&self) -> &'static str {
        "reference"
    }

    fn help(&self) -> &'static str {
        "The cosine of an encoder trained by the reference's recipe"
    }

    fn explanation(&self) -> &'static str {
        "An encoder trained by the published recipe with the triplet loss (Schroff et al. 2015), compared by cosine."
    }

    fn plain_name(&self) -> &'static str {
        "the published recipe"
    }

    fn encoder(&self) -> EncoderUse<'_> {
        EncoderUse::Own(self)
    }

    fn fit(&self, _: &TrainingRows<'_>) -> Result<Box<dyn Scorer>, EvaluationError> {
        Ok(Box::new(EmbeddingCosine))
    }
}

impl OwnEncoder for Reference {
    fn train(&self, task: &TrainingTask<'_>, _: &Model) -> Result<Trained, EvaluationError> {
        let recipe = Recipe::Steps(Settings { seed: task.seed, ..Settings::reference() });
        Ok(Trained::new(task.train(&task.fold.training, &recipe)?, recipe.windows()))
    }

    fn steps(&self, _: &Recipe) -> u64 {
        Settings::reference().steps
    }
}
