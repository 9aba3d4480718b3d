//! Training.

use std::sync::Arc;

use neural_vault::dataset::Dataset;
use neural_vault::engine::Engine;
use neural_vault::model;
use neural_vault::training::{Note, Overrides, Recipe, Trainer, background, effective_dimension, linear};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors::{exception, warn};
use crate::interrupt::Interrupt;
use crate::model::Model;
use crate::recordings::Recordings;
use crate::settings::{self, Settings, failed};
use crate::threads::detach;

/// Trains a model; `progress` is called with the step, the steps and the loss.
#[pyfunction]
#[pyo3(signature = (recordings, recipe, seed, settings, *, engine, device, threads, background, progress))]
#[allow(clippy::too_many_arguments)] // What training takes, by keyword.
pub fn train(
    py: Python<'_>,
    recordings: &Recordings,
    recipe: &str,
    seed: u64,
    settings: Settings,
    engine: &str,
    device: &str,
    threads: usize,
    background: Option<&Recordings>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Model> {
    let overrides = settings.read(py)?;
    let engine = settings::engine(engine, device)?;
    let recipe = settings::recipe(recipe, overrides.clone(), seed)?;
    if !matches!(recipe, Recipe::Steps(_)) && device == "cuda" {
        warn(py, [format!("recipe {} is fitted on the processor; device is not used", recipe.name())])?;
    }
    let background = background.map(|background| &*background.dataset);
    let (model, notes) = detach(py, || {
        let dataset = joined(&recipe, &recordings.dataset, background)?;
        let training = Training { recipe, dataset, engine, threads, progress };
        training.run(&overrides)
    })?;
    warn(py, notes)?;
    Ok(Model { model })
}

/// A recipe with what it is given, while the interpreter's lock is released.
struct Training {
    recipe: Recipe,
    dataset: Arc<Dataset>,
    engine: Engine,
    threads: usize,
    progress: Option<Py<PyAny>>,
}

impl Training {
    fn run(self, overrides: &Overrides) -> PyResult<(model::Model, Vec<Note>)> {
        overrides.check_windows(&self.dataset).map_err(failed)?;
        let (mut model, notes) = match &self.recipe {
            Recipe::Linear { open_set } => linear(Dataset::clone(&self.dataset), *open_set).map_err(failed)?,
            Recipe::Connectome(settings) => settings.train(&self.dataset).map_err(failed)?,
            Recipe::Steps(settings) => {
                let begun = Trainer::begin(Dataset::clone(&self.dataset), settings.clone(), self.engine, self.threads);
                self.steps(begun.map_err(failed)?)?
            }
        };
        let dimension = effective_dimension(&model, &self.dataset).map_err(exception)?;
        model.set_effective_dimension(dimension as f32);
        Ok((model, notes))
    }

    /// Does all steps, and asks between them whether Ctrl-C was pressed.
    fn steps(&self, mut trainer: Trainer) -> PyResult<(model::Model, Vec<Note>)> {
        let mut interrupt = Interrupt::new();
        let steps = trainer.settings().steps;
        while trainer.steps_done() < steps && !interrupt.is_raised() {
            let report = trainer.step().map_err(failed)?;
            if let Some(progress) = &self.progress {
                Python::attach(|py| progress.call1(py, (report.step, steps, report.loss)))?;
            }
        }
        interrupt.into_result()?;
        Ok((trainer.model().map_err(exception)?, trainer.notes().to_vec()))
    }
}

/// The recordings with those of further background persons, which recipe `connectome` takes.
fn joined(recipe: &Recipe, recordings: &Arc<Dataset>, others: Option<&Dataset>) -> PyResult<Arc<Dataset>> {
    match (recipe, others) {
        (_, None) => Ok(Arc::clone(recordings)),
        (Recipe::Connectome(_), Some(others)) => {
            background(vec![Dataset::clone(recordings), others.clone()]).map(Arc::new).map_err(failed)
        }
        (recipe, Some(_)) => {
            let text = format!("recipe {} takes no background; it belongs to recipe connectome", recipe.name());
            Err(PyValueError::new_err(text))
        }
    }
}
