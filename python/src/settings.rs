//! The settings of a recipe, and the engine that trains, as Python names them.

use std::path::PathBuf;

use neural_vault::connectome::{Parcels, ParcelsError};
use neural_vault::dataset::RegionNumbers;
use neural_vault::engine::{Device, Engine};
use neural_vault::training::{Mining, Overrides, RECIPES, Recipe, Schedule, TrainingError};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors::{exception, warn};
use crate::threads::detach;

/// The settings that replace a recipe's defaults: a dictionary with all of these names, `None` for the default.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Settings {
    open_set: Option<bool>,
    windows: Option<Vec<usize>>,
    steps: Option<u64>,
    batch: Option<usize>,
    rows: Option<usize>,
    window: Option<usize>,
    mining: Option<String>,
    margin: Option<f32>,
    learning_rate: Option<f64>,
    schedule: Option<String>,
    weight_decay: Option<f32>,
    clip: Option<f64>,
    dropout: Option<f64>,
    parcels: Option<RegionSource>,
    frames: Option<usize>,
}

/// Where the region of each feature is given.
#[derive(FromPyObject)]
pub enum RegionSource {
    /// Files whose features follow each other.
    Files(Vec<PathBuf>),
    /// A number a feature.
    Numbers(Vec<i64>),
}

impl Settings {
    /// The settings as the library takes them, with the files of parcels read.
    pub fn read(self, py: Python<'_>) -> PyResult<Overrides> {
        Ok(Overrides {
            open_set: self.open_set,
            windows: self.windows,
            steps: self.steps,
            batch: self.batch,
            rows: self.rows,
            window: self.window,
            mining: one_of("mining", self.mining, Mining::ALL)?,
            margin: self.margin,
            learning_rate: self.learning_rate,
            schedule: one_of("schedule", self.schedule, Schedule::ALL)?,
            weight_decay: self.weight_decay,
            clip: self.clip,
            dropout: self.dropout,
            parcels: self.parcels.map(|source| source.read(py)).transpose()?,
            frames: self.frames,
        })
    }
}

impl RegionSource {
    /// The parcels; warns of regions without a feature.
    pub fn read(self, py: Python<'_>) -> PyResult<Parcels> {
        let (parcels, notes) = match self {
            RegionSource::Files(files) => detach(py, || Parcels::read(&files)).map_err(exception)?,
            RegionSource::Numbers(numbers) => {
                let numbers = RegionNumbers { numbers, names: [].into() };
                let notes = numbers.empty_regions().map(|empty| format!("parcels: {empty}"));
                let parcels = Parcels::new(&[numbers]).map_err(|error: ParcelsError| exception(error))?;
                (parcels, notes.into_iter().collect())
            }
        };
        warn(py, notes)?;
        Ok(parcels)
    }
}

/// The recipe of this name with its settings.
pub fn recipe(name: &str, overrides: Overrides, seed: u64) -> PyResult<Recipe> {
    let kind = one_of("recipe", Some(name.to_owned()), RECIPES.map(|kind| (kind.name, "", kind)))?;
    kind.map_or_else(|| Err(PyValueError::new_err("no recipe")), |kind| kind.with(overrides, seed).map_err(failed))
}

/// The engine of this name on a device: `auto` is ONNX Runtime where its library is found, and tract elsewhere.
pub fn engine(name: &str, device: &str) -> PyResult<Engine> {
    match (name, device) {
        ("tract", "cuda") => Err(PyValueError::new_err("tract does not run on CUDA; use engine \"onnxruntime\"")),
        ("tract", "cpu") => Ok(Engine::Tract),
        ("auto", "cpu") => Ok(Engine::auto().0),
        ("onnxruntime", "cpu") => Ok(Engine::OnnxRuntime(Device::Cpu)),
        ("auto" | "onnxruntime", "cuda") => Ok(Engine::OnnxRuntime(Device::Cuda)),
        ("auto" | "onnxruntime" | "tract", other) => {
            Err(PyValueError::new_err(format!("device {other:?} is neither \"cpu\" nor \"cuda\"")))
        }
        (other, _) => {
            Err(PyValueError::new_err(format!("engine {other:?} is none of \"auto\", \"onnxruntime\" and \"tract\"")))
        }
    }
}

/// An error of training, with settings named as Python names them.
pub fn failed(error: TrainingError) -> PyErr {
    match error {
        TrainingError::Setting { name, reason } => {
            PyValueError::new_err(format!("{} {reason}", name.replace('-', "_")))
        }
        TrainingError::OtherRecipe { recipe, setting, owners } => {
            let (setting, owners) = (setting.replace('-', "_"), owners.join(" or "));
            PyValueError::new_err(format!("recipe {recipe} takes no {setting}; it belongs to recipe {owners}"))
        }
        error => exception(error),
    }
}

/// The value of a name among `(name, description, value)`.
fn one_of<T, const N: usize>(
    setting: &str,
    given: Option<String>,
    choices: [(&'static str, &'static str, T); N],
) -> PyResult<Option<T>> {
    let Some(given) = given else { return Ok(None) };
    let names = choices.each_ref().map(|(name, ..)| *name).join(", ");
    match choices.into_iter().find(|(name, ..)| *name == given) {
        Some((.., value)) => Ok(Some(value)),
        None => Err(PyValueError::new_err(format!("{setting} {given:?} is none of {names}"))),
    }
}
