//! Training.

use neural_vault::engine::Engine;
use neural_vault::training::{RECIPES, Recipe, Trainer, linear};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors::{exception, warn};
use crate::interrupt::Interrupt;
use crate::model::Model;
use crate::recordings::Recordings;

/// Trains a model; `progress` is called with the step, the steps and the loss.
#[pyfunction]
#[pyo3(signature = (recordings, recipe, seed, threads, progress=None))]
pub fn train(
    py: Python<'_>,
    recordings: &Recordings,
    recipe: &str,
    seed: u64,
    threads: usize,
    progress: Option<Py<PyAny>>,
) -> PyResult<Model> {
    let kind = RECIPES.iter().find(|kind| kind.name == recipe);
    let kind = kind.ok_or_else(|| PyValueError::new_err(format!("no recipe {recipe}")))?;
    let recipe = (kind.recipe)().with_seed(seed);
    let dataset = neural_vault::dataset::Dataset::clone(&recordings.dataset);
    let (model, notes) = py.detach(|| match &recipe {
        Recipe::Linear { open_set } => linear(dataset, *open_set).map_err(exception),
        Recipe::Connectome(settings) => settings.train(&dataset).map_err(exception),
        Recipe::Steps(settings) => {
            let (engine, _) = Engine::auto();
            let mut interrupt = Interrupt::new();
            let mut trainer = Trainer::begin(dataset, settings.clone(), engine, threads).map_err(exception)?;
            while trainer.steps_done() < settings.steps && !interrupt.is_raised() {
                let report = trainer.step().map_err(exception)?;
                if let Some(progress) = &progress {
                    Python::attach(|py| progress.call1(py, (report.step, settings.steps, report.loss)))?;
                }
            }
            interrupt.into_result()?;
            Ok((trainer.model().map_err(exception)?, trainer.notes().to_vec()))
        }
    })?;
    warn(py, notes)?;
    Ok(Model { model })
}
