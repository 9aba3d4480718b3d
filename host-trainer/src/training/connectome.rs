//! Recipe `connectome`: a model of how regions covary, fitted to background persons.

use std::collections::HashMap;
use std::path::PathBuf;

use neural_vault_core::encoder::MAX_REGIONS;
use serde::{Deserialize, Serialize};

use super::TrainingError;
use super::note::Note;
use crate::connectome::{FEWEST_PERSONS, FitError, MIN_REGIONS, Parcels, Person, Run, fit};
use crate::dataset::{Dataset, Scan, check_frames};
use crate::escape::{self, Escaped};
use crate::model::{Model, PROBE_FRAMES, Provenance};

/// Background persons below which more of them would help much.
pub const MANY_PERSONS: usize = 8;

/// The settings of the recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connectome {
    /// Fewest frames of a probe.
    pub frames: usize,
    /// The region of each feature; each is a region of its own without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcels: Option<Parcels>,
}

impl Default for Connectome {
    fn default() -> Self {
        Self { frames: PROBE_FRAMES, parcels: None }
    }
}

/// Why nothing can be fitted to recordings of background persons.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectomeError {
    /// The persons cannot be fitted to.
    #[error("{origin}: {source}{}", region.as_ref().map(|region| format!("; the region is {region}")).unwrap_or_default())]
    Fit {
        /// Where the recordings came from.
        origin: String,
        /// What is wrong.
        source: FitError,
        /// The region that it names, as the parcels name it.
        region: Option<String>,
    },
    /// There are too few labels.
    #[error(
        "{origin}: {persons} persons ({}): the background needs {FEWEST_PERSONS} at least, none of whom is enrolled later",
        labels.join(", ")
    )]
    FewPersons {
        /// Where the recordings came from.
        origin: String,
        /// Persons that there are.
        persons: usize,
        /// Their labels.
        labels: Vec<String>,
    },
    /// Frames are too wide to be regions, or too narrow.
    #[error("{origin}: {}", width(*features))]
    Width {
        /// Where the recordings came from.
        origin: String,
        /// Features of a frame.
        features: usize,
    },
    /// The parcels are not those of the recordings.
    #[error("{origin}: parcels of {given} features, but frames have {features}{}", half(*given, *features))]
    Parcels {
        /// Where the recordings came from.
        origin: String,
        /// Features of the parcels.
        given: usize,
        /// Features of a frame.
        features: usize,
    },
    /// A person is in two inputs.
    #[error(
        "label `{}` is in {} and in {}: a person in the background twice counts twice, and two persons need two labels",
        Escaped(label),
        escape::path(first),
        escape::path(second)
    )]
    PersonTwice {
        /// The label.
        label: String,
        /// The first input.
        first: PathBuf,
        /// The second one.
        second: PathBuf,
    },
    /// Two recordings are the same.
    #[error(
        "{origin}: {second} has the same values as {first}: a recording in the background twice counts twice; leave one out"
    )]
    SameRecording {
        /// Where the recordings came from.
        origin: String,
        /// The first of them.
        first: String,
        /// The second one.
        second: String,
    },
}

fn width(features: usize) -> String {
    if features < MIN_REGIONS {
        return format!("frames of {features} features: the recipe takes {MIN_REGIONS} to {MAX_REGIONS} regions");
    }
    format!(
        "frames of {features} features: the recipe takes {MIN_REGIONS} to {MAX_REGIONS} regions, so neighbouring features must \
         be averaged to regions by parcels (principal components lose what separates persons)"
    )
}

fn half(given: usize, features: usize) -> &'static str {
    if given * 2 == features { "; give the parcels of both hemispheres, left and right" } else { "" }
}

