//! Recordings: a dataset of the library.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use neural_vault::dataset::{
    self, Dataset, DatasetError, EventTable, Input, LabelledFrames, LabelledScan, LoadOptions, Scan, Timesteps,
};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;

use crate::errors::{exception, warn};
use crate::threads::detach;

/// A file or folder, the label and session given to it, and the folder that the file is a part of.
type Place = (PathBuf, Option<String>, Option<String>, Option<PathBuf>);

/// Labelled recordings in memory.
#[pyclass(frozen, module = "neural_vault._native")]
pub struct Recordings {
    pub dataset: Arc<Dataset>,
    /// The scans of the dataset, listed once.
    pub scans: Vec<Scan>,
    /// Names of the files and folders that they were read from; none of recordings made of arrays.
    pub files: Vec<String>,
}

impl Recordings {
    /// A dataset, and the names of the files that it was read from.
    pub fn new(dataset: Dataset, files: Vec<String>) -> Self {
        Self { scans: dataset.scans(), dataset: Arc::new(dataset), files }
    }

    /// As [`Recordings::new`], with a warning of each note on the dataset.
    fn with_warnings(py: Python<'_>, dataset: Dataset, files: Vec<String>) -> PyResult<Self> {
        warn(py, &dataset.notes)?;
        Ok(Self::new(dataset, files))
    }
}

#[pymethods]
impl Recordings {
    #[staticmethod]
    #[pyo3(signature = (inputs, *, label_column=None, width=None, mask=None, events=None, use_events=true, frame_seconds=None, lag=0.0))]
    #[allow(clippy::too_many_arguments)] // The options of a reader, by keyword.
    fn load(
        py: Python<'_>,
        inputs: Vec<Place>,
        label_column: Option<String>,
        width: Option<usize>,
        mask: Option<PathBuf>,
        events: Option<PathBuf>,
        use_events: bool,
        frame_seconds: Option<f64>,
        lag: f64,
    ) -> PyResult<Self> {
        let events = event_table(events, use_events);
        let options = LoadOptions { label_column, width, mask, events, frame_seconds, lag };
        let inputs: Vec<Input> = inputs.into_iter().map(input).collect();
        let dataset = detach(py, || dataset::load(&inputs, &options)).map_err(exception)?;
        Self::with_warnings(py, dataset, inputs.iter().map(Input::name).collect())
    }

    #[staticmethod]
    #[pyo3(signature = (frames, labels, sessions, timesteps=None, times=None))]
    fn from_frames(
        py: Python<'_>,
        frames: PyReadonlyArray2<'_, f32>,
        labels: Vec<String>,
        sessions: Vec<String>,
        timesteps: Option<PyReadonlyArray1<'_, i64>>,
        times: Option<PyReadonlyArray1<'_, f64>>,
    ) -> PyResult<Self> {
        let features = frames.as_array().ncols();
        let whole = |timesteps: PyReadonlyArray1<'_, i64>| Timesteps::Whole(timesteps.as_array().to_vec());
        let timesteps = timesteps.map(whole).or(times.map(|times| Timesteps::Times(times.as_array().to_vec())));
        let values = frames.as_slice()?;
        let dataset = detach(py, || {
            let values = values.to_vec();
            Dataset::from_frames(LabelledFrames {
                origin: "frames".into(),
                values,
                features,
                labels,
                sessions,
                timesteps,
            })
        });
        Self::with_warnings(py, dataset.map_err(exception)?, Vec::new())
    }

    #[staticmethod]
    fn from_scans(
        py: Python<'_>,
        scans: Vec<PyReadonlyArray2<'_, f32>>,
        labels: Vec<String>,
        sessions: Vec<String>,
    ) -> PyResult<Self> {
        if labels.len() != scans.len() || sessions.len() != scans.len() {
            let (scans, labels, sessions) = (scans.len(), labels.len(), sessions.len());
            return Err(PyValueError::new_err(format!("{scans} scans, {labels} labels and {sessions} sessions")));
        }
        let features = width(&scans)?;
        let slices: Vec<&[f32]> = scans.iter().map(|scan| scan.as_slice()).collect::<Result<_, _>>()?;
        let dataset = detach(py, || {
            let names = labels.iter().zip(&sessions);
            let scans = slices.into_iter().zip(names);
            let scans = scans.map(|(values, (label, session))| LabelledScan { label, session, values });
            let scans: Vec<LabelledScan<'_>> = scans.collect();
            Dataset::from_scans("scans".as_ref(), features, &scans)
        });
        Self::with_warnings(py, dataset.map_err(exception)?, Vec::new())
    }

    #[getter]
    fn labels(&self) -> &[String] {
        &self.dataset.labels
    }

    #[getter]
    fn sessions(&self) -> &[String] {
        &self.dataset.sessions
    }

    #[getter]
    fn features(&self) -> usize {
        self.dataset.features
    }

    #[getter]
    fn frames(&self) -> usize {
        self.dataset.rows.len()
    }

    #[getter]
    fn origin(&self) -> String {
        self.dataset.origin.display().to_string()
    }

    #[getter]
    fn notes(&self) -> &[String] {
        &self.dataset.notes
    }

