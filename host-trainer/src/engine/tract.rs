//! tract: pure Rust, one thread.

use std::sync::Arc;

use prost::Message;
use tract_onnx::prelude::*;

use super::{Data, EngineError, Feed, Outputs, Session};
use crate::graph::messages::ModelProto;

pub(super) struct TractSession {
    plan: Arc<TypedRunnableModel>,
    /// Names of the graph's inputs, in the order in which tract takes them.
    inputs: Vec<String>,
}

impl TractSession {
    pub(super) fn open(model: &ModelProto) -> Result<Self, EngineError> {
        let plan = onnx()
            .model_for_read(&mut model.encode_to_vec().as_slice())
            .and_then(InferenceModelExt::into_optimized)
            .and_then(IntoRunnable::into_runnable)
            .map_err(failed)?;
        let inputs = model.graph.iter().flat_map(|graph| &graph.input).map(|input| input.name.clone()).collect();
        Ok(Self { plan, inputs })
    }
}

impl Session for TractSession {
    fn run<'s>(&'s mut self, feeds: &[Feed<'_>]) -> Result<Box<dyn Outputs + 's>, EngineError> {
        let tensor = |feed: &Feed<'_>| match feed.data {
            Data::F32(data) => Tensor::from_shape(feed.shape, data),
            Data::I64(data) => Tensor::from_shape(feed.shape, data),
        };
        let fed = |name: &String| match feeds.iter().find(|feed| feed.name == name) {
            Some(feed) => Ok(tensor(feed)?.into()),
            None => Err(TractError::msg(format!("input {name} is not fed"))),
        };
        let inputs = self.inputs.iter().map(fed).collect::<TractResult<_>>().map_err(failed)?;
        Ok(Box::new(TractOutputs(self.plan.run(inputs).map_err(failed)?)))
    }
}

struct TractOutputs(TVec<TValue>);

impl Outputs for TractOutputs {
    fn output(&self, index: usize) -> Result<&[f32], EngineError> {
        let value = self.0.get(index).ok_or_else(|| failed(TractError::msg(format!("no output {index}"))))?;
        let view = value.to_plain_array_view::<f32>().map_err(failed)?;
        view.to_slice().ok_or_else(|| failed(TractError::msg(format!("output {index} is not contiguous"))))
    }
}

fn failed(error: TractError) -> EngineError {
    EngineError::Failed { engine: "tract", reason: format!("{error:#}") }
}
