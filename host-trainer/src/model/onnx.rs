//! Models as ONNX files: written for tract and ONNX Runtime, and read back if this program wrote them.

use std::path::Path;

use neural_vault_core::bundle;
use neural_vault_core::encoder::{Dims, Fill};
use prost::Message;

use super::content::Content;
use super::safetensors::Header;
use super::state_dict::Tensors;
use super::{Model, ModelError};
use crate::graph::connectome::connectome;
use crate::graph::encoder::{Weights, encoder};
use crate::graph::messages::{ModelProto, StringStringEntryProto};
use crate::graph::{Dim, ElementType, Graph, OPSET, Revision, ops};

/// The metadata property that holds the model's header, as JSON.
const PROPERTY: &str = "neural-vault";

/// Name of the model's input, raw frames: `[batch, time, features]`, of a connectome model `[time, features]`.
pub const INPUT: &str = "frames";

/// Name of the model's output, unit vectors: `[batch, latent]`, of a connectome model `[1, latent]`.
pub const OUTPUT: &str = "embedding";

/// The model as an ONNX file: opset 17, symbolic batch and time, the rule for values that are not finite, the
/// standardiser and the weights as initialisers under their `state_dict` names, the digest and the provenance in its
/// metadata.
///
/// Of frames that core refuses, because they say nothing, an engine makes an embedding.
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
    let mut proto = in_revision(model, Revision::Current)?;
    proto.doc_string = description(model);
    let header = Header::new(model).to_json();
    proto.metadata_props = vec![StringStringEntryProto { key: PROPERTY.to_owned(), value: header }];
    Ok(proto)
}

/// The graph of a model as this or the first version of this program writes it.
fn in_revision(model: &Model, revision: Revision) -> Result<ModelProto, ModelError> {
    let mut state = model.state_dict()?;
    let dims = state.dims;
    let mut graph = Graph::of_revision(revision);
    let (time, features) = (Dim::Symbol("time"), Dim::Fixed(dims.features));
    let shape = if dims.is_connectome() { vec![time, features] } else { vec![Dim::Symbol("batch"), time, features] };
    let raw = graph.input(INPUT, ElementType::F32, &shape);
    let weights: Weights = bundle::tensor_names_and_shapes(&dims)?
        .into_iter()
        .map(|(name, shape)| {
            let data = state.tensors.remove(&name).unwrap_or_default();
            let value = graph.initialiser(&name, &shape, data);
            (name, value)
        })
        .collect();
    let embedding = match dims.regions() {
        Some(regions) => connectome(&mut graph, raw, regions, &weights),
        None => {
            let (mean, inverse) = (weights["standardiser.mean"], weights["standardiser.inv_std"]);
            let finite = match revision {
                Revision::First => raw,
                Revision::Current => ops::fill(&mut graph, raw, mean, model.fill()),
            };
            let frames = ops::standardise(&mut graph, finite, mean, inverse);
            encoder(&mut graph, frames, &dims, &weights, &[])
        }
    };
    graph.output(OUTPUT, embedding);
    Ok(graph.into_model("neural-vault encoder"))
}

/// What a user of the file alone must know.
fn description(model: &Model) -> String {
    let Dims { features, positions, latent, .. } = model.dims();
    if let Some(regions) = model.dims().regions() {
        let least = model.provenance().window;
        return format!(
            "{INPUT}: raw frames [time, {features}], all frames of one scan, {least} or more. {OUTPUT}: a unit vector \
             [1, {latent}], one component a pair of {regions} regions. neural-vault refuses a scan of fewer frames, with a \
             constant region, or with a frame that lacks a region; this graph embeds it or gives NaN."
        );
    }
    let fill = match model.fill() {
        Fill::Reference => "NaN enters as 0, infinities as 1 and -1, before standardising",
        Fill::Mean => "A value that is not finite enters as the feature's training mean",
    };
    format!(
        "{INPUT}: raw frames [batch, time, {features}], 1 to {positions} frames. {fill}. {OUTPUT}: unit vectors \
         [batch, {latent}]; a scan's embedding is the mean over its windows. neural-vault refuses a frame of which fewer \
         than half of the values are finite, or whose finite values are all equal; this graph embeds it."
    )
}

