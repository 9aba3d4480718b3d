//! Models as safetensors files: ours, and `state_dict`s trained elsewhere.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use neural_vault_core::bundle;
use neural_vault_core::encoder::Dims;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use serde::{Deserialize, Serialize};

use super::{MAX_WINDOW, Model, ModelError, Provenance, initialise};
use crate::hex;

/// The metadata entry that marks a file as ours; one entry, so that equal models make equal files.
const ENTRY: &str = "neural-vault";

/// Heads that a `state_dict` without metadata is taken to have: its shapes do not tell.
const REFERENCE_HEADS: usize = 8;

/// What a model's file says about it, in safetensors and ONNX alike.
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
    pub(super) fn of(model: &Model, digest: &[u8; 32]) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            digest: hex::encode(digest),
            heads: model.dims.heads,
            provenance: model.provenance.clone(),
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
/// When a tensor's length does not fit the model's sizes, or its weights are not float32.
pub fn to_bytes(model: &Model, digest: &[u8; 32]) -> Result<Vec<u8>, ModelError> {
    model.require_f32()?;
    let shapes = bundle::tensor_names_and_shapes(&model.dims)?;
    let bytes: Vec<(String, Vec<usize>, Vec<u8>)> = shapes
        .into_iter()
        .map(|(name, shape)| {
            let data = model.tensors.get(&name).map(Vec::as_slice).unwrap_or_default();
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
    let metadata = HashMap::from([(ENTRY.to_owned(), Header::of(model, digest).to_json())]);
    serialize(views, Some(metadata)).map_err(|e| ModelError::Bundle(e.to_string()))
}

/// Reads a model that this program wrote, and checks its digest.
///
/// # Errors
/// When the file cannot be read, is not one of ours, or its weights are not those its digest names.
pub fn read(path: &Path) -> Result<Model, ModelError> {
    let bytes = std::fs::read(path).map_err(|source| ModelError::Read { path: path.to_owned(), source })?;
    let malformed = |reason: String| ModelError::Malformed { path: path.to_owned(), kind: "safetensors", reason };
    let metadata = metadata(&bytes).map_err(&malformed)?;
    let header = metadata.get(ENTRY).ok_or_else(|| {
        malformed("it was not written by neural-vault; `neural-vault import` takes weights trained elsewhere".into())
    })?;
    let header: Header =
        serde_json::from_str(header).map_err(|e| malformed(format!("its metadata is unreadable: {e}")))?;
    if header.schema != SCHEMA {
        return Err(malformed(format!("its metadata is {}, this program reads {SCHEMA}", header.schema)));
    }
    let tensors = tensors(&bytes).map_err(&malformed)?;
    let model = assemble(tensors, header.heads, header.provenance)?;
    if hex::encode(&model.digest()?) != header.digest {
        return Err(malformed("its weights do not match its digest: the file was changed or damaged".into()));
    }
    Ok(model)
}

/// Reads a PyTorch `state_dict` of the reference's encoder saved as safetensors.
///
/// Tensors that the encoder does not know are ignored; `pos.pe` and the standardiser are filled in when they are
/// missing (sinusoidal, and none at all). `heads` overrides the file's metadata entry `heads`; without either it is 8.
///
/// # Errors
/// When the file cannot be read, or a tensor is missing or of the wrong shape.
pub fn import(path: &Path, heads: Option<usize>) -> Result<Model, ModelError> {
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
        return Err(wrong("proj.weight", "an encoder has at least one head; give --heads".to_owned()));
    }
    let recipe = format!("imported from {}", path.file_name().unwrap_or_default().to_string_lossy());
    assemble(tensors, heads, Provenance { window: 1, recipe, ..Provenance::default() })
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

/// Builds a model out of tensors, whose shapes tell its sizes, and checks every one.
///
/// A model without heads is linear.
pub(super) fn assemble(tensors: Tensors, heads: usize, provenance: Provenance) -> Result<Model, ModelError> {
    let axes = |name: &str| match tensors.get(name) {
        Some((shape, _)) if shape.len() == 2 => Ok([shape[0], shape[1]]),
        Some((shape, _)) => Err(wrong(name, format!("has shape {shape:?}, expected two axes"))),
        None => Err(wrong(name, "is missing".to_owned())),
    };
    let [d_model, features] = axes("proj.weight")?;
    if heads == 0 {
        return complete(tensors, Dims::linear(features, d_model, MAX_WINDOW), provenance);
    }
    let [feed_forward, _] = axes("enc.layers.0.linear1.weight")?;
    let [latent, _] = axes("head.3.weight")?;
    let layers = (0..).take_while(|l| tensors.contains_key(&format!("enc.layers.{l}.linear1.weight"))).count();
    let positions = tensors.get("pos.pe").map_or(MAX_WINDOW, |(shape, _)| shape.get(1).copied().unwrap_or(0));
    if d_model % heads != 0 {
        return Err(wrong(
            "proj.weight",
            format!("has {d_model} outputs, which {heads} heads do not divide; give --heads"),
        ));
    }
    complete(tensors, Dims { features, d_model, heads, layers, feed_forward, latent, positions }, provenance)
}

/// Checks every tensor of a model of these sizes, and fills in those that can be left out.
fn complete(mut tensors: Tensors, dims: Dims, provenance: Provenance) -> Result<Model, ModelError> {
    let mut model = Model { dims, tensors: BTreeMap::new(), provenance, quantised: None };
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
        model.tensors.insert(name, data);
    }
    Ok(model)
}
