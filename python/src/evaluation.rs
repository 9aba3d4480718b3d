//! Evaluations: run, kept as the document that the command line writes, and shown.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use neural_vault::connectome::Parcels;
use neural_vault::dataset::Dataset;
use neural_vault::evaluation::date;
use neural_vault::evaluation::error::EvaluationError;
use neural_vault::evaluation::evaluate::{Evaluated, evaluate as evaluate_protocol};
use neural_vault::evaluation::methods::{METHODS, Method};
use neural_vault::evaluation::plan::Plan;
use neural_vault::evaluation::progress::Progress;
use neural_vault::evaluation::protocols::{PROTOCOLS, Protocol};
use neural_vault::evaluation::request::Request;
use neural_vault::evaluation::summary::{Made, summarise};
use neural_vault::evaluation::table::table;
use neural_vault::report::{self, write_scores};
use neural_vault::results::{self, NamedSessions, ProtocolResult, Results};
use neural_vault::training::background;
use neural_vault_core::encoder::WeightFormat;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rayon::ThreadPoolBuilder;

use crate::errors::{exception, warn};
use crate::interrupt::Interrupt;
use crate::model::Model;
use crate::recordings::Recordings;
use crate::settings::{self, RegionSource, Settings, failed};
use crate::threads::detach;

/// The longest time between two questions to Python, whether Ctrl-C was pressed.
const EVERY: Duration = Duration::from_millis(100);

/// The results of an evaluation, with all their scores.
#[pyclass(frozen, module = "neural_vault._native")]
pub struct Evaluation {
    results: Results,
}

/// What is asked of an evaluation: a dictionary with all of these names, `None` for the default.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Asked {
    protocols: Vec<String>,
    methods: Vec<String>,
    weights: Vec<String>,
    training_sessions: Vec<String>,
    enrol_sessions: Vec<String>,
    probe_sessions: Vec<String>,
    probe_windows: Vec<usize>,
    frames: Vec<usize>,
    evaluated_persons: Option<usize>,
    draws: Option<usize>,
    parcels: Option<RegionSource>,
    recipe: String,
    settings: Settings,
    engine: String,
    seed: u64,
    seeds: u64,
    replicates: usize,
    sweeps: bool,
}

/// Evaluates recordings; `progress` is called with the protocol, the stage, its parts that are done, and all its parts.
#[pyfunction]
#[pyo3(signature = (recordings, asked, model, background, threads, progress))]
pub fn evaluate(
    py: Python<'_>,
    recordings: &Recordings,
    asked: Asked,
    model: Option<&Model>,
    background: Vec<Bound<'_, Recordings>>,
    threads: Option<usize>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Evaluation> {
    let created = date::now().map_err(exception)?;
    let dataset = &*recordings.dataset;
    let others: Vec<Dataset> = background.iter().map(|others| Dataset::clone(&others.get().dataset)).collect();
    let request = asked.request(py, dataset, model, others)?;
    let protocols = request.protocols();
    let (plan, notes) = detach(py, || request.plan(dataset).map_err(refused))?;
    warn(py, notes)?;
    let evaluated = detach(py, || watched(dataset, &protocols, &plan, threads, progress.as_ref()))?;
    warn(py, evaluated.iter().flat_map(|one| &one.notes))?;
    let made = Made { created, files: recordings.files.clone(), settings: plan.settings(&protocols, None) };
    let results = detach(py, || summarise(dataset, made, evaluated)).map_err(exception)?;
    Ok(Evaluation { results })
}

#[pymethods]
impl Evaluation {
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let results = detach(py, || results::read(&path)).map_err(exception)?;
        Ok(Self { results })
    }

    /// The document as JSON, with very long lists of scores shortened.
    fn json(&self, py: Python<'_>) -> PyResult<String> {
        detach(py, || self.document().to_json()).map_err(exception)
    }

    /// The report as a page.
    fn html(&self, py: Python<'_>) -> String {
        detach(py, || report::html(&self.document()))
    }

    /// Every score as CSV.
    fn scores(&self, py: Python<'_>) -> PyResult<Vec<u8>> {
        let mut text = Vec::new();
        detach(py, || write_scores(&self.results, &mut text)).map_err(exception)?;
        Ok(text)
    }

    /// Genuine and impostor trials of each method of each protocol; a long list of scores is shortened in the document.
    fn trials(&self) -> Vec<Vec<(usize, usize)>> {
        let of_protocol =
            |protocol: &ProtocolResult| protocol.methods.iter().map(|method| method.trials().into()).collect();
        self.results.protocols.iter().map(of_protocol).collect()
    }

    /// The figures as text, one table a protocol.
    fn tables(&self) -> Vec<String> {
        self.results.protocols.iter().map(table).collect()
    }

    /// Writes the document; replaces a file only where asked.
    fn save(&self, py: Python<'_>, path: PathBuf, replace: bool) -> PyResult<()> {
        let write = if replace { Results::write } else { Results::write_new };
        detach(py, || write(&self.document(), &path)).map_err(exception)
    }

    /// Writes the report; replaces a file only where asked.
    fn save_report(&self, py: Python<'_>, path: PathBuf, replace: bool) -> PyResult<()> {
        let write = if replace { report::write } else { report::write_new };
        detach(py, || write(&self.document(), &path)).map_err(exception)
    }
}

