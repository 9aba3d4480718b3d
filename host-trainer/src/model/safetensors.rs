//! Models as safetensors files: those of this program, and `state_dict`s trained elsewhere.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use neural_vault_core::bundle;
use neural_vault_core::encoder::Dims;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use serde::{Deserialize, Serialize};

use super::{MAX_WINDOW, Model, ModelError, Provenance, StateDict, initialise};
use crate::hex;

/// The metadata entry that marks a file of this program; a single entry, so that equal models make equal files.
const ENTRY: &str = "neural-vault";

/// Heads assumed for a `state_dict` without metadata, because shapes do not determine them.
const REFERENCE_HEADS: usize = 8;

/// The metadata of a model's file, in safetensors and ONNX.
#[derive(Serialize, Deserialize)]
pub(super) struct Header {
    pub schema: String,
    pub digest: String,
    pub heads: usize,
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// The schema of [`Header`].
pub(super) const SCHEMA: &str = "neural-vault/model/1";

impl Header {
    pub(super) fn new(model: &Model) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            digest: hex::encode(model.digest()),
            heads: model.dims().heads,
            provenance: model.provenance().clone(),
        }
    }

    pub(super) fn to_json(&self) -> String {
        // A struct of strings and numbers always serialises.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The model as a safetensors file.
///
/// # Errors
/// When its weights are not float32.
pub fn to_bytes(model: &Model) -> Result<Vec<u8>, ModelError> {
    let weights = model.state_dict()?;
    let shapes = bundle::tensor_names_and_shapes(&weights.dims)?;
    let bytes: Vec<(String, Vec<usize>, Vec<u8>)> = shapes
        .into_iter()
        .map(|(name, shape)| {
            let data = weights.tensors.get(&name).map(Vec::as_slice).unwrap_or_default();
            let bytes = data.iter().flat_map(|v| v.to_le_bytes()).collect();
            (name, shape, bytes)
        })
        .collect();
    let views = bytes
        .iter()
        .map(|(name, shape, bytes)| {
            let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
            let view = view.map_err(|e| ModelError::Tensor { name: name.clone(), reason: e.to_string() })?;
            Ok((name.as_str(), view))
        })
        .collect::<Result<Vec<_>, ModelError>>()?;
    let metadata = HashMap::from([(ENTRY.to_owned(), Header::new(model).to_json())]);
    serialize(views, Some(metadata)).map_err(|e| ModelError::Bundle(e.to_string()))
}

/// Reads a model that this program wrote, and checks its digest.
///
/// # Errors
/// When the file cannot be read, was not written by this program, or its weights do not match its digest.
pub fn read(path: &Path) -> Result<Model, ModelError> {
    let bytes = std::fs::read(path).map_err(|source| ModelError::Read { path: path.to_owned(), source })?;
    let malformed = |reason: String| ModelError::Malformed { path: path.to_owned(), kind: "safetensors", reason };
    let metadata = metadata(&bytes).map_err(&malformed)?;
    let header = metadata.get(ENTRY).ok_or_else(|| ModelError::Foreign { path: path.to_owned() })?;
    let header: Header =
        serde_json::from_str(header).map_err(|e| malformed(format!("its metadata is unreadable: {e}")))?;
    if header.schema != SCHEMA {
        return Err(malformed(format!("its metadata is {}, this program reads {SCHEMA}", header.schema)));
    }
    let tensors = tensors(&bytes).map_err(&malformed)?;
    let model = Model::new(&assemble(tensors, header.heads)?, header.provenance)?;
    if hex::encode(model.digest()) != header.digest {
        return Err(malformed("its weights do not match its digest: the file was changed or damaged".into()));
    }
    Ok(model)
}

/// Reads a PyTorch `state_dict` of the reference's encoder saved as safetensors, and its provenance.
///
/// Tensors that the encoder does not know are ignored; `pos.pe` and the standardiser are filled in when they are
/// missing (sinusoidal positions, no standardisation). `heads` overrides the file's metadata entry `heads`; without
/// either it is 8.
///
/// # Errors
/// When the file cannot be read, or a tensor is missing or of the wrong shape.
pub fn import(path: &Path, heads: Option<usize>) -> Result<(StateDict, Provenance), ModelError> {
    let bytes = std::fs::read(path).map_err(|source| ModelError::Read { path: path.to_owned(), source })?;
    let malformed = |reason: String| ModelError::Malformed { path: path.to_owned(), kind: "safetensors", reason };
    let metadata = metadata(&bytes).map_err(&malformed)?;
    let tensors = tensors(&bytes).map_err(&malformed)?;
    if metadata.get("norm_first").is_some_and(|v| v != "true")
        || metadata.get("activation").is_some_and(|v| v != "relu")
    {
        return Err(malformed("only pre-norm encoders with ReLU can be imported".into()));
    }
    let heads = heads.or_else(|| metadata.get("heads")?.parse().ok()).unwrap_or(REFERENCE_HEADS);
    if heads == 0 {
        return Err(ModelError::Heads { d_model: 0, heads });
    }
    let recipe = format!("imported from {}", path.file_name().unwrap_or_default().to_string_lossy());
    Ok((assemble(tensors, heads)?, Provenance { window: 1, recipe, ..Provenance::default() }))
}

type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

fn metadata(bytes: &[u8]) -> Result<HashMap<String, String>, String> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
    Ok(metadata.metadata().clone().unwrap_or_default())
}