impl Connectome {
    /// Fits a model to the persons of `dataset`, whose labels they are; also returns notes on the recordings.
    ///
    /// # Errors
    /// [`ConnectomeError`]: there are fewer than three persons, a recording is twice there, too short or lacks a region, or
    /// frames are no regions; also when a frame says nothing.
    pub fn train(&self, dataset: &Dataset) -> Result<(Model, Vec<Note>), TrainingError> {
        let origin = escape::path(&dataset.origin);
        let regions = self.regions(dataset)?;
        check_frames(dataset, 0..dataset.rows.len())?;
        let scans = dataset.scans();
        check_recordings(dataset, &scans)?;
        let values: Vec<Vec<f32>> = match &self.parcels {
            Some(parcels) => scans.iter().map(|scan| parcels.average(dataset.scan_values(scan))).collect(),
            None => Vec::new(),
        };
        let run = |at: usize| Run {
            session: &dataset.sessions[scans[at].session as usize],
            frames: values.get(at).map_or_else(|| dataset.scan_values(&scans[at]), Vec::as_slice),
        };
        let mut persons: Vec<Person<'_>> = Vec::new();
        for (at, scan) in scans.iter().enumerate() {
            let label = dataset.labels[scan.label as usize].as_str();
            match persons.last_mut() {
                Some(person) if person.label == label => person.runs.push(run(at)),
                _ => persons.push(Person { label, runs: vec![run(at)] }),
            }
        }
        let labels: Vec<String> = persons.iter().map(|person| person.label.to_owned()).collect();
        if labels.len() < FEWEST_PERSONS {
            return Err(ConnectomeError::FewPersons { origin, persons: labels.len(), labels }.into());
        }
        let notes = notes(&persons, &origin);
        let fitted = fit(regions, &persons).map_err(|source| {
            let region = match &source {
                FitError::ConstantRegion { region, .. } | FitError::NotFinite { region, .. } => Some(*region),
                _ => None,
            };
            let region = region.zip(self.parcels.as_ref()).map(|(region, parcels)| parcels.describe(region));
            ConnectomeError::Fit { origin, source, region }
        })?;
        let provenance = Provenance {
            labels,
            training_sessions: dataset.sessions.clone(),
            window: self.frames,
            recipe: "connectome".to_owned(),
            effective_dimension: None,
        };
        Ok((Model::connectome(fitted, self.parcels.as_ref(), provenance)?, notes))
    }

    /// The regions of the recordings.
    fn regions(&self, dataset: &Dataset) -> Result<usize, ConnectomeError> {
        let (origin, features) = (escape::path(&dataset.origin), dataset.features);
        match &self.parcels {
            Some(parcels) if parcels.numbers().len() == features => Ok(parcels.regions()),
            Some(parcels) => Err(ConnectomeError::Parcels { origin, given: parcels.numbers().len(), features }),
            None if (MIN_REGIONS..=MAX_REGIONS).contains(&features) => Ok(features),
            None => Err(ConnectomeError::Width { origin, features }),
        }
    }
}

/// Recordings of several inputs as one background; no label may be in two of them.
///
/// # Errors
/// [`ConnectomeError::PersonTwice`], and as [`Dataset::union`].
pub fn background(parts: Vec<Dataset>) -> Result<Dataset, TrainingError> {
    let mut owners: HashMap<&str, &PathBuf> = HashMap::new();
    for part in &parts {
        for label in &part.labels {
            if let Some(first) = owners.insert(label, &part.origin) {
                let (label, first, second) = (label.clone(), first.clone(), part.origin.clone());
                return Err(ConnectomeError::PersonTwice { label, first, second }.into());
            }
        }
    }
    let origins: Vec<String> = parts.iter().map(|part| escape::path(&part.origin)).collect();
    Ok(Dataset::union(parts, origins.join(", ").into())?)
}

/// Refuses recordings with the same values.
fn check_recordings(dataset: &Dataset, scans: &[Scan]) -> Result<(), ConnectomeError> {
    let mut seen: HashMap<&[u8], &Scan> = HashMap::new();
    let name = |scan: &Scan| {
        let (label, session) = (&dataset.labels[scan.label as usize], &dataset.sessions[scan.session as usize]);
        let session = if session.is_empty() { String::new() } else { format!(", session `{}`", Escaped(session)) };
        format!("label `{}`{session}", Escaped(label))
    };
    for scan in scans {
        if let Some(first) = seen.insert(bytemuck::cast_slice(dataset.scan_values(scan)), scan) {
            let origin = escape::path(&dataset.origin);
            return Err(ConnectomeError::SameRecording { origin, first: name(first), second: name(scan) });
        }
    }
    Ok(())
}

fn notes(persons: &[Person<'_>], origin: &str) -> Vec<Note> {
    let mut notes = Vec::new();
    if persons.iter().all(|person| person.runs.len() == 1) {
        notes.push(Note::OneSessionEach { origin: origin.to_owned(), labels: persons.len() });
    }
    if persons.len() < MANY_PERSONS {
        notes.push(Note::FewPersons { persons: persons.len() });
    }
    notes
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