/// Reads an ONNX file that this program wrote.
///
/// The weights are read from the initialisers, their digest is recomputed, and the graph is compared with the one that
/// this program writes for them, or for a model of the first version its first version, so that the digest covers all
/// that an engine runs.
///
/// # Errors
/// When the file cannot be read, was not written by this program, or differs from the file that its weights give.
pub fn read(path: &Path) -> Result<Model, ModelError> {
    let bytes = std::fs::read(path).map_err(|source| ModelError::Read { path: path.to_owned(), source })?;
    if let Some(content) = Content::unexpected(&bytes, Content::Onnx) {
        return Err(ModelError::Content { path: path.to_owned(), kind: "ONNX", content });
    }
    let malformed =
        |reason: &str| ModelError::Malformed { path: path.to_owned(), kind: "ONNX", reason: reason.to_owned() };
    let proto = ModelProto::decode(bytes.as_slice()).map_err(|e| malformed(&format!("it cannot be decoded: {e}")))?;
    let property = proto.metadata_props.iter().find(|entry| entry.key == PROPERTY);
    let header = property.ok_or_else(|| malformed("it was not written by neural-vault"))?;
    let header = Header::from_json(&header.value).map_err(|reason| malformed(&reason))?;
    if !matches!(proto.opset_import.as_slice(), [set] if set.version == OPSET && set.domain.is_empty()) {
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
    let is_written = |revision| Ok::<_, ModelError>(in_revision(&model, revision)?.graph == proto.graph);
    let is_sound = is_written(Revision::Current)? || (model.version() == 1 && is_written(Revision::First)?);
    // Functions of a file may take the place of operators.
    if !is_sound || !proto.functions.is_empty() || !proto.training_info.is_empty() {
        return Err(malformed("its graph is not the one that belongs to its weights"));
    }
    Ok(model)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::graph::messages::{FunctionProto, OperatorSetIdProto, TrainingInfoProto};
    use crate::model::{Provenance, StateDict, initial_weights, linear_dims};

    type Change = fn(&mut ModelProto);

    const DIMS: Dims =
        Dims { features: 24, d_model: 32, heads: 4, layers: 1, feed_forward: 32, latent: 32, positions: 16 };

    fn weights(dims: Dims, fill: Fill) -> StateDict {
        StateDict { fill, ..initial_weights(dims, 3).unwrap() }
    }

    /// The file of a model with its graph in the first version's form, read back.
    fn read_first(model: &Model) -> Result<Model, ModelError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.onnx");
        let graph = in_revision(model, Revision::First).unwrap().graph;
        std::fs::write(&path, ModelProto { graph, ..to_proto(model).unwrap() }.encode_to_vec()).unwrap();
        read(&path)
    }

    #[test]
    fn files_of_the_first_version_keep_their_digest_and_later_models_have_no_such_graph() {
        for dims in [DIMS, linear_dims(24)] {
            let weights = weights(dims, Fill::Reference);
            let first = Model::first_version(&weights, Provenance::default()).unwrap();
            assert_eq!(read_first(&first).unwrap().digest(), first.digest());
            let later = Model::new(&weights, Provenance::default()).unwrap();
            let refused = read_first(&later).unwrap_err().to_string();
            assert!(refused.ends_with("its graph is not the one that belongs to its weights"), "{refused}");
        }
    }

    #[test]
    fn models_of_every_version_and_rule_are_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.onnx");
        for (dims, fill) in [(DIMS, Fill::Mean), (DIMS, Fill::Reference), (linear_dims(24), Fill::Mean)] {
            let model = Model::new(&weights(dims, fill), Provenance::default()).unwrap();
            std::fs::write(&path, to_bytes(&model).unwrap()).unwrap();
            let found = read(&path).unwrap();
            assert_eq!((found.digest(), found.fill()), (model.digest(), fill));
        }
        let first = Model::first_version(&weights(DIMS, Fill::Reference), Provenance::default()).unwrap();
        std::fs::write(&path, to_bytes(&first).unwrap()).unwrap();
        assert_eq!(read(&path).unwrap().digest(), first.digest());
    }

    #[test]
    fn a_file_that_redefines_operators_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.onnx");
        let model = Model::new(&weights(DIMS, Fill::Mean), Provenance::default()).unwrap();
        fn set(domain: &str, version: i64) -> OperatorSetIdProto {
            OperatorSetIdProto { domain: domain.to_owned(), version }
        }
        let changes: [(&str, Change); 4] = [
            ("its graph", |proto| {
                proto.functions.push(FunctionProto { name: Some("Gemm".to_owned()), ..Default::default() })
            }),
            ("its graph", |proto| proto.training_info.push(TrainingInfoProto::default())),
            ("its operator set", |proto| proto.opset_import.push(set("", 7))),
            ("its operator set", |proto| proto.opset_import = vec![set("other", OPSET)]),
        ];
        for (says, change) in changes {
            let mut proto = to_proto(&model).unwrap();
            change(&mut proto);
            std::fs::write(&path, proto.encode_to_vec()).unwrap();
            let refused = read(&path).unwrap_err().to_string();
            assert!(refused.contains(says), "{refused}");
        }
    }

    #[test]
    fn the_file_says_what_enters_for_a_value_that_is_not_finite() {
        for (fill, says) in [(Fill::Mean, "training mean"), (Fill::Reference, "NaN enters as 0")] {
            let proto = to_proto(&Model::new(&weights(DIMS, fill), Provenance::default()).unwrap()).unwrap();
            assert!(proto.doc_string.contains(says), "{}", proto.doc_string);
            assert!(proto.doc_string.contains("[batch, time, 24], 1 to 16 frames"), "{}", proto.doc_string);
        }
    }

    #[test]
    fn shape_inference_needs_no_value_to_know_the_rows_of_the_position_table() {
        let model = Model::new(&weights(DIMS, Fill::Mean), Provenance::default()).unwrap();
        let graph = to_proto(&model).unwrap().graph.unwrap();
        let rows = graph.node.iter().find(|node| node.input.first().is_some_and(|name| name == "pos.pe")).unwrap();
        let users: Vec<&str> = graph
            .node
            .iter()
            .filter(|node| node.input.contains(&rows.output[0]))
            .map(|node| node.op_type.as_str())
            .collect();
        // A slice may be shorter than what is asked for; a reshape has the size it is given.
        assert_eq!((rows.op_type.as_str(), users.as_slice()), ("Slice", &["Reshape"][..]));
    }
}