    /// Label and session of each scan, by number, and its frames.
    fn scans(&self) -> Vec<(u32, u32, usize)> {
        self.scans.iter().map(|scan| (scan.label, scan.session, scan.rows.len())).collect()
    }

    #[getter]
    fn count(&self) -> usize {
        self.scans.len()
    }

    /// Label, session and frames of a scan; the frames are copied.
    fn scan<'py>(&self, py: Python<'py>, index: usize) -> PyResult<(&str, &str, Bound<'py, PyArray2<f32>>)> {
        let dataset = &self.dataset;
        let scan = self.scans.get(index).ok_or_else(|| PyIndexError::new_err("there is no such scan"))?;
        let values = dataset.scan_values(scan).to_vec().into_pyarray(py);
        let frames = values.reshape([scan.rows.len(), dataset.features])?;
        Ok((&dataset.labels[scan.label as usize], &dataset.sessions[scan.session as usize], frames))
    }

    /// All frames, copied: frames x features.
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let values = detach(py, || self.dataset.values.clone());
        values.into_pyarray(py).reshape([self.dataset.rows.len(), self.dataset.features])
    }

    /// Numbers of the label and the session of each frame, and its timestep.
    #[allow(clippy::type_complexity)] // Three arrays of one length.
    fn rows<'py>(
        &self,
        py: Python<'py>,
    ) -> (Bound<'py, PyArray1<u32>>, Bound<'py, PyArray1<u32>>, Bound<'py, PyArray1<i64>>) {
        let rows = &self.dataset.rows;
        (
            rows.iter().map(|row| row.label).collect::<Vec<_>>().into_pyarray(py),
            rows.iter().map(|row| row.session).collect::<Vec<_>>().into_pyarray(py),
            rows.iter().map(|row| row.timestep).collect::<Vec<_>>().into_pyarray(py),
        )
    }

    #[pyo3(signature = (labels=None, sessions=None))]
    fn select(&self, py: Python<'_>, labels: Option<Vec<String>>, sessions: Option<Vec<String>>) -> PyResult<Self> {
        let selected = detach(py, || -> Result<Dataset, DatasetError> {
            let mut selected = match sessions {
                Some(sessions) => self.dataset.restrict_sessions(&sessions)?,
                None => Dataset::clone(&self.dataset),
            };
            if let Some(labels) = labels {
                selected = selected.restrict_labels(&labels)?;
            }
            Ok(selected)
        });
        Ok(Self::new(selected.map_err(exception)?, self.files.clone()))
    }

    /// Writes the recordings in the format of the path's ending; replaces a file only where asked.
    fn save(&self, py: Python<'_>, path: PathBuf, replace: bool) -> PyResult<()> {
        let write = if replace { dataset::write } else { dataset::write_new };
        detach(py, || write(&self.dataset, &path)).map_err(exception)
    }
}

/// The files of a folder that `Recordings.load` reads.
#[pyfunction]
pub fn files(py: Python<'_>, folder: PathBuf) -> PyResult<Vec<PathBuf>> {
    let (files, notes) = detach(py, || dataset::files(&folder)).map_err(exception)?;
    warn(py, notes)?;
    Ok(files.iter().filter_map(|file| file.path().map(Path::to_owned)).collect())
}

/// The files that are read together with one, whether they exist or not.
#[pyfunction]
pub fn companions(path: PathBuf) -> Vec<PathBuf> {
    dataset::companions(&path)
}

/// All files that `Recordings.load` reads for one: also what belongs to it by its name, and the mask.
#[pyfunction]
#[pyo3(signature = (path, label=None, *, mask=None, events=None, use_events=true, frame_seconds=None))]
pub fn files_read(
    py: Python<'_>,
    path: PathBuf,
    label: Option<String>,
    mask: Option<PathBuf>,
    events: Option<PathBuf>,
    use_events: bool,
    frame_seconds: Option<f64>,
) -> PyResult<Vec<PathBuf>> {
    let options =
        LoadOptions { mask, events: event_table(events, use_events), frame_seconds, ..LoadOptions::default() };
    let input = Input { label, ..Input::from(path) };
    detach(py, || dataset::files_read(&input, &options)).map_err(exception)
}

fn input((path, label, session, folder): Place) -> Input {
    Input { label, session, folder, ..Input::from(path) }
}

fn event_table(path: Option<PathBuf>, use_events: bool) -> EventTable {
    match (path, use_events) {
        (Some(path), _) => EventTable::At(path),
        (None, true) => EventTable::Beside,
        (None, false) => EventTable::Ignored,
    }
}

/// The number of features of scans, which they must share.
pub fn width(scans: &[PyReadonlyArray2<'_, f32>]) -> PyResult<usize> {
    let widths = || scans.iter().map(|scan| scan.as_array().ncols());
    let Some(first) = widths().next() else {
        return Err(PyValueError::new_err("there are no scans"));
    };
    match widths().enumerate().find(|(_, width)| *width != first) {
        None => Ok(first),
        Some((scan, width)) => Err(PyValueError::new_err(format!(
            "scan {scan} has frames of {width} features, scan 0 of {first}; give scans of one width together"
        ))),
    }
}
