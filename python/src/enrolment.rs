//! Enrolments: created, verified, and the keys that they release.

use std::path::{Path, PathBuf};

use neural_vault::dataset::{Dataset, window_notes};
use neural_vault::embedding::{Embedder, EmbeddingEngine, EmbeddingError, check_long_windows, check_width};
use neural_vault::enrolment::{
    self, Attempts, Chosen, EnrolError, EnrolNote, Identity, LEAST_FRAMES, PersonRequest, Policy, Probe, Request,
    Target, enrol, enrol_person,
};
use neural_vault::training::Archive;
use neural_vault_core::key::KeyBuffer;
use neural_vault_core::verify::Threshold;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors::{exception, warn};
use crate::model::Model;
use crate::recordings::Recordings;
use crate::secret::{device_secret, opened};
use crate::threads::detach;

/// An enrolment of the library.
#[pyclass(frozen, module = "neural_vault._native")]
pub struct Enrolment {
    record: enrolment::Enrolment,
}

/// Sessions to enrol, to choose the threshold and to test it.
#[derive(FromPyObject)]
struct Sessions(Vec<String>, Vec<String>, Vec<String>);

#[pymethods]
impl Enrolment {
    /// Enrols a label with a model that embeds windows.
    #[staticmethod]
    #[pyo3(signature = (model, recordings, label, sessions, *, window, windows, frozen, fmr, threshold))]
    #[allow(clippy::too_many_arguments)] // What an enrolment takes, by keyword.
    fn of_windows(
        py: Python<'_>,
        model: &Model,
        recordings: &Recordings,
        label: &str,
        sessions: Sessions,
        window: Option<usize>,
        windows: Option<u32>,
        frozen: bool,
        fmr: Option<f64>,
        threshold: Option<f32>,
    ) -> PyResult<Self> {
        let (model, dataset) = (&model.model, &*recordings.dataset);
        let Sessions(enrolled, development, probes) = &sessions;
        let request = Request {
            sessions: enrolled,
            development,
            probes,
            policy: Policy {
                window: u32::try_from(window.unwrap_or(model.provenance().window)).unwrap_or(u32::MAX),
                windows: windows.unwrap_or(0),
                centred: frozen,
            },
            target: target(fmr, Target::EqualErrorRate)?,
            threshold: cosine(threshold)?.map(Chosen::by_hand),
        };
        let record = detach(py, || {
            check_width(dataset, model.dims().features)?;
            let given = window.filter(|window| *window <= model.dims().max_window());
            check_long_windows(given.as_slice(), dataset)?;
            let mut embedder = Embedder::open(model, EmbeddingEngine::Core)?;
            enrol(&mut embedder, model, dataset, Identity::random(label), &request)
        });
        let record = record.map_err(|error: EnrolError| exception(error))?;
        warn(py, EnrolNote::of_windows(model, &[label.to_owned()], frozen))?;
        warn(py, model.provenance().spread_note(model.dims().latent))?;
        warn(py, window_notes(dataset, &request.scans(dataset), request.policy.window()))?;
        Ok(Self { record })
    }

    /// Enrols a person with a connectome model.
    #[staticmethod]
    #[pyo3(signature = (model, recordings, label, sessions, *, frames, least_frames, fmr, threshold, background))]
    #[allow(clippy::too_many_arguments)] // What an enrolment takes, by keyword.
    fn of_person(
        py: Python<'_>,
        model: &Model,
        recordings: &Recordings,
        label: &str,
        sessions: Sessions,
        frames: Option<usize>,
        least_frames: Option<usize>,
        fmr: Option<f64>,
        threshold: Option<f32>,
        background: Option<&Recordings>,
    ) -> PyResult<Self> {
        let (model, dataset) = (&model.model, &*recordings.dataset);
        let Sessions(enrolled, development, probes) = &sessions;
        let request = PersonRequest {
            sessions: enrolled,
            development,
            probes,
            frames: frames.unwrap_or(model.provenance().window),
            least: least_frames.unwrap_or(LEAST_FRAMES),
            target: target(fmr, Target::Midway)?,
            threshold: cosine(threshold)?,
            background: background.map(|background| &*background.dataset),
        };
        let record = detach(py, || {
            let mut embedder = Embedder::open(model, EmbeddingEngine::Core)?;
            enrol_person(&mut embedder, model, dataset, Identity::random(label), &request)
        });
        let record = record.map_err(|error: EnrolError| exception(error))?;
        warn(py, EnrolNote::of_persons(model, request.frames, request.least))?;
        let known = &model.provenance().labels;
        if background.is_none() && !dataset.labels.iter().any(|other| other != label && !known.contains(other)) {
            warn(py, [EnrolNote::NobodyTries])?;
        }
        Ok(Self { record })
    }