fn tensors(bytes: &[u8]) -> Result<Tensors, String> {
    let file = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
    let float = file.iter().filter(|(_, view)| view.dtype() == Dtype::F32);
    Ok(float.map(|(name, view)| (name.to_owned(), (view.shape().to_vec(), floats(view.data())))).collect())
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

fn wrong(name: &str, reason: String) -> ModelError {
    ModelError::Tensor { name: name.to_owned(), reason }
}

/// Weights from tensors, whose shapes determine the sizes of the model; every tensor is checked.
///
/// A model with 0 heads is linear.
pub(super) fn assemble(tensors: Tensors, heads: usize) -> Result<StateDict, ModelError> {
    let axes = |name: &str| match tensors.get(name) {
        Some((shape, _)) if shape.len() == 2 => Ok([shape[0], shape[1]]),
        Some((shape, _)) => Err(wrong(name, format!("has shape {shape:?}, expected two axes"))),
        None => Err(wrong(name, "is missing".to_owned())),
    };
    let [d_model, features] = axes("proj.weight")?;
    if heads == 0 {
        return complete(tensors, Dims::linear(features, d_model, MAX_WINDOW));
    }
    let [feed_forward, _] = axes("enc.layers.0.linear1.weight")?;
    let [latent, _] = axes("head.3.weight")?;
    let layers = (0..).take_while(|l| tensors.contains_key(&format!("enc.layers.{l}.linear1.weight"))).count();
    let positions = tensors.get("pos.pe").map_or(MAX_WINDOW, |(shape, _)| shape.get(1).copied().unwrap_or(0));
    if d_model % heads != 0 {
        return Err(ModelError::Heads { d_model, heads });
    }
    complete(tensors, Dims { features, d_model, heads, layers, feed_forward, latent, positions })
}

/// Checks every tensor of a model of these sizes, and fills in the optional ones.
fn complete(mut tensors: Tensors, dims: Dims) -> Result<StateDict, ModelError> {
    let mut weights = StateDict { dims, tensors: BTreeMap::new() };
    for (name, shape) in bundle::tensor_names_and_shapes(&dims)? {
        let count = shape.iter().product();
        let data = match (tensors.remove(&name), name.as_str()) {
            (Some((found, data)), _) if found == shape => data,
            (Some((found, _)), _) => return Err(wrong(&name, format!("has shape {found:?}, expected {shape:?}"))),
            (None, "pos.pe") => initialise::positions(dims.positions, dims.d_model),
            (None, "standardiser.mean") => vec![0.0; count],
            (None, "standardiser.inv_std") => vec![1.0; count],
            (None, _) => return Err(wrong(&name, "is missing".to_owned())),
        };
        if let Some(at) = data.iter().position(|v| !v.is_finite()) {
            return Err(wrong(&name, format!("element {at} is {}", data[at])));
        }
        weights.tensors.insert(name, data);
    }
    Ok(weights)
}
