//! The method under test with its encoder's weights in another format.

use neural_vault_core::encoder::WeightFormat;

use super::method::{EncoderUse, Method, OwnEncoder, Scorer, TrainingRows};
use super::neural_vault::EmbeddingCosine;
use crate::evaluation::error::EvaluationError;
use crate::evaluation::trained::{Trained, TrainingTask};
use crate::model::Model;

/// The embedding of the same encoder with its weights in another format, compared by cosine.
pub(super) struct Stored {
    pub format: WeightFormat,
    name: &'static str,
}

/// One for each format except f32, the format of the encoder under test.
pub(super) static FORMATS: [Stored; 4] = [
    Stored { format: WeightFormat::F16, name: "NeuralVault f16" },
    Stored { format: WeightFormat::I16, name: "NeuralVault i16" },
    Stored { format: WeightFormat::I8I16, name: "NeuralVault i8i16" },
    Stored { format: WeightFormat::I8, name: "NeuralVault i8" },
];

impl Method for Stored {
    fn name(&self) -> &'static str {
        self.name
    }

    fn argument(&self) -> &'static str {
        self.format.name()
    }

    fn help(&self) -> &'static str {
        "The embedding's cosine, with weights in another format"
    }

    fn explanation(&self) -> &'static str {
        "NeuralVault with the numbers of the same encoder stored in fewer bits, as a token may hold them."
    }

    fn encoder(&self) -> EncoderUse<'_> {
        EncoderUse::Own(self)
    }

    fn fit(&self, _: &TrainingRows<'_>) -> Result<Box<dyn Scorer>, EvaluationError> {
        Ok(Box::new(EmbeddingCosine))
    }
}

impl OwnEncoder for Stored {
    fn train(&self, task: &TrainingTask<'_>, shared: &Model) -> Result<Trained, EvaluationError> {
        // Calibrated on its training frames, as an operator would.
        let model = shared.quantise(self.format, &task.dataset.select(&task.fold.training).values)?;
        Ok(Trained::new(model, task.recipe.windows()))
    }
}
