//! Engines that run a graph: ONNX Runtime and tract.
//!
//! Both take the same [`ModelProto`] and the same named feeds, so that training, embedding and the tests can compare
//! them. ONNX Runtime is fastest and is loaded at run time from a library file; tract is pure Rust and always there.

mod onnxruntime;
pub mod runtime;
mod tract;

use std::path::PathBuf;

use tract_onnx::pb::ModelProto;

pub use runtime::RuntimeError;

/// Which engine runs a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// ONNX Runtime, on the given device.
    OnnxRuntime(Device),
    /// tract, on the processor.
    Tract,
}

/// Where ONNX Runtime computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// The processor.
    Cpu,
    /// The first NVIDIA GPU.
    Cuda,
}

/// One input of a run, row-major.
#[derive(Clone, Copy)]
pub struct Feed<'a> {
    /// The graph input's name.
    pub name: &'a str,
    /// Its shape.
    pub shape: &'a [usize],
    /// Its elements.
    pub data: Data<'a>,
}

/// The elements of a [`Feed`].
#[derive(Clone, Copy)]
pub enum Data<'a> {
    /// 32-bit floats.
    F32(&'a [f32]),
    /// 64-bit integers: row indices.
    I64(&'a [i64]),
}

/// A graph that is ready to run.
pub trait Session {
    /// Runs the graph.
    ///
    /// # Errors
    /// When the engine refuses the feeds or fails while it computes.
    fn run<'s>(&'s mut self, feeds: &[Feed<'_>]) -> Result<Box<dyn Outputs + 's>, EngineError>;
}

/// What a run left, in the engine's own memory.
pub trait Outputs {
    /// The elements of the graph's output number `index`, row-major.
    ///
    /// # Errors
    /// When the graph has no such output, or it does not hold floats.
    fn output(&self, index: usize) -> Result<&[f32], EngineError>;
}

/// Why an engine could not be had, or failed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No library file was found.
    #[error(transparent)]
    Missing(#[from] RuntimeError),
    /// The library file cannot be used.
    #[error("{}: {reason}; `neural-vault runtime install` fetches version {}", path.display(), runtime::VERSION)]
    Unusable {
        /// The library file.
        path: PathBuf,
        /// What the loader said.
        reason: String,
    },
    /// CUDA was asked for and is not to be had.
    #[error(
        "no usable CUDA provider: {reason}; `neural-vault runtime install --cuda` fetches the CUDA library, and the \
         NVIDIA driver, CUDA 13 and cuDNN 9 must be on this machine; or choose `--device cpu`"
    )]
    NoCuda {
        /// What is missing.
        reason: String,
    },
    /// The engine failed on a graph it had accepted.
    #[error("{engine} failed: {reason}")]
    Failed {
        /// The engine's name.
        engine: &'static str,
        /// What it said.
        reason: String,
    },
}

impl EngineError {
    /// Whether the engine itself is not available, rather than a graph having failed on it.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        !matches!(self, EngineError::Failed { .. })
    }
}

impl Engine {
    /// ONNX Runtime on the processor when its library is found and loads, tract otherwise.
    ///
    /// The note says why tract was taken.
    #[must_use]
    pub fn auto() -> (Engine, Option<String>) {
        match onnxruntime::environment() {
            Ok(_) => (Engine::OnnxRuntime(Device::Cpu), None),
            Err(error) => (Engine::Tract, Some(error.to_string())),
        }
    }

    /// The engine's name, as the command line spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Engine::OnnxRuntime(Device::Cpu) => "onnxruntime",
            Engine::OnnxRuntime(Device::Cuda) => "onnxruntime (CUDA)",
            Engine::Tract => "tract",
        }
    }

    /// Whether this engine can be used here and now.
    ///
    /// # Errors
    /// What is missing.
    pub fn probe(self) -> Result<(), EngineError> {
        match self {
            Engine::OnnxRuntime(device) => onnxruntime::probe(device).map(|_| ()),
            Engine::Tract => Ok(()),
        }
    }

    /// Prepares `model` to run on this engine with `threads` threads (tract always uses one).
    ///
    /// # Errors
    /// When the engine is not available, or refuses the graph.
    pub fn open(self, model: &ModelProto, threads: usize) -> Result<Box<dyn Session>, EngineError> {
        Ok(match self {
            Engine::OnnxRuntime(device) => Box::new(onnxruntime::OnnxRuntimeSession::open(model, device, threads)?),
            Engine::Tract => Box::new(tract::TractSession::open(model)?),
        })
    }
}
