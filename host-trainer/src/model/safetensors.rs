//! Models as safetensors files: those of this program, and `state_dict`s trained elsewhere.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use neural_vault_core::bundle;
use neural_vault_core::encoder::{Dims, Fill};
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
    /// [`Fill::name`]; absent in the first schema, whose models have bundles of version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<String>,
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// The schema of [`Header`].
const SCHEMA: &str = "neural-vault/model/2";

/// The schema of models with bundles of version 1.
const FIRST_SCHEMA: &str = "neural-vault/model/1";

impl Header {
    pub(super) fn new(model: &Model) -> Self {
        let described = model.version() > 1;
        Self {
            schema: if described { SCHEMA } else { FIRST_SCHEMA }.to_owned(),
            digest: hex::encode(model.digest()),
            heads: model.dims().heads,
            fill: described.then(|| model.fill().name().to_owned()),
            provenance: model.provenance().clone(),
        }
    }

    pub(super) fn to_json(&self) -> String {
        // A struct of strings and numbers always serialises.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a header's JSON.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn from_json(json: &str) -> Result<Self, String> {
        let header: Self = serde_json::from_str(json).map_err(|e| format!("its metadata is unreadable: {e}"))?;
        if ![SCHEMA, FIRST_SCHEMA].contains(&header.schema.as_str()) {
            return Err(format!("its metadata is {}, this program reads {FIRST_SCHEMA} and {SCHEMA}", header.schema));
        }
        Ok(header)
    }

    /// The model of these tensors, whose digest must be the header's: it covers weights, fill rule, window, recipe and
    /// labels.
    ///
    /// `malformed` makes the error about the file.
    pub(super) fn model(self, tensors: Tensors, malformed: impl Fn(String) -> ModelError) -> Result<Model, ModelError> {
        let mut weights = assemble(tensors, self.heads)?;
        let model = if self.schema == FIRST_SCHEMA {
            weights.fill = Fill::Reference;
            Model::first_version(&weights, self.provenance)?
        } else {
            let name = self.fill.unwrap_or_default();
            let fill = Fill::ALL.into_iter().find(|fill| fill.name() == name);
            weights.fill =
                fill.ok_or_else(|| malformed(format!("its rule `{name}` for missing values is not known")))?;
            Model::new(&weights, self.provenance)?
        };
        if hex::encode(model.digest()) != self.digest {
            let reason = "its weights do not match its digest, or its rule, window, recipe or labels do not: the file was \
                          changed or damaged";
            return Err(malformed(reason.to_owned()));
        }
        Ok(model)
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
    let header = Header::from_json(header).map_err(&malformed)?;
    header.model(tensors(&bytes).map_err(&malformed)?, malformed)
}

/// Reads a PyTorch `state_dict` of the reference's encoder saved as safetensors, and its provenance.
///
/// Tensors that the encoder does not know are ignored; `pos.pe` and the standardiser are filled in when they are
/// missing (sinusoidal positions, no standardisation but for values that are not finite, which become the mean). `heads` overrides the file's metadata entry `heads`; without
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

pub(super) type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

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
fn assemble(tensors: Tensors, heads: usize) -> Result<StateDict, ModelError> {
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
    let mut weights = StateDict { dims, fill: Fill::Mean, tensors: BTreeMap::new() };
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
