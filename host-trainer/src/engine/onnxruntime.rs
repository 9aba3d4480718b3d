//! ONNX Runtime through `ort`, from a library file that is loaded once per process.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::placement::Placement;
use super::{Data, Device, EngineError, Feed, Outputs, RuntimeError, Session, runtime};
use crate::graph::messages::ModelProto;
use crate::graph::{Dim, ElementType, Graph, ops};
use ort::ep::{CUDA, ExecutionProvider};
use ort::logging::{LogLevel, LoggerFunction};
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{RunOptions, Session as OrtSession, SessionInputValue, SessionOutputs};
use ort::{LoadDynamicError, environment::Environment, value::TensorRef};

/// The process's ONNX Runtime environment.
///
/// A failure is not cached: the next call searches again and finds a library installed in the meantime.
pub(super) fn environment() -> Result<&'static Environment, EngineError> {
    static ENVIRONMENT: OnceLock<Environment> = OnceLock::new();
    if let Some(environment) = ENVIRONMENT.get() {
        return Ok(environment);
    }
    let path = runtime::locate()?;
    let unusable = |reason: String| EngineError::Unusable { path: path.clone(), reason };
    let environment = ort::init_from(&path)
        .map_err(|error| match error {
            LoadDynamicError::BadVersion { version_str: version, .. } => {
                EngineError::Missing(RuntimeError::TooOld { path: path.clone(), version })
            }
            other => unusable(other.to_string()),
        })?
        .with_name("neural-vault")
        .with_telemetry(false)
        .build()
        .map_err(|e| unusable(e.to_string()))?;
    Ok(ENVIRONMENT.get_or_init(|| environment))
}

/// Checks that graphs can run on `device`.
///
/// ONNX Runtime opens the CUDA libraries and the GPU only for a session, so one of a single node is made.
pub(super) fn probe(device: Device) -> Result<(), EngineError> {
    match device {
        Device::Cpu => environment().map(|_| ()),
        Device::Cuda => OnnxRuntimeSession::open(&one_node(), device, 1).map(|_| ()),
    }
}

pub(super) struct OnnxRuntimeSession {
    session: OrtSession,
    options: RunOptions,
    placement: Option<Placement>,
}

impl OnnxRuntimeSession {
    pub(super) fn open(model: &ModelProto, device: Device, threads: usize) -> Result<Self, EngineError> {
        let environment = environment()?;
        let bytes = prost::Message::encode_to_vec(model);
        match device {
            Device::Cpu => Self::on_cpu(environment, &bytes, threads).map_err(failed),
            Device::Cuda => {
                let without = "the ONNX Runtime library that was found was built without CUDA";
                let session = match CUDA::is_available() {
                    Ok(true) => Self::on_cuda(environment, &bytes, threads).map_err(|error| reason(&error)),
                    Ok(false) => Err(without.to_owned()),
                    Err(error) => Err(reason(&error)),
                };
                session.map_err(|reason| EngineError::NoCuda { reason })
            }
        }
    }

    fn on_cpu(environment: &Environment, bytes: &[u8], threads: usize) -> ort::Result<Self> {
        let builder = builder(environment, threads)?.with_parallel_execution(threads > 1)?;
        Ok(Self { session: { builder }.commit_from_memory(bytes)?, options: RunOptions::new()?, placement: None })
    }

    /// A session on the GPU that computes what the processor does, but for the order of sums, and the same on every run.
    ///
    /// TF32, ONNX Runtime's default, rounds the factors of matrix products to 10 bits; its fast reductions add in the
    /// order in which threads finish.
    fn on_cuda(environment: &Environment, bytes: &[u8], threads: usize) -> ort::Result<Self> {
        let provider = CUDA::default().with_tf32(false).build().error_on_failure();
        let builder =
            builder(environment, threads)?.with_parallel_execution(false)?.with_deterministic_compute(true)?;
        let (session, placement) = with_placement(builder.with_execution_providers([provider])?, bytes)?;
        // Without it, every run would write a line to the log for each node.
        let mut options = RunOptions::new()?;
        options.set_log_level(LogLevel::Fatal)?;
        Ok(Self { session, options, placement })
    }
}

/// A session, and where its nodes run.
fn with_placement(builder: SessionBuilder, bytes: &[u8]) -> ort::Result<(OrtSession, Option<Placement>)> {
    let messages = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&messages);
    let logger: LoggerFunction = Arc::new(move |_, _, _, _, message| {
        log.lock().unwrap_or_else(PoisonError::into_inner).push(message.to_owned());
    });
    let session = { builder.with_logger(logger)?.with_log_level(LogLevel::Verbose)? }.commit_from_memory(bytes)?;
    let messages = std::mem::take(&mut *messages.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((session, Placement::from_log(messages.iter().map(String::as_str))))
}

