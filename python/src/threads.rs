//! The threads that the library works on.

use std::process;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// The process that imported the module, whose threads are rayon's own.
static IMPORTED_BY: OnceLock<u32> = OnceLock::new();
/// The threads of a process that was forked from it.
static FORKED: Mutex<Option<(u32, Arc<ThreadPool>)>> = Mutex::new(None);

/// Remembers the process that imports the module.
pub fn init() {
    IMPORTED_BY.get_or_init(process::id);
}

/// Works without the interpreter's lock.
///
/// A fork copies no threads, so a child that left its work to those of rayon would wait for ever. It works on threads of its
/// own, as the children of `multiprocessing` on Linux do.
pub fn detach<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> T {
    py.detach(|| match IMPORTED_BY.get() {
        Some(&process) if process != process::id() => forked().install(work),
        _ => work(),
    })
}

/// Threads of their own where their number is given, else those of the process.
pub fn pool(threads: Option<usize>) -> PyResult<Option<ThreadPool>> {
    let build = |count| ThreadPoolBuilder::new().num_threads(count).build();
    threads.map(build).transpose().map_err(|error| PyValueError::new_err(error.to_string()))
}

#[allow(clippy::expect_used)] // As rayon does where it cannot start its threads.
fn forked() -> Arc<ThreadPool> {
    let mut forked = FORKED.lock().unwrap_or_else(PoisonError::into_inner);
    match &*forked {
        Some((process, pool)) if *process == process::id() => Arc::clone(pool),
        _ => {
            let pool = Arc::new(ThreadPoolBuilder::new().build().expect("threads can be started"));
            *forked = Some((process::id(), Arc::clone(&pool)));
            pool
        }
    }
}