impl Evaluation {
    fn document(&self) -> Results {
        let mut results = self.results.clone();
        results.thin();
        results
    }
}

impl Asked {
    fn request(
        self,
        py: Python<'_>,
        dataset: &Dataset,
        model: Option<&Model>,
        others: Vec<Dataset>,
    ) -> PyResult<Request> {
        let overrides = self.settings.read(py)?;
        overrides.check_windows(dataset).map_err(failed)?;
        let parcels: Option<Parcels> = self.parcels.map(|source| source.read(py)).transpose()?;
        let background = if others.is_empty() { None } else { Some(background(others).map_err(failed)?) };
        Ok(Request {
            protocols: named("protocol", &self.protocols, PROTOCOLS, |protocol: &&'static dyn Protocol| {
                protocol.name()
            })?,
            methods: named("method", &self.methods, METHODS, |method: &&'static dyn Method| method.argument())?,
            weights: named("weights", &self.weights, &WeightFormat::ALL, |format| format.name())?,
            sessions: NamedSessions {
                training: self.training_sessions,
                enrolment: self.enrol_sessions,
                probes: self.probe_sessions,
            },
            windows: self.probe_windows,
            lengths: self.frames,
            evaluated_persons: self.evaluated_persons,
            draws: self.draws,
            model: model.map(|model| model.model.clone()),
            recipe: settings::recipe(&self.recipe, overrides, self.seed)?,
            seed: self.seed,
            seeds: self.seeds,
            background,
            parcels,
            engine: settings::engine(&self.engine, "cpu")?,
            replicates: self.replicates,
            sweeps: self.sweeps,
        })
    }
}

/// Evaluates on threads of its own, while this one, which Python called, passes progress on and asks for Ctrl-C.
fn watched(
    dataset: &Dataset,
    protocols: &[&'static dyn Protocol],
    plan: &Plan,
    threads: Option<usize>,
    progress: Option<&Py<PyAny>>,
) -> PyResult<Vec<Evaluated>> {
    let pool = ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).build();
    let pool = pool.map_err(|error| PyValueError::new_err(error.to_string()))?;
    let stop = AtomicBool::new(false);
    let (told, heard) = mpsc::channel();
    thread::scope(|scope| {
        let stop = &stop;
        let evaluation = scope.spawn(move || {
            let each = |protocol: &&'static dyn Protocol| {
                let watch = |progress: Progress<'_>| {
                    if let Progress::Doing { what, done, total } = progress {
                        // Nobody listens where Python has stopped it.
                        let _ = told.send((protocol.name(), what.to_owned(), done, total));
                    }
                    if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                };
                evaluate_protocol(dataset, *protocol, plan, &watch).map_err(refused)
            };
            pool.install(|| protocols.iter().map(each).collect::<PyResult<Vec<_>>>())
        });
        let mut interrupt = Interrupt::new();
        let mut raised = None;
        // The evaluation's end drops the sender.
        loop {
            match heard.recv_timeout(EVERY) {
                Err(RecvTimeoutError::Disconnected) => break,
                Ok(done) if raised.is_none() => {
                    if let Some(progress) = progress {
                        raised = Python::attach(|py| progress.call1(py, done)).err();
                    }
                }
                _ => {}
            }
            if raised.is_some() || interrupt.is_raised() {
                stop.store(true, Ordering::Relaxed);
            }
        }
        let evaluated = evaluation.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        raised.map_or(Ok(()), Err)?;
        interrupt.into_result()?;
        Ok(evaluated?.into_iter().flatten().collect())
    })
}

/// An error of an evaluation, with settings named as Python names them.
fn refused(error: EvaluationError) -> PyErr {
    match error {
        EvaluationError::Training(error) => failed(error),
        error => exception(error),
    }
}

/// The values of these names.
fn named<T: Copy>(what: &str, names: &[String], all: &[T], name: impl Fn(&T) -> &'static str) -> PyResult<Vec<T>> {
    let find = |wanted: &String| {
        all.iter().copied().find(|one| name(one) == wanted).ok_or_else(|| {
            let known: Vec<&str> = all.iter().map(&name).collect();
            PyValueError::new_err(format!("{what} {wanted:?} is none of {}", known.join(", ")))
        })
    };
    names.iter().map(find).collect()
}
