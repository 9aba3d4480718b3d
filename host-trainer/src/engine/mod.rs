//! Engines that run a graph: ONNX Runtime and tract.
//!
//! Both take the same [`ModelProto`] and the same named feeds, so that training, embedding and the tests can compare
//! them. ONNX Runtime is fastest and is loaded at run time from a library file; tract is pure Rust and linked. Each is a
//! feature of this crate: `onnxruntime` and `tract`.

#[cfg(feature = "onnxruntime")]
mod onnxruntime;
mod placement;
#[cfg(feature = "onnxruntime")]
pub mod runtime;
#[cfg(feature = "tract")]
mod tract;

use crate::graph::messages::ModelProto;

pub use placement::Placement;
#[cfg(feature = "onnxruntime")]
pub use runtime::RuntimeError;

/// Which engine runs a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// ONNX Runtime, on the given device.
    #[cfg(feature = "onnxruntime")]
    OnnxRuntime(Device),
    /// tract, on the processor.
    #[cfg(feature = "tract")]
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
#[derive(Clone, Copy, Debug)]
pub struct Feed<'a> {
    /// The graph input's name.
    pub name: &'a str,
    /// Its shape.
    pub shape: &'a [usize],
    /// Its elements.
    pub data: Data<'a>,
}

/// The elements of a [`Feed`].
#[derive(Clone, Copy, Debug)]
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

    /// Where the nodes of the graph run; `None` on an engine that uses the processor alone.
    fn placement(&self) -> Option<&Placement> {
        None
    }
}

/// The results of a run, in the engine's own memory.
pub trait Outputs {
    /// The elements of the graph's output number `index`, row-major.
    ///
    /// # Errors
    /// When the graph has no such output, or it does not hold floats.
    fn output(&self, index: usize) -> Result<&[f32], EngineError>;
}

/// Why an engine is not available, or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// No library file was found.
    #[cfg(feature = "onnxruntime")]
    #[error(transparent)]
    Missing(#[from] RuntimeError),
    /// The library file cannot be used.
    #[cfg(feature = "onnxruntime")]
    #[error("{}: {reason}", path.display())]
    Unusable {
        /// The library file.
        path: std::path::PathBuf,
        /// The loader's message.
        reason: String,
    },
    /// CUDA was requested and is not available.
    #[cfg(feature = "onnxruntime")]
    #[error("no usable CUDA provider: {reason}")]
    NoCuda {
        /// What is missing.
        reason: String,
    },
    /// The engine failed on a graph it had accepted.
    #[error("{engine} failed: {reason}")]
    Failed {
        /// The engine's name.
        engine: &'static str,
        /// The engine's message.
        reason: String,
    },
}

impl Engine {
    /// ONNX Runtime on the processor when its library is found and loads; otherwise tract, with the reason.
    #[cfg(all(feature = "onnxruntime", feature = "tract"))]
    #[must_use]
    pub fn auto() -> (Engine, Option<EngineError>) {
        match onnxruntime::environment() {
            Ok(_) => (Engine::OnnxRuntime(Device::Cpu), None),
            Err(error) => (Engine::Tract, Some(error)),
        }
    }

    /// The engine's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "onnxruntime")]
            Engine::OnnxRuntime(Device::Cpu) => "onnxruntime",
            #[cfg(feature = "onnxruntime")]
            Engine::OnnxRuntime(Device::Cuda) => "onnxruntime (CUDA)",
            #[cfg(feature = "tract")]
            Engine::Tract => "tract",
        }
    }

    /// Checks that this engine can be used on this machine; for CUDA, that its libraries load and that there is a GPU.
    ///
    /// # Errors
    /// When something is missing; the error names it.
    pub fn probe(self) -> Result<(), EngineError> {
        match self {
            #[cfg(feature = "onnxruntime")]
            Engine::OnnxRuntime(device) => onnxruntime::probe(device),
            #[cfg(feature = "tract")]
            Engine::Tract => Ok(()),
        }
    }

    /// Prepares `model` to run on this engine with `threads` threads (tract always uses one).
    ///
    /// # Errors
    /// When the engine is not available, or refuses the graph.
    #[cfg_attr(not(feature = "onnxruntime"), expect(unused_variables, reason = "tract has one thread"))]
    pub fn open(self, model: &ModelProto, threads: usize) -> Result<Box<dyn Session>, EngineError> {
        match self {
            #[cfg(feature = "onnxruntime")]
            Engine::OnnxRuntime(device) => Ok(Box::new(onnxruntime::OnnxRuntimeSession::open(model, device, threads)?)),
            #[cfg(feature = "tract")]
            Engine::Tract => Ok(Box::new(tract::TractSession::open(model)?)),
        }
    }
}
