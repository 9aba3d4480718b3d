//! Checkpoints: a resumed run ends with the same weights as an uninterrupted one.

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use serde::{Deserialize, Serialize};

use super::{Settings, Trainer, TrainingError};
use crate::files::{self, Existing, Readers};
use crate::hex;

/// The checkpoint's name in the output folder.
pub const FILE: &str = "checkpoint.safetensors";

/// The entry of a safetensors file's metadata that marks it as a checkpoint.
pub const ENTRY: &str = "neural-vault-checkpoint";
const SCHEMA: &str = "neural-vault/checkpoint/1";

/// The group of tensors that are the weights.
const PARAMETER: &str = "parameter";

#[derive(Serialize, Deserialize)]
struct Header {
    schema: String,
    step: u64,
    settings: Settings,
    /// SHA-256 of the training windows.
    data: String,
}

/// Writes the run's weights, moments and step count to `path` atomically.
///
/// # Errors
/// When the file cannot be written.
pub fn save(trainer: &Trainer, path: &Path) -> Result<(), TrainingError> {
    let refused = |reason: String| TrainingError::Checkpoint { path: path.to_owned(), reason };
    let optimiser = &trainer.optimiser;
    let groups = [(PARAMETER, &trainer.parameters), ("first", &optimiser.first), ("second", &optimiser.second)];
    let mut tensors: Vec<(String, &Vec<usize>, Vec<u8>)> = Vec::new();
    for (group, list) in groups {
        for ((name, shape), data) in trainer.slots.iter().zip(list) {
            tensors.push((format!("{group}.{name}"), shape, data.iter().flat_map(|v| v.to_le_bytes()).collect()));
        }
    }
    let views = tensors
        .iter()
        .map(|(name, shape, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, (*shape).clone(), bytes)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
        .map_err(|e| refused(e.to_string()))?;
    let header = Header {
        schema: SCHEMA.to_owned(),
        step: optimiser.updates,
        settings: trainer.settings().clone(),
        data: hex::encode(&trainer.data.digest()),
    };
    let header = serde_json::to_string(&header).map_err(|e| refused(e.to_string()))?;
    let bytes = serialize(views, Some(HashMap::from([(ENTRY.to_owned(), header)])));
    let bytes = bytes.map_err(|e| refused(e.to_string()))?;
    files::write(path, &bytes, Readers::All, Existing::Replace).map_err(|source| TrainingError::Write { source })
}

/// What a checkpoint holds.
#[derive(Debug)]
pub struct Summary {
    /// Steps done.
    pub step: u64,
    /// The settings of the run.
    pub settings: Settings,
    /// SHA-256 of the training windows, in hexadecimal.
    pub data: String,
    /// Weights of the model; the file holds two moments of each as well.
    pub values: usize,
}

/// Describes the checkpoint at `path`.
///
/// # Errors
/// When the file cannot be read, or is not a checkpoint.
pub fn describe(path: &Path) -> Result<Summary, TrainingError> {
    let refused = |reason: String| TrainingError::Checkpoint { path: path.to_owned(), reason };
    let bytes = read(path)?;
    let Header { step, settings, data, .. } = header(&bytes, path)?;
    let file = SafeTensors::deserialize(&bytes).map_err(|e| refused(e.to_string()))?;
    let values = file.iter().filter(|(name, _)| name.starts_with(PARAMETER)).map(|(_, view)| view.data().len() / 4);
    Ok(Summary { step, settings, data, values: values.sum() })
}

/// Sets a fresh run to the state in the checkpoint at `path`.
///
/// # Errors
/// When the file cannot be read, or was made with other settings or other data.
pub fn restore(trainer: &mut Trainer, path: &Path) -> Result<(), TrainingError> {
    let refused = |reason: String| TrainingError::Checkpoint { path: path.to_owned(), reason };
    let bytes = read(path)?;
    let header = header(&bytes, path)?;
    let differences = trainer.settings().differences(&header.settings);
    if !differences.is_empty() {
        return Err(TrainingError::OtherSettings { path: path.to_owned(), differences });
    }
    if header.data != hex::encode(&trainer.data.digest()) {
        return Err(TrainingError::OtherData { path: path.to_owned() });
    }
    let file = SafeTensors::deserialize(&bytes).map_err(|e| refused(e.to_string()))?;
    let groups = [
        (PARAMETER, &mut trainer.parameters),
        ("first", &mut trainer.optimiser.first),
        ("second", &mut trainer.optimiser.second),
    ];
    for (group, list) in groups {
        for ((name, shape), data) in trainer.slots.iter().zip(list) {
            let name = format!("{group}.{name}");
            let view = file.tensor(&name).map_err(|e| refused(e.to_string()))?;
            if view.dtype() != Dtype::F32 || view.shape() != shape.as_slice() {
                return Err(refused(format!("tensor {name} has shape {:?}, expected {shape:?}", view.shape())));
            }
            *data = view.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        }
    }
    trainer.optimiser.updates = header.step;
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, TrainingError> {
    std::fs::read(path).map_err(|source| TrainingError::ReadCheckpoint { path: path.to_owned(), source })
}

fn header(bytes: &[u8], path: &Path) -> Result<Header, TrainingError> {
    let refused = |reason: String| TrainingError::Checkpoint { path: path.to_owned(), reason };
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| refused(format!("not a checkpoint: {e}")))?;
    let header = metadata.metadata().as_ref().and_then(|m| m.get(ENTRY));
    let header = header.ok_or_else(|| refused("not a checkpoint of neural-vault".to_owned()))?;
    let header: Header = serde_json::from_str(header).map_err(|e| refused(format!("unreadable header: {e}")))?;
    match header.schema.as_str() {
        SCHEMA => Ok(header),
        other => Err(refused(format!("is {other}, this program continues {SCHEMA}"))),
    }
}
