//! The native module of the Python package `neural_vault`.
//!
//! The classes and functions here take NumPy arrays that `neural_vault` has brought to C-contiguous float32; what users see,
//! with its documentation, is in `py_src/neural_vault`. The interpreter's lock is released around all work.

mod enrolment;
mod errors;
mod evaluation;
mod interrupt;
mod metrics;
mod model;
mod recordings;
mod secret;
mod settings;
mod threads;
mod train;
mod weights;

use std::ffi::OsString;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    use super::*;

    #[pymodule_export]
    use super::enrolment::{Enrolment, archive};
    #[pymodule_export]
    use super::evaluation::{Evaluation, evaluate};
    #[pymodule_export]
    use super::metrics::{curve, dprime, eer, exact_intervals, roc_auc};
    #[pymodule_export]
    use super::model::Model;
    #[pymodule_export]
    use super::recordings::{Recordings, companions, files, files_read};
    #[pymodule_export]
    use super::secret::{load_secret, random_secret, save_secret};
    #[pymodule_export]
    use super::train::train;
    #[pymodule_export]
    use super::weights::{export, import_weights, model_from_bytes, model_to_bytes, state_dict};

    /// Runs the command line; returns its exit code.
    #[pyfunction]
    fn main(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
        threads::detach(py, || neural_vault::cli::run(arguments))
    }

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let environment = module.py().import("sys")?.getattr("prefix")?.extract()?;
        neural_vault::engine::runtime::set_python(environment);
        threads::init();
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
