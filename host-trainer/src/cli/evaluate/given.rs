//! `evaluate --model`: a model that is scored as it is, beside methods that need no training.

use std::path::PathBuf;

use clap::Args;

use crate::cli::failure::Failure;
use crate::model::{Model, load};

/// A given model.
#[derive(Args)]
pub struct ModelArguments {
    /// Score this model as it is (its folder, or its .safetensors, .onnx or .nvb file), instead of training for each fold.
    ///
    /// Sessions that trained it are enrolled and the others probe, or those of --enroll-sessions and --probe-sessions; of a
    /// connectome model all persons whom it was not fitted to are enrolled and probe. Methods that need no training are
    /// scored beside it.
    #[arg(
        long,
        value_name = "M",
        conflicts_with_all = [
            "protocols", "weights", "train_sessions", "background", "parcels", "evaluated_persons", "draws", "recipe",
            "open_set", "steps", "windows", "batch", "rows", "window", "mining", "margin", "learning_rate", "schedule",
            "weight_decay", "clip", "dropout", "seeds", "engine",
        ]
    )]
    pub model: Option<PathBuf>,
}

impl ModelArguments {
    /// Reads the model, if one is given.
    pub fn read(&self) -> Result<Option<Model>, Failure> {
        Ok(self.model.as_deref().map(load).transpose()?)
    }
}
