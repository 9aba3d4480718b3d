//! The impostor scores that a connectome model states.

use super::{Model, ModelError};
use crate::connectome::ImpostorTable;

impl Model {
    /// What scans of different persons score, by the probe's length; empty where the model was imported without it.
    ///
    /// # Errors
    /// [`ModelError::Tensor`] when the model is no connectome.
    pub fn impostor_table(&self) -> Result<ImpostorTable, ModelError> {
        let bundle = self.bundle()?;
        let tensor = |name: &str| {
            let missing = || ModelError::Tensor { name: name.to_owned(), reason: "is missing".to_owned() };
            bundle.state_tensor(name).ok_or_else(missing)
        };
        let (frames, scores) = (tensor("connectome.impostor_frames")?, tensor("connectome.impostor_scores")?);
        let pairs = frames.into_iter().map(|frames| frames as u32).zip(scores);
        Ok(ImpostorTable::new(pairs.take_while(|(frames, _)| *frames > 0)))
    }
}
