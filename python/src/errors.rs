//! Errors of the library as Python's exceptions, and its notes as warnings.

use std::error::Error;
use std::ffi::CString;
use std::io;

use neural_vault::engine::EngineError;
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyUserWarning, PyValueError};
use pyo3::prelude::*;

/// The exception of an error's kind, with its text: `OSError` where the operating system refused, `RuntimeError` where an
/// engine failed, and `ValueError` for input that cannot be used.
pub fn exception(error: impl Error + 'static) -> PyErr {
    let text = error.to_string();
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(error) = cause {
        if let Some(system) = error.downcast_ref::<io::Error>() {
            return match system.raw_os_error() {
                // Python picks FileNotFoundError and its like by the number.
                Some(number) => PyOSError::new_err((number, text)),
                None => io::Error::new(system.kind(), text).into(),
            };
        }
        if error.is::<EngineError>() {
            return PyRuntimeError::new_err(text);
        }
        cause = error.source();
    }
    PyValueError::new_err(text)
}

/// Warns of each note, at the line that called the package.
pub fn warn(py: Python<'_>, notes: impl IntoIterator<Item = impl ToString>) -> PyResult<()> {
    for note in notes {
        let text = CString::new(note.to_string().replace('\0', "\\0"))?;
        PyErr::warn(py, &py.get_type::<PyUserWarning>(), &text, caller(py)?)?;
    }
    Ok(())
}

/// The first frame outside the package, as `warnings.warn` counts them: 1 is the one that called the native module.
fn caller(py: Python<'_>) -> PyResult<i32> {
    let mut frame = py.import("sys")?.call_method1("_getframe", (0,))?;
    let mut level = 1;
    loop {
        let module: Option<String> = frame.getattr("f_globals")?.call_method1("get", ("__name__",))?.extract()?;
        let is_own = module.is_some_and(|name| name == "neural_vault" || name.starts_with("neural_vault."));
        let outer = frame.getattr("f_back")?;
        if !is_own || outer.is_none() {
            return Ok(level);
        }
        (frame, level) = (outer, level + 1);
    }
}
