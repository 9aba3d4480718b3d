//! ONNX Runtime through `ort`, from a library file that is loaded once per process.

use std::sync::OnceLock;

use super::{Data, Device, EngineError, Feed, Outputs, Session, runtime};
use crate::graph::messages::ModelProto;
use ort::ep::{CUDA, ExecutionProvider};
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{Session as OrtSession, SessionInputValue, SessionOutputs};
use ort::{environment::Environment, value::TensorRef};

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
        .map_err(|e| unusable(e.to_string()))?
        .with_name("neural-vault")
        .with_telemetry(false)
        .build()
        .map_err(|e| unusable(e.to_string()))?;
    Ok(ENVIRONMENT.get_or_init(|| environment))
}

/// The environment, after a check that it can compute on `device`.
pub(super) fn probe(device: Device) -> Result<&'static Environment, EngineError> {
    let environment = environment()?;
    let reason = match (device, CUDA::is_available()) {
        (Device::Cpu, _) | (Device::Cuda, Ok(true)) => return Ok(environment),
        (Device::Cuda, Ok(false)) => "the ONNX Runtime library that was found was built without CUDA".to_owned(),
        (Device::Cuda, Err(error)) => error.to_string(),
    };
    Err(EngineError::NoCuda { reason })
}

pub(super) struct OnnxRuntimeSession {
    session: OrtSession,
}

impl OnnxRuntimeSession {
    pub(super) fn open(model: &ModelProto, device: Device, threads: usize) -> Result<Self, EngineError> {
        let environment = probe(device)?;
        let bytes = prost::Message::encode_to_vec(model);
        let session = build(environment, &bytes, device, threads).map_err(|error| match device {
            Device::Cuda => EngineError::NoCuda { reason: error.to_string() },
            Device::Cpu => failed(error),
        })?;
        Ok(Self { session })
    }
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
        let outputs = self.session.run(inputs).map_err(failed)?;
        Ok(Box::new(OnnxRuntimeOutputs(outputs)))
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

/// A session in which a thread runs whole nodes.
///
/// A matrix product split over threads would sum in another order, so that a seed no longer determined the weights.
fn build(environment: &Environment, bytes: &[u8], device: Device, threads: usize) -> ort::Result<OrtSession> {
    let mut builder = OrtSession::builder(environment)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(1)?
        .with_parallel_execution(threads > 1 && device == Device::Cpu)?
        .with_inter_threads(threads)?;
    if device == Device::Cuda {
        builder = builder.with_execution_providers([CUDA::default().build().error_on_failure()])?;
    }
    builder.commit_from_memory(bytes)
}

fn failed(error: ort::Error) -> EngineError {
    EngineError::Failed { engine: "ONNX Runtime", reason: error.to_string() }
}
