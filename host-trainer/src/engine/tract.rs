//! tract: pure Rust, always available, one thread.

use std::sync::Arc;

use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::*;

use super::{Data, EngineError, Feed, Outputs, Session};

pub(super) struct TractSession {
    plan: Arc<TypedRunnableModel>,
}

impl TractSession {
    pub(super) fn open(model: &ModelProto) -> Result<Self, EngineError> {
        let plan = onnx()
            .model_for_proto_model(model)
            .and_then(InferenceModelExt::into_optimized)
            .and_then(IntoRunnable::into_runnable)
            .map_err(failed)?;
        Ok(Self { plan })
    }
}

impl Session for TractSession {
    fn run<'s>(&'s mut self, feeds: &[Feed<'_>]) -> Result<Box<dyn Outputs + 's>, EngineError> {
        let tensor = |feed: &Feed<'_>| match feed.data {
            Data::F32(data) => Tensor::from_shape(feed.shape, data),
            Data::I64(data) => Tensor::from_shape(feed.shape, data),
        };
        let inputs = feeds.iter().map(|feed| Ok(tensor(feed)?.into())).collect::<TractResult<_>>().map_err(failed)?;
        Ok(Box::new(TractOutputs(self.plan.run(inputs).map_err(failed)?)))
    }
}

struct TractOutputs(TVec<TValue>);

impl Outputs for TractOutputs {
    fn output(&self, index: usize) -> Result<&[f32], EngineError> {
        let value = self.0.get(index).ok_or_else(|| failed(format_err!("the graph has no output {index}")))?;
        value.as_slice::<f32>().map_err(failed)
    }
}

fn failed(error: TractError) -> EngineError {
    EngineError::Failed { engine: "tract", reason: format!("{error:#}") }
}
