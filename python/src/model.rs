//! A model, and the embeddings of scans.

use std::path::PathBuf;

use neural_vault::embedding::{Embedder, EmbeddingEngine, EmbeddingError, Frames};
use neural_vault::model;
use numpy::{IntoPyArray, PyArray2, PyArrayMethods, PyReadonlyArray2, PyReadonlyArray3};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors::{exception, warn};
use crate::interrupt::Interrupt;
use crate::recordings::{Recordings, width};
use crate::threads::{detach, pool};

/// Fewest scans that are embedded between two questions to Python, so that all threads have some.
const SCANS: usize = 64;

/// A model of the library.
#[pyclass(frozen, module = "neural_vault._native")]
pub struct Model {
    pub model: model::Model,
}

/// Scans as `neural_vault` hands them over.
#[derive(FromPyObject)]
enum Scans<'py> {
    /// Scans x frames x features.
    Array(PyReadonlyArray3<'py, f32>),
    /// Of several lengths, each frames x features.
    List(Vec<PyReadonlyArray2<'py, f32>>),
}

#[pymethods]
impl Model {
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let model = detach(py, || model::load(&path)).map_err(exception)?;
        warn(py, model.window_note())?;
        Ok(Self { model })
    }

    /// Writes the model's files into a folder; replaces files only where asked.
    fn save(&self, py: Python<'_>, folder: PathBuf, replace: bool) -> PyResult<()> {
        let write = if replace { model::Model::write } else { model::Model::write_new };
        detach(py, || write(&self.model, &folder)).map_err(exception)
    }

    #[getter]
    fn digest(&self) -> String {
        self.model.digest().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[getter]
    fn features(&self) -> usize {
        self.model.dims().features
    }

    #[getter]
    fn latent(&self) -> usize {
        self.model.dims().latent
    }

    #[getter]
    fn window(&self) -> usize {
        self.model.provenance().window
    }

    #[getter]
    fn max_window(&self) -> usize {
        self.model.dims().max_window()
    }

    #[getter]
    fn is_connectome(&self) -> bool {
        self.model.dims().is_connectome()
    }

    #[getter]
    fn recipe(&self) -> &str {
        self.model.provenance().recipe_name()
    }

    #[getter]
    fn labels(&self) -> &[String] {
        &self.model.provenance().labels
    }

    #[getter]
    fn sessions(&self) -> &[String] {
        &self.model.provenance().training_sessions
    }

    #[getter]
    fn weights(&self) -> String {
        self.model.format().name().to_owned()
    }

    /// The embeddings of scans: scans x latent.
    fn embed<'py>(
        &self,
        py: Python<'py>,
        scans: Scans<'py>,
        window: usize,
        threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let (features, slices): (usize, Vec<&[f32]>) = match &scans {
            Scans::Array(array) => {
                let shape = array.as_array().raw_dim();
                let (frames, features) = (shape[1], shape[2]);
                let values = array.as_slice()?;
                if frames == 0 || features == 0 {
                    return Err(PyValueError::new_err("a scan has no values"));
                }
                (features, values.chunks_exact(frames * features).collect())
            }
            Scans::List(list) => (width(list)?, list.iter().map(|scan| scan.as_slice()).collect::<Result<_, _>>()?),
        };
        let names: Vec<String> = (0..slices.len()).map(|scan| format!("scan {scan}")).collect();
        let frames = names.iter().zip(&slices).map(|(name, values)| Frames { name, values, features });
        let frames: Vec<Frames<'_>> = frames.collect();
        self.parts(py, &frames, threads, |embedder, part| embedder.embed(part, window))
    }

    /// The embeddings of recordings, in the order of label and session: scans x latent.
    fn embed_recordings<'py>(
        &self,
        py: Python<'py>,
        recordings: &Recordings,
        window: usize,
        threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let dataset = &recordings.dataset;
        self.parts(py, &recordings.scans, threads, |embedder, part| embedder.scans(dataset, part, window))
    }
}

impl Model {
    /// Embeds scans part by part without the interpreter's lock, so that Ctrl-C is heard between two parts.
    fn parts<'py, S: Sync>(
        &self,
        py: Python<'py>,
        scans: &[S],
        threads: Option<usize>,
        embed: impl Fn(&mut Embedder, &[S]) -> Result<Vec<Vec<f32>>, EmbeddingError> + Send + Sync,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let latent = self.model.dims().latent;
        let pool = pool(threads)?;
        let embeddings = detach(py, || {
            let mut interrupt = Interrupt::new();
            let mut embeddings: Vec<f32> = Vec::with_capacity(scans.len() * latent);
            for part in scans.chunks(SCANS.max(scans.len() / 100)) {
                // Opened where it works: an embedder stays on its thread. It shares the model's weights.
                let embed = || embed(&mut Embedder::open(&self.model, EmbeddingEngine::Core)?, part);
                let part = match &pool {
                    Some(pool) => pool.install(embed),
                    None => embed(),
                };
                embeddings.extend(part.map_err(exception)?.iter().flatten());
                if interrupt.is_raised() {
                    break;
                }
            }
            interrupt.into_result()?;
            Ok::<_, PyErr>(embeddings)
        })?;
        embeddings.into_pyarray(py).reshape([scans.len(), latent])
    }
}
