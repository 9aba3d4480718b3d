//! Training: sampling, the step on an engine, AdamW, checkpoints.

mod archive;
mod balanced;
mod batch;
mod check;
pub mod checkpoint;
mod connectome;
mod data;
mod difference;
mod effective_dimension;
mod fold;
mod initial;
mod linear;
mod note;
mod optimiser;
mod overrides;
mod proxy_anchor;
mod recipe;
mod run;
mod sampler;
mod schedule;
mod settings;
mod trainer;
mod triplet;
mod triplets;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::path::PathBuf;

use crate::dataset::DatasetError;
use crate::engine::EngineError;
pub use crate::front_end::FrontEndError;
use crate::model::ModelError;

pub use archive::{ARCHIVE, ARCHIVE_ENTRY, Archive, ArchiveError};
pub use connectome::{Connectome, ConnectomeError, MANY_PERSONS, background};
pub use data::TrainingData;
pub use difference::Difference;
pub use effective_dimension::effective_dimension;
pub use linear::linear;
pub use note::Note;
pub use overrides::Overrides;
pub use proxy_anchor::ProxyAnchor;
pub use recipe::{RECIPES, Recipe, RecipeKind};
pub use run::{LOG, Outcome, RunFolder, refuse_checkpoint, remove_checkpoint, run};
pub use schedule::Schedule;
pub use settings::{Objective, Settings};
pub use trainer::{StepReport, Trainer};
pub use triplet::{Mining, Triplet};

/// Why training cannot begin or continue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainingError {
    /// The recordings cannot be trained on.
    #[error(transparent)]
    Data(#[from] DatasetError),
    /// The recordings have no front end.
    #[error(transparent)]
    FrontEnd(#[from] FrontEndError),
    /// Nothing can be fitted to the background persons.
    #[error(transparent)]
    Connectome(#[from] ConnectomeError),
    /// The engine is not available, or failed.
    #[error("{0}")]
    Engine(#[from] EngineError),
    /// The model cannot be made or written.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A setting is out of its range.
    #[error("{name} {reason}")]
    Setting {
        /// The setting, as [`RecipeKind::settings`] names it.
        name: &'static str,
        /// What is wrong, or the valid range.
        reason: String,
    },
    /// A setting belongs to other recipes.
    #[error("recipe {recipe} takes no {setting}; it belongs to recipe {}", owners.join(" or "))]
    OtherRecipe {
        /// The recipe that was chosen.
        recipe: &'static str,
        /// The setting, as [`RecipeKind::settings`] names it.
        setting: &'static str,
        /// The recipes that have it.
        owners: Vec<&'static str>,
    },
    /// The settings contradict each other.
    #[error("{0}")]
    Settings(String),
    /// The loss is no longer a number.
    #[error("the loss is {loss} at step {step}")]
    Diverged {
        /// The step, from 1.
        step: u64,
        /// The loss.
        loss: f32,
    },
    /// It was stopped before its last step.
    #[error("the training was stopped")]
    Stopped,
    /// The checkpoint or the log cannot be written.
    #[error("{source}")]
    Write {
        /// The error of the operating system, with the file's name.
        source: std::io::Error,
    },
    /// The folder holds the checkpoint of an unfinished run, which is not overwritten.
    #[error("{} is there", path.display())]
    Unfinished {
        /// The checkpoint's file.
        path: PathBuf,
    },
    /// The checkpoint cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    ReadCheckpoint {
        /// The checkpoint's file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The checkpoint was made with other settings.
    #[error("{}: was made with other settings: {}", path.display(), list(differences))]
    OtherSettings {
        /// The checkpoint's file.
        path: PathBuf,
        /// What differs.
        differences: Vec<Difference>,
    },
    /// The checkpoint was made with other recordings or sessions.
    #[error("{}: was made with other recordings or sessions", path.display())]
    OtherData {
        /// The checkpoint's file.
        path: PathBuf,
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

fn list(differences: &[Difference]) -> String {
    differences.iter().map(Difference::to_string).collect::<Vec<_>>().join("; ")
}