    /// Reads an enrolment that was made with a model.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf, model: &Model) -> PyResult<Self> {
        let record = detach(py, || enrolment::Enrolment::read(&path)).map_err(exception)?;
        let model = &model.model;
        record.check_model(&path, model.digest(), model.dims().latent).map_err(exception)?;
        Ok(Self { record })
    }

    /// Writes the enrolment, and forgets the attempts of an earlier one under this name.
    fn save(&self, py: Python<'_>, path: PathBuf, replace: bool) -> PyResult<()> {
        detach(py, || {
            let write = if replace { enrolment::Enrolment::write } else { enrolment::Enrolment::write_new };
            write(&self.record, &path).map_err(exception)?;
            Attempts::forget(&path).map_err(exception)
        })
    }

    #[getter]
    fn label(&self) -> &str {
        &self.record.label
    }

    #[getter]
    fn threshold(&self) -> f32 {
        self.record.threshold.cosine()
    }

    /// All that the enrolment holds but its prototype, as JSON.
    fn describe(&self) -> String {
        self.record.describe().to_string()
    }

    /// Attempts left beside the file of the enrolment.
    fn attempts_left(&self, file: PathBuf) -> PyResult<u32> {
        self.record.attempts_left(&file).map_err(exception)
    }

    /// Whether the only scan of the recordings is accepted.
    fn verify(&self, py: Python<'_>, model: &Model, recordings: &Recordings) -> PyResult<bool> {
        let (embedding, threshold) = self.embed(py, model, &recordings.dataset)?;
        self.record.accepts(&embedding, threshold).map_err(exception)
    }

    /// Counts an attempt, and fills `key` where the only scan of the recordings is accepted.
    ///
    /// Returns whether it was accepted, whether it was compared, and the attempts left.
    #[allow(clippy::too_many_arguments)] // A probe, what its key is bound to, and where the key goes.
    fn derive(
        &self,
        py: Python<'_>,
        model: &Model,
        recordings: &Recordings,
        file: PathBuf,
        secret: &Bound<'_, PyAny>,
        context: &[u8],
        key: &Bound<'_, PyAny>,
    ) -> PyResult<(bool, bool, u32)> {
        let secret = device_secret(py, secret)?;
        let released = opened(key)?;
        let (embedding, threshold) = self.embed(py, model, &recordings.dataset)?;
        let mut buffer = KeyBuffer::empty();
        let file: &Path = &file;
        let answer = detach(py, || self.record.derive(file, (&embedding, threshold), &secret, context, &mut buffer));
        let answer = answer.map_err(exception)?;
        if let Some(key) = answer.key {
            released.copy_from_slice(py, key.expose_secret())?;
        }
        Ok((answer.key.is_some(), answer.compared, answer.attempts_left))
    }
}

impl Enrolment {
    /// The embedding of the part of the only scan that is compared, and the threshold of its length.
    fn embed(&self, py: Python<'_>, model: &Model, dataset: &Dataset) -> PyResult<(Vec<f32>, Threshold)> {
        let scans = dataset.scans();
        let [scan] = scans.as_slice() else {
            return Err(PyValueError::new_err(format!("one scan is verified, not {}", scans.len())));
        };
        check_width(dataset, model.model.dims().features).map_err(exception)?;
        let probe = self.record.probe(dataset, scan).map_err(exception)?;
        warn(py, probe.note())?;
        let Probe { scan, window, threshold, .. } = probe;
        let scan = [scan];
        let embedding = detach(py, || -> Result<_, EmbeddingError> {
            Ok(Embedder::open(&model.model, EmbeddingEngine::Core)?.scans(dataset, &scan, window)?.swap_remove(0))
        });
        let embedding = embedding.map_err(exception)?;
        if !self.record.is_whole {
            warn(py, window_notes(dataset, &scan, window))?;
        }
        Ok((embedding, threshold))
    }
}

/// The recordings that trained a model, from the archive in its folder.
#[pyfunction]
pub fn archive(py: Python<'_>, folder: PathBuf, model: &Model) -> PyResult<Recordings> {
    let archive = detach(py, || Archive::read(&folder, *model.model.digest())).map_err(exception)?;
    Ok(Recordings::new(archive.dataset, Vec::new()))
}

fn target(rate: Option<f64>, usual: Target) -> PyResult<Target> {
    rate.map_or(Ok(usual), |rate| Target::false_match_rate(rate).map_err(exception))
}

fn cosine(threshold: Option<f32>) -> PyResult<Option<Threshold>> {
    threshold.map(Threshold::new).transpose().map_err(exception)
}
