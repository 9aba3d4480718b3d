//! Training: sampling, the step on an engine, AdamW, checkpoints.

pub mod checkpoint;
pub mod optimiser;
mod run;
mod sampler;
mod schedule;
mod settings;
mod trainer;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod vector_tests;

use std::path::PathBuf;

use crate::dataset::DatasetError;
use crate::engine::EngineError;
use crate::model::ModelError;

pub use run::{LOG, Outcome, RunFolder, remove_checkpoint, run};
pub use schedule::Schedule;
pub use settings::{Mining, Settings};
pub use trainer::{StepReport, Trainer, TrainingData};

/// Why training cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// The recordings cannot be trained on.
    #[error(transparent)]
    Data(#[from] DatasetError),
    /// The engine is not available, or failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The model cannot be made or written.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The settings make no sense together.
    #[error("{0}")]
    Settings(String),
    /// The loss is no longer a number.
    #[error("the loss is {loss} at step {step}: lower --learning-rate, or look for extreme values in the recordings")]
    Diverged {
        /// The step, from 1.
        step: u64,
        /// The loss.
        loss: f32,
    },
    /// The checkpoint or the log cannot be written.
    #[error("{source}")]
    Write {
        /// What the system said, with the file's name.
        source: std::io::Error,
    },
    /// The checkpoint cannot be continued.
    #[error("{}: {reason}", path.display())]
    Checkpoint {
        /// The checkpoint's file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}
