//! The recordings that calibrate a weight format, and on which its distance from f32 is measured.

use std::io::ErrorKind;
use std::path::Path;

use neural_vault_core::encoder::WeightFormat;
use serde_json::{Value, json};

use super::console::{Console, list};
use super::failure::{DATA, Failure, USAGE};
use crate::dataset::Dataset;
use crate::embedding::check_width;
use crate::model::{Model, ModelError};
use crate::training::{ARCHIVE, Archive, ArchiveError};

/// Recordings of the sessions that trained a model, and whence they come.
pub struct Calibration {
    /// All recordings that were given or archived.
    pub dataset: Dataset,
    /// The raw frames of the sessions that trained the model, or of all sessions when it names none.
    pub frames: Vec<f32>,
    sessions: Vec<String>,
    is_archive: bool,
}

impl Calibration {
    /// The recordings that were given, or else those of the training archive in the model's folder; `None` where there are
    /// neither and the format can do without.
    ///
    /// # Errors
    /// When the format cannot do without, the archive belongs to another model, or no session trained the model.
    pub fn find(
        given: Option<Dataset>,
        folder: &Path,
        model: &Model,
        format: WeightFormat,
        console: &Console,
    ) -> Result<Option<Self>, Failure> {
        if let Some(dataset) = given {
            return Self::new(dataset, model, false).map(Some);
        }
        let is_needed = format.largest_code().is_some();
        let error = match Archive::read(folder, *model.digest()) {
            Ok(archive) => return Self::new(archive.dataset, model, true).map(Some),
            Err(error) => error,
        };
        let is_absent = matches!(&error, ArchiveError::Read { source, .. } if source.kind() == ErrorKind::NotFound);
        match (is_needed, is_absent) {
            (true, true) => Err(Failure::new(
                USAGE,
                format!(
                    "--weights {} is calibrated on the recordings that trained the model, and {} has no training archive \
                     ({ARCHIVE}), as after `train --no-archive` or `import`: give --data",
                    format.name(),
                    folder.display()
                ),
            )),
            (true, false) => {
                let failure = Failure::from(error);
                Err(Failure::new(failure.code, format!("{failure}; or give --data")))
            }
            (false, true) => Ok(None),
            (false, false) => {
                console.note(format!("note: {error}: the distance from f32 is not measured"));
                Ok(None)
            }
        }
    }

    fn new(dataset: Dataset, model: &Model, is_archive: bool) -> Result<Self, Failure> {
        check_width(&dataset, model.dims().features)?;
        let trained = &model.provenance().training_sessions;
        let is_trained = |session: &String| trained.is_empty() || trained.contains(session);
        // The recordings are at fault here, and not the model.
        let frames = model.calibration_frames(&dataset).map_err(|error| match error {
            ModelError::Calibration(text) => Failure::new(DATA, text),
            error => error.into(),
        })?;
        let sessions = dataset.sessions.iter().filter(|session| is_trained(session) && !session.is_empty());
        let sessions = sessions.cloned().collect();
        Ok(Self { dataset, frames, sessions, is_archive })
    }

    /// What calibrated the format, in words.
    pub fn describe(&self) -> String {
        let sessions = if self.sessions.is_empty() { String::new() } else { format!(" of {}", list(&self.sessions)) };
        let source = if self.is_archive { "the training archive" } else { "--data" };
        format!("{} frames{sessions}, by {source}", self.count())
    }

    /// The same as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "source": if self.is_archive { "archive" } else { "data" },
            "sessions": self.sessions,
            "frames": self.count(),
        })
    }

    fn count(&self) -> usize {
        self.frames.len() / self.dataset.features
    }
}
