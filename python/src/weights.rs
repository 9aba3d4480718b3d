//! Models as bytes, as weights by PyTorch's names, and in other formats.

use std::path::{Path, PathBuf};

use neural_vault::embedding::check_width;
use neural_vault::model::import::{ImportOptions, Imported, import, import_bytes};
use neural_vault::model::{Aligned, Model as Own, Provenance};
use neural_vault_core::bundle::tensor_names_and_shapes;
use neural_vault_core::encoder::WeightFormat;
use numpy::{IntoPyArray, PyArrayDyn, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::{exception, warn};
use crate::model::Model;
use crate::recordings::Recordings;
use crate::threads::detach;

/// A model's bundle, and its provenance as JSON unless the bundle holds all that is known.
#[pyfunction]
pub fn model_to_bytes<'py>(py: Python<'py>, model: &Model) -> PyResult<(Bound<'py, PyBytes>, Option<String>)> {
    let model = &model.model;
    let provenance = model.window_note().is_none().then(|| serde_json::to_string(model.provenance())).transpose();
    Ok((PyBytes::new(py, model.bytes()), provenance.map_err(exception)?))
}

/// The model that [`model_to_bytes`] gave these of.
#[pyfunction]
pub fn model_from_bytes(py: Python<'_>, bundle: &[u8], provenance: Option<&str>) -> PyResult<Model> {
    let model = detach(py, || Own::from_bundle(Aligned::new(bundle))).map_err(exception)?;
    let Some(provenance) = provenance else { return Ok(Model { model }) };
    let provenance: Provenance = serde_json::from_str(provenance).map_err(exception)?;
    Ok(Model { model: model.with_provenance(provenance).map_err(exception)? })
}

/// Where weights come from.
#[derive(FromPyObject)]
pub enum Weights<'py> {
    /// The bytes of a safetensors file.
    Bytes(Bound<'py, PyBytes>),
    /// A safetensors file, or the `.npz` file of a connectome model.
    File(PathBuf),
}

/// A model of weights trained elsewhere.
#[pyfunction]
#[pyo3(signature = (weights, *, heads, window, skip, standardise))]
pub fn import_weights(
    py: Python<'_>,
    weights: Weights<'_>,
    heads: Option<usize>,
    window: Option<usize>,
    skip: Vec<String>,
    standardise: Option<&Recordings>,
) -> PyResult<Model> {
    let options = ImportOptions { heads, window, skip };
    let mut imported = match weights {
        Weights::File(path) => detach(py, || import(&path, &options)),
        Weights::Bytes(bytes) => {
            let bytes = bytes.as_bytes();
            detach(py, || import_bytes(bytes, Path::new("weights"), &options))
        }
    }
    .map_err(exception)?;
    warn(py, &imported.notes)?;
    let is_connectome = imported.weights.dims.is_connectome();
    match standardise {
        Some(_) if is_connectome => {
            return Err(PyValueError::new_err("a connectome model standardises nothing; leave out standardise"));
        }
        Some(recordings) => {
            if imported.standardised {
                warn(py, ["the statistics of the recordings replace the standardiser of the weights"])?;
            }
            detach(py, || imported.standardise(&recordings.dataset)).map_err(exception)?;
        }
        None if !imported.standardised && !is_connectome => {
            warn(py, ["the model does not standardise its input; give standardise unless the input is standardised"])?;
        }
        None => {}
    }
    let Imported { weights, provenance, .. } = imported;
    Ok(Model { model: detach(py, || Own::new(&weights, provenance)).map_err(exception)? })
}

/// The weights by PyTorch's names.
#[pyfunction]
pub fn state_dict<'py>(py: Python<'py>, model: &Model) -> PyResult<Vec<(String, Bound<'py, PyArrayDyn<f32>>)>> {
    let mut weights = model.model.state_dict().map_err(exception)?;
    let shapes = tensor_names_and_shapes(&weights.dims).map_err(exception)?;
    let named = shapes.into_iter().map(|(name, shape)| {
        let values = weights.tensors.remove(&name).unwrap_or_default();
        Ok((name, values.into_pyarray(py).reshape(shape)?))
    });
    named.collect()
}

/// Writes a model's bundle with its weights in a format; returns the model that it holds.
#[pyfunction]
#[pyo3(signature = (model, path, weights, calibration, replace))]
pub fn export(
    py: Python<'_>,
    model: &Model,
    path: PathBuf,
    weights: &str,
    calibration: Option<&Recordings>,
    replace: bool,
) -> PyResult<Model> {
    let model = &model.model;
    if let Some(recordings) = calibration {
        check_width(&recordings.dataset, model.dims().features).map_err(exception)?;
    }
    let Some(format) = WeightFormat::ALL.into_iter().find(|own| own.name() == weights) else {
        let names = WeightFormat::ALL.map(WeightFormat::name).join(", ");
        return Err(PyValueError::new_err(format!("weights {weights:?} is none of {names}")));
    };
    let exported = detach(py, || {
        let frames = calibration.map(|recordings| model.calibration_frames(&recordings.dataset)).transpose()?;
        let exported = match format == model.format() {
            true => model.clone(),
            false => model.quantise(format, frames.as_deref().unwrap_or_default())?,
        };
        let write = if replace { Own::write_bundle } else { Own::write_new_bundle };
        write(&exported, &path).map(|()| exported)
    });
    Ok(Model { model: exported.map_err(exception)? })
}
