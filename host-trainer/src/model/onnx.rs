//! Models as ONNX files: written for tract and ONNX Runtime, and read back if this program wrote them.

use std::path::Path;

use neural_vault_core::bundle;
use prost::Message;

use super::safetensors::{Header, Tensors};
use super::{Model, ModelError};
use crate::graph::encoder::{Weights, encoder};
use crate::graph::messages::ModelProto;
use crate::graph::{Dim, ElementType, Graph, OPSET, ops};

/// The metadata property that holds the model's header, as JSON.
const PROPERTY: &str = "neural-vault";

/// Name of the model's input, `[batch, time, features]`, raw frames without NaN or infinities.
pub const INPUT: &str = "frames";

/// Name of the model's output, `[batch, latent]`, unit vectors.
pub const OUTPUT: &str = "embedding";

/// The model as an ONNX file: opset 17, symbolic batch and time, the standardiser and the weights as initialisers under
/// their `state_dict` names, the digest and the provenance in its metadata.
///
/// # Errors
/// When its weights are not float32.
pub fn to_bytes(model: &Model) -> Result<Vec<u8>, ModelError> {
    Ok(to_proto(model)?.encode_to_vec())
}

/// As [`to_bytes`], before encoding.
///
/// # Errors
/// As [`to_bytes`].
pub fn to_proto(model: &Model) -> Result<ModelProto, ModelError> {
    let mut state = model.state_dict()?;
    let dims = state.dims;
    let mut graph = Graph::new();
    let shape = [Dim::Symbol("batch"), Dim::Symbol("time"), Dim::Fixed(dims.features)];
    let raw = graph.input(INPUT, ElementType::F32, &shape);
    let weights: Weights = bundle::tensor_names_and_shapes(&dims)?
        .into_iter()
        .map(|(name, shape)| {
            let data = state.tensors.remove(&name).unwrap_or_default();
            let value = graph.initialiser(&name, &shape, data);
            (name, value)
        })
        .collect();
    let frames = ops::standardise(&mut graph, raw, weights["standardiser.mean"], weights["standardiser.inv_std"]);
    let embedding = encoder(&mut graph, frames, &dims, &weights, &[]);
    graph.output(OUTPUT, embedding);
    let header = Header::new(model).to_json();
    Ok(graph.into_model("neural-vault encoder", &[(PROPERTY.to_owned(), header)]))
}

/// Reads an ONNX file that this program wrote.
///
/// The weights are read from the initialisers, their digest is recomputed, and the graph is compared with the one that
/// this program writes for them, so that the digest covers all that an engine runs.
///
/// # Errors
/// When the file cannot be read, was not written by this program, or differs from the file that its weights give.
pub fn read(path: &Path) -> Result<Model, ModelError> {
    let bytes = std::fs::read(path).map_err(|source| ModelError::Read { path: path.to_owned(), source })?;
    let malformed =
        |reason: &str| ModelError::Malformed { path: path.to_owned(), kind: "ONNX", reason: reason.to_owned() };
    let proto = ModelProto::decode(bytes.as_slice()).map_err(|e| malformed(&format!("it cannot be decoded: {e}")))?;
    let property = proto.metadata_props.iter().find(|entry| entry.key == PROPERTY);
    let header = property.ok_or_else(|| malformed("it was not written by neural-vault"))?;
    let header = Header::from_json(&header.value).map_err(|reason| malformed(&reason))?;
    if proto.opset_import.first().map(|set| set.version) != Some(OPSET) {
        return Err(malformed("its operator set is not the one this program writes"));
    }
    let graph = proto.graph.as_ref().ok_or_else(|| malformed("it holds no graph"))?;
    let tensors: Tensors = graph
        .initializer
        .iter()
        .map(|tensor| {
            let shape = tensor.dims.iter().map(|&n| usize::try_from(n).unwrap_or(0)).collect();
            let data = tensor.raw_data.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
            (tensor.name.clone(), (shape, data))
        })
        .collect();
    for (name, (shape, data)) in &tensors {
        let is_weight = name.contains('.');
        let elements = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
        if is_weight && elements != Some(data.len()) {
            return Err(malformed(&format!("tensor {name} has {} elements for shape {shape:?}", data.len())));
        }
    }
    let model = header.model(tensors, |reason| malformed(&reason))?;
    if to_proto(&model)?.graph != proto.graph {
        return Err(malformed("its graph is not the one that belongs to its weights"));
    }
    Ok(model)
}