impl Session for OnnxRuntimeSession {
    fn run<'s>(&'s mut self, feeds: &[Feed<'_>]) -> Result<Box<dyn Outputs + 's>, EngineError> {
        let inputs = feeds
            .iter()
            .map(|feed| {
                let shape = feed.shape.to_vec();
                let value = match feed.data {
                    Data::F32(data) => TensorRef::from_array_view((shape, data))?.into_dyn().into(),
                    Data::I64(data) => TensorRef::from_array_view((shape, data))?.into_dyn().into(),
                };
                Ok((feed.name, value))
            })
            .collect::<ort::Result<Vec<(&str, SessionInputValue<'_>)>>>()
            .map_err(failed)?;
        let outputs = self.session.run_with_options(inputs, &self.options).map_err(failed)?;
        Ok(Box::new(OnnxRuntimeOutputs(outputs)))
    }

    fn placement(&self) -> Option<&Placement> {
        self.placement.as_ref()
    }
}

struct OnnxRuntimeOutputs<'s>(SessionOutputs<'s>);

impl Outputs for OnnxRuntimeOutputs<'_> {
    fn output(&self, index: usize) -> Result<&[f32], EngineError> {
        if index >= self.0.len() {
            let reason = format!("the graph has no output {index}");
            return Err(EngineError::Failed { engine: "ONNX Runtime", reason });
        }
        Ok(self.0[index].try_extract_tensor::<f32>().map_err(failed)?.1)
    }
}

/// Settings of a session in which a thread runs whole nodes.
///
/// A matrix product split over threads would sum in another order, so that a seed no longer determined the weights.
fn builder(environment: &Environment, threads: usize) -> ort::Result<SessionBuilder> {
    let builder = OrtSession::builder(environment)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(1)?
        .with_inter_threads(threads)?;
    // KleidiAI's loops, which some ARM processors run and others do not, sum in an order of their own.
    Ok(if cfg!(target_arch = "aarch64") { builder.with_config_entry("mlas.disable_kleidiai", "1")? } else { builder })
}

/// The smallest graph.
fn one_node() -> ModelProto {
    let mut graph = Graph::new();
    let input = graph.input("input", ElementType::F32, &[Dim::Fixed(1)]);
    let output = ops::relu(&mut graph, input);
    graph.output("output", output);
    graph.into_model("probe")
}

fn failed(error: ort::Error) -> EngineError {
    EngineError::Failed { engine: "ONNX Runtime", reason: error.to_string() }
}

/// What ONNX Runtime says of a failure, without places in its source.
fn reason(error: &ort::Error) -> String {
    shortened(&error.to_string())
}

/// `... [ONNXRuntimeError] : 1 : FAIL : REASON` and `... CUDA failure REASON ; GPU=0 ; file=...` become the reason.
fn shortened(text: &str) -> String {
    let said = match text.rfind("CUDA failure ") {
        Some(at) => text[at..].split(" ; ").next().unwrap_or_default(),
        None => text.rsplit_once(" : FAIL : ").map_or(text, |(_, said)| said),
    };
    said.trim().to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_library_tells_where_the_nodes_of_a_session_run() {
        let bytes = prost::Message::encode_to_vec(&one_node());
        let (_, placement) = with_placement(builder(environment().unwrap(), 1).unwrap(), &bytes).unwrap();
        let placement = placement.unwrap();
        assert_eq!((placement.gpu, placement.cpu), (0, 1));
    }

    #[test]
    fn a_reason_names_no_place_in_the_source_of_onnx_runtime() {
        let no_gpu = "/src/cuda_call.cc:154 void CudaCall(...) [with ERRTYPE = cudaError] /src/cuda_call.cc:146 void \
                      CudaCall(...) CUDA failure 100: no CUDA-capable device is detected ; GPU=-1 ; hostname=vm ; \
                      file=/src/cuda_execution_provider.cc ; line=355 ; expr=cudaSetDevice(info_.device_id);";
        assert_eq!(shortened(no_gpu), "CUDA failure 100: no CUDA-capable device is detected");
        let no_library = "/src/provider_bridge_ort.cc:2043 Provider& Get() [ONNXRuntimeError] : 1 : FAIL : Failed to \
                          load library a.so with error: libcublasLt.so.13: cannot open shared object file\n";
        let said = "Failed to load library a.so with error: libcublasLt.so.13: cannot open shared object file";
        assert_eq!(shortened(no_library), said);
        assert_eq!(shortened("another text"), "another text");
    }
}
