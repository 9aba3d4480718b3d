//! Models as safetensors files of this program.

use std::collections::HashMap;
use std::path::Path;

use neural_vault_core::bundle;
use neural_vault_core::encoder::Fill;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensorError, SafeTensors, serialize};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::assemble::assemble;
use super::content::Content;
use super::state_dict::Tensors;
use super::{Model, ModelError, Provenance};
use crate::hex;

/// The metadata entry that marks a file of this program; a single entry, so that equal models make equal files.
pub(super) const ENTRY: &str = "neural-vault";

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

    /// What replaces values that are not finite.
    ///
    /// # Errors
    /// When the rule is not known.
    pub(super) fn fill(&self) -> Result<Fill, String> {
        if self.schema == FIRST_SCHEMA {
            return Ok(Fill::Reference);
        }
        let name = self.fill.as_deref().unwrap_or_default();
        let fill = Fill::ALL.into_iter().find(|fill| fill.name() == name);
        fill.ok_or_else(|| format!("its rule `{name}` for missing values is not known"))
    }

    /// The model of these tensors, whose digest must be the header's: it covers weights, fill rule, window, recipe and
    /// labels.
    ///
    /// `malformed` makes the error about the file.
    pub(super) fn model(self, tensors: Tensors, malformed: impl Fn(String) -> ModelError) -> Result<Model, ModelError> {
        let unsound = |error: ModelError| malformed(error.to_string());
        let mut weights = assemble(tensors, self.heads).map_err(unsound)?;
        weights.fill = self.fill().map_err(&malformed)?;
        let model = if self.schema == FIRST_SCHEMA {
            Model::first_version(&weights, self.provenance)
        } else {
            Model::new(&weights, self.provenance)
        };
        let model = model.map_err(unsound)?;
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
    if let Some(content) = Content::unexpected(&bytes, Content::Safetensors) {
        return Err(ModelError::Content { path: path.to_owned(), kind: "safetensors", content });
    }
    let malformed = |reason: String| ModelError::Malformed { path: path.to_owned(), kind: "safetensors", reason };
    let damaged = |error| malformed(damage(&bytes, &error));
    let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(damaged)?;
    let file = SafeTensors::deserialize(&bytes).map_err(damaged)?;
    let header = metadata.metadata().as_ref().and_then(|entries| entries.get(ENTRY));
    let header = header.ok_or_else(|| ModelError::Foreign { path: path.to_owned() })?;
    let header = Header::from_json(header).map_err(&malformed)?;
    header.model(tensors(&file), malformed)
}

/// What is wrong with a file that is not a sound safetensors file.
pub(super) fn damage(bytes: &[u8], error: &SafeTensorError) -> String {
    let given = bytes.len();
    let header = bytes.first_chunk().map_or(0, |length| u64::from_le_bytes(*length));
    match error {
        SafeTensorError::HeaderTooSmall if given == 0 => "it is empty".to_owned(),
        SafeTensorError::HeaderTooSmall => format!("it ends after {given} bytes"),
        SafeTensorError::InvalidHeaderLength if bytes.get(8) == Some(&b'{') => {
            format!("it is cut short: its header has {header} bytes, the file {given}")
        }
        SafeTensorError::HeaderTooLarge | SafeTensorError::InvalidHeaderLength => {
            "it does not begin with the length of a header".to_owned()
        }
        SafeTensorError::MetadataIncompleteBuffer => {
            let expected = stated_length(bytes).unwrap_or(0);
            let how = if given < expected { "it is cut short" } else { "bytes follow its tensors" };
            format!("{how}: its header states {expected} bytes, it has {given}")
        }
        error => error.to_string(),
    }
}

/// The length of a file by its header, whose tensors follow it without a gap.
fn stated_length(bytes: &[u8]) -> Option<usize> {
    let length = usize::try_from(u64::from_le_bytes(*bytes.first_chunk()?)).ok()?;
    let header: HashMap<String, Value> = serde_json::from_slice(bytes.get(8..8 + length)?).ok()?;
    let end = |tensor: &Value| usize::try_from(tensor["data_offsets"][1].as_u64()?).ok();
    header.values().filter_map(end).max()?.checked_add(8 + length)
}

/// The float32 tensors of a file of this program, which writes no others.
fn tensors(file: &SafeTensors<'_>) -> Tensors {
    let floats =
        |bytes: &[u8]| bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect::<Vec<_>>();
    let float = file.iter().filter(|(_, view)| view.dtype() == Dtype::F32);
    float.map(|(name, view)| (name.to_owned(), (view.shape().to_vec(), floats(view.data())))).collect()
}
