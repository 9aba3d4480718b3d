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

/// The groups of tensors: the weights, and their first and second moments.
const PARAMETER: &str = "parameter";
const FIRST: &str = "first";
const SECOND: &str = "second";

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
    let groups = [(PARAMETER, &trainer.parameters), (FIRST, &optimiser.first), (SECOND, &optimiser.second)];
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
    let (Header { step, settings, data, .. }, file) = open(&bytes).map_err(refused)?;
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
    let (header, file) = open(&bytes).map_err(refused)?;
    let differences = trainer.settings().differences(&header.settings);
    if !differences.is_empty() {
        return Err(TrainingError::OtherSettings { path: path.to_owned(), differences });
    }
    if header.data != hex::encode(&trainer.data.digest()) {
        return Err(TrainingError::OtherData { path: path.to_owned() });
    }
    let groups = [
        (PARAMETER, &mut trainer.parameters),
        (FIRST, &mut trainer.optimiser.first),
        (SECOND, &mut trainer.optimiser.second),
    ];
    for (group, list) in groups {
        for ((name, shape), data) in trainer.slots.iter().zip(list) {
            let name = format!("{group}.{name}");
            let view = file.tensor(&name).map_err(|e| refused(e.to_string()))?;
            if view.shape() != shape.as_slice() {
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

/// The header and the tensors of a checkpoint: float32, each weight with two moments of its shape.
fn open(bytes: &[u8]) -> Result<(Header, SafeTensors<'_>), String> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| format!("not a checkpoint: {e}"))?;
    let header = metadata.metadata().as_ref().and_then(|m| m.get(ENTRY));
    let header = header.ok_or_else(|| "not a checkpoint of neural-vault".to_owned())?;
    let header: Header = serde_json::from_str(header).map_err(|e| format!("unreadable header: {e}"))?;
    if header.schema != SCHEMA {
        return Err(format!("is {}, this program continues {SCHEMA}", header.schema));
    }
    // A checkpoint of all steps would be taken for a finished run, whatever its weights are.
    let (step, steps) = (header.step, header.settings.steps);
    if step >= steps {
        return Err(format!("states {step} steps done, of a run of {steps}"));
    }
    let file = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
    // In order, so that a checkpoint with several faults is always refused for the same one.
    let mut names = file.names();
    names.sort_unstable();
    for name in names {
        let view = file.tensor(name).map_err(|e| e.to_string())?;
        let (group, own) = name.split_once('.').unwrap_or_default();
        if ![PARAMETER, FIRST, SECOND].contains(&group) || view.dtype() != Dtype::F32 {
            return Err(format!("tensor {name} of {} is not part of a checkpoint", view.dtype()));
        }
        for group in [PARAMETER, FIRST, SECOND] {
            let other = file.tensor(&format!("{group}.{own}")).map_err(|e| e.to_string())?;
            if other.shape() != view.shape() {
                return Err(format!("tensor {name} has shape {:?}, {group}.{own} {:?}", view.shape(), other.shape()));
            }
        }
    }
    Ok((header, file))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A checkpoint of one weight, with a tensor instead of one of its moments and after some of 60 steps.
    fn described(name: &str, dtype: Dtype, shape: &[usize], step: u64) -> Result<Summary, String> {
        let count = shape.iter().product::<usize>() * dtype.bitsize() / 8;
        let (weight, moment) = ([0; 8], vec![0; count]);
        let tensors = [
            ("parameter.bias", TensorView::new(Dtype::F32, vec![2], &weight).unwrap()),
            ("first.bias", TensorView::new(Dtype::F32, vec![2], &weight).unwrap()),
            (name, TensorView::new(dtype, shape.to_vec(), &moment).unwrap()),
        ];
        let settings = Settings { steps: 60, ..Settings::whitened() };
        let header = Header { schema: SCHEMA.to_owned(), step, settings, data: "00".repeat(32) };
        let metadata = HashMap::from([(ENTRY.to_owned(), serde_json::to_string(&header).unwrap())]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        std::fs::write(&path, serialize(tensors, Some(metadata)).unwrap()).unwrap();
        describe(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn a_checkpoint_of_a_finished_run_or_of_other_tensors_is_refused() {
        assert_eq!(described("second.bias", Dtype::F32, &[2], 59).unwrap().values, 2);
        for (name, dtype, shape, step, says) in [
            ("second.bias", Dtype::F32, vec![2], 60, "states 60 steps done, of a run of 60"),
            ("second.bias", Dtype::F32, vec![2], u64::MAX, "states 18446744073709551615 steps done"),
            ("second.bias", Dtype::F32, vec![3], 1, "has shape"),
            ("second.bias", Dtype::I32, vec![2], 1, "not part of a checkpoint"),
            ("second.other", Dtype::F32, vec![2], 1, "second.bias"),
            ("third.bias", Dtype::F32, vec![2], 1, "second.bias"),
        ] {
            let message = described(name, dtype, &shape, step).unwrap_err();
            assert!(message.contains(says), "{message}");
        }
    }
}
