//! Secrets in buffers of Python, which are cleared there; what is copied here is zeroised.

use std::path::PathBuf;

use neural_vault::secret::{self, SecretError};
use neural_vault_core::key::DeviceSecret;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::errors::{exception, warn};

/// Bytes of a secret and of a key.
const LENGTH: usize = 32;

/// Fills a buffer with a secret from the system's generator.
#[pyfunction]
pub fn random_secret(py: Python<'_>, buffer: &Bound<'_, PyAny>) -> PyResult<()> {
    let buffer = opened(buffer)?;
    secret::random(|secret| buffer.copy_from_slice(py, secret))
}

/// Fills a buffer with the secret of a file; warns where others than its owner can read the file.
#[pyfunction]
pub fn load_secret(py: Python<'_>, path: PathBuf, buffer: &Bound<'_, PyAny>) -> PyResult<()> {
    let buffer = opened(buffer)?;
    secret::read(&path, |secret| buffer.copy_from_slice(py, secret))
        .map_err(|error: SecretError| exception(error))??;
    warn(py, secret::exposure(&path))
}

/// Writes a secret to a file that its owner alone can read; replaces one only where asked.
#[pyfunction]
pub fn save_secret(py: Python<'_>, path: PathBuf, buffer: &Bound<'_, PyAny>, replace: bool) -> PyResult<()> {
    let secret = device_secret(py, buffer)?;
    let write = if replace { secret::write } else { secret::write_new };
    write(&path, secret.expose_secret()).map_err(exception)
}

/// The secret in a buffer.
pub fn device_secret(py: Python<'_>, buffer: &Bound<'_, PyAny>) -> PyResult<DeviceSecret> {
    let buffer = opened(buffer)?;
    let mut bytes = zeroize::Zeroizing::new([0; LENGTH]);
    buffer.copy_to_slice(py, &mut *bytes)?;
    Ok(DeviceSecret::from_bytes(&bytes))
}

/// A buffer of as many bytes as a secret has.
pub fn opened(buffer: &Bound<'_, PyAny>) -> PyResult<PyBuffer<u8>> {
    let kind = || PyTypeError::new_err(format!("a secret is {LENGTH} bytes, not {}", buffer.get_type()));
    let opened = PyBuffer::<u8>::get(buffer).map_err(|_| kind())?;
    match opened.item_count() {
        LENGTH => Ok(opened),
        given => Err(PyValueError::new_err(format!("a secret has {LENGTH} bytes, not {given}"))),
    }
}
