//! The training archive: a model's recordings and recipe, from which it can be trained again with one more label.
//!
//! It is a file beside the model, readable by its owner only, because it holds the training recordings.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use serde::{Deserialize, Serialize};

use super::Recipe;
use crate::dataset::{Dataset, Row};
use crate::escape::Escaped;
use crate::files::{self, Existing, Pending, Readers};
use crate::hex;

/// The archive's name in a model's folder.
pub const ARCHIVE: &str = "training.safetensors";

/// The entry of a safetensors file's metadata that marks it as an archive.
pub const ARCHIVE_ENTRY: &str = "neural-vault-training";
const SCHEMA: &str = "neural-vault/training/1";

/// The recordings and the recipe of a model.
#[derive(Debug)]
pub struct Archive {
    /// The training recordings, raw.
    pub dataset: Dataset,
    /// The recipe.
    pub recipe: Recipe,
    /// Digest of the resulting model.
    pub model_digest: [u8; 32],
}

/// Why an archive cannot be read, extended or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The file is not a sound archive.
    #[error("{}: not a sound training archive: {reason}; train again", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The archive belongs to another model.
    #[error("{}: belongs to model {archived}, not {given}", path.display())]
    OtherModel {
        /// The file.
        path: PathBuf,
        /// Digest of the model that the archive made.
        archived: String,
        /// Digest of the model given.
        given: String,
    },
    /// The label to add is in the archive already.
    #[error("label {label} trained the model already")]
    KnownLabel {
        /// The label.
        label: String,
    },
    /// The new recordings do not match the archived ones.
    #[error("{0}")]
    Mismatch(String),
    /// The file cannot be written.
    #[error("{source}")]
    Write {
        /// The error of the operating system, with the file's name.
        source: std::io::Error,
    },
}

/// An archive that is written, but has not its name yet.
pub(crate) struct Prepared(Pending);

#[derive(Serialize, Deserialize)]
struct Header {
    schema: String,
    model_digest: String,
    recipe: Recipe,
    labels: Vec<String>,
    sessions: Vec<String>,
}

impl Archive {
    /// Writes the archive into the model's `folder`, readable by its owner only.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), ArchiveError> {
        self.prepare(folder)?.commit()
    }

    /// Writes the archive under a temporary name, which [`Prepared::commit`] changes into its own.
    ///
    /// # Errors
    /// As [`Archive::write`].
    pub(crate) fn prepare(&self, folder: &Path) -> Result<Prepared, ArchiveError> {
        let path = folder.join(ARCHIVE);
        let malformed = |reason: String| ArchiveError::Malformed { path: path.clone(), reason };
        let Dataset { features, rows, values, labels, sessions, .. } = &self.dataset;
        let indices = |index: fn(&Row) -> u32| rows.iter().flat_map(|row| index(row).to_le_bytes()).collect();
        let columns: [(&str, Dtype, Vec<usize>, Vec<u8>); 4] = [
            ("values", Dtype::F32, vec![rows.len(), *features], values.iter().flat_map(|v| v.to_le_bytes()).collect()),
            ("label", Dtype::U32, vec![rows.len()], indices(|row| row.label)),
            ("session", Dtype::U32, vec![rows.len()], indices(|row| row.session)),
            ("timestep", Dtype::I64, vec![rows.len()], rows.iter().flat_map(|r| r.timestep.to_le_bytes()).collect()),
        ];
        let views = columns
            .iter()
            .map(|(name, kind, shape, bytes)| Ok((*name, TensorView::new(*kind, shape.clone(), bytes)?)))
            .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
            .map_err(|e| malformed(e.to_string()))?;
        let header = Header {
            schema: SCHEMA.to_owned(),
            model_digest: hex::encode(&self.model_digest),
            recipe: self.recipe.clone(),
            labels: labels.clone(),
            sessions: sessions.clone(),
        };
        let header = serde_json::to_string(&header).map_err(|e| malformed(e.to_string()))?;
        let bytes = serialize(views, Some(HashMap::from([(ARCHIVE_ENTRY.to_owned(), header)])));
        let bytes = bytes.map_err(|e| malformed(e.to_string()))?;
        let file = files::fill(&path, &bytes, Readers::Owner, Existing::Replace);
        Ok(Prepared(file.map_err(|source| ArchiveError::Write { source })?))
    }

    /// Reads the archive beside the model in `folder`, whose digest must be `model_digest`.
    ///
    /// # Errors
    /// When it is missing, not sound, or belongs to another model.
    pub fn read(folder: &Path, model_digest: [u8; 32]) -> Result<Self, ArchiveError> {
        let path = folder.join(ARCHIVE);
        let archive = Self::read_file(&path)?;
        if archive.model_digest != model_digest {
            let (archived, given) = (hex::encode(&archive.model_digest), hex::encode(&model_digest));
            return Err(ArchiveError::OtherModel { path, archived, given });
        }
        Ok(archive)
    }

    /// Reads the archive of any model.
    ///
    /// # Errors
    /// When it cannot be read, or is not sound.
    pub fn read_file(path: &Path) -> Result<Self, ArchiveError> {
        let malformed = |reason: String| ArchiveError::Malformed { path: path.to_owned(), reason };
        let bytes = std::fs::read(path).map_err(|source| ArchiveError::Read { path: path.to_owned(), source })?;
        let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|e| malformed(e.to_string()))?;
        let header = metadata.metadata().as_ref().and_then(|m| m.get(ARCHIVE_ENTRY));
        let header = header.ok_or_else(|| malformed("it was not written by neural-vault".to_owned()))?;
        let header: Header = serde_json::from_str(header).map_err(|e| malformed(e.to_string()))?;
        if header.schema != SCHEMA {
            return Err(malformed(format!("it is {}, this program reads {SCHEMA}", header.schema)));
        }
        let mut model_digest = [0; 32];
        base16ct::lower::decode(&header.model_digest, &mut model_digest)
            .ok()
            .filter(|digest| digest.len() == 32)
            .ok_or_else(|| malformed("it does not name the digest of a model".to_owned()))?;
        let file = SafeTensors::deserialize(&bytes).map_err(|e| malformed(e.to_string()))?;
        let column = |name: &str, kind: Dtype| match file.tensor(name) {
            Ok(view) if view.dtype() == kind => Ok((view.shape().to_vec(), view.data())),
            Ok(view) => Err(malformed(format!("{name} holds {:?}, expected {kind:?}", view.dtype()))),
            Err(error) => Err(malformed(error.to_string())),
        };
        let (shape, values) = column("values", Dtype::F32)?;
        let &[count, features] = shape.as_slice() else {
            return Err(malformed(format!("values has shape {shape:?}, expected rows x features")));
        };
        let indices = |name: &str, limit: usize| {
            let (_, bytes) = column(name, Dtype::U32)?;
            let values: Vec<u32> = bytes.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b)).collect();
            match values.iter().find(|&&value| value as usize >= limit) {
                Some(value) => Err(malformed(format!("{name} {value} has no name"))),
                None => Ok(values),
            }
        };
        let labels = indices("label", header.labels.len())?;
        let sessions = indices("session", header.sessions.len())?;
        let (_, timesteps) = column("timestep", Dtype::I64)?;
        let timesteps = timesteps.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b));
        let rows: Vec<Row> = (labels.iter().zip(&sessions).zip(timesteps))
            .map(|((&label, &session), timestep)| Row { label, session, timestep, run: 0 })
            .collect();
        if count == 0 {
            return Err(malformed("it holds no rows".to_owned()));
        }
        if rows.len() != count || labels.len() != count || sessions.len() != count || features == 0 {
            return Err(malformed("its columns are not of one length".to_owned()));
        }
        let mut dataset = Dataset {
            origin: path.to_owned(),
            labels: header.labels,
            sessions: header.sessions,
            features,
            rows,
            values: values.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            notes: Vec::new(),
        };
        check_names("label", &dataset.labels).map_err(malformed)?;
        check_names("session", &dataset.sessions).map_err(malformed)?;
        check_order(&dataset).map_err(malformed)?;
        dataset.find_runs();
        Ok(Self { dataset, recipe: header.recipe, model_digest })
    }

    /// The archived recordings together with those of some labels of `others`.
    ///
    /// # Errors
    /// When a label is archived already, is not in `others`, or the recordings have another width.
    pub fn with_labels(&self, others: &Dataset, labels: &[String]) -> Result<Dataset, ArchiveError> {
        let mut all = self.dataset.clone();
        if others.features != all.features {
            let (given, expected) = (others.features, all.features);
            let text = format!("frames of {given} features, the model was trained on frames of {expected}");
            return Err(ArchiveError::Mismatch(text));
        }
        labels.iter().try_for_each(|label| add_label(&mut all, others, label))?;
        Ok(all)
    }
}

impl Prepared {
    /// Gives the archive its name.
    ///
    /// # Errors
    /// When the file cannot be flushed or renamed.
    pub(crate) fn commit(self) -> Result<(), ArchiveError> {
        self.0.commit_named().map_err(|source| ArchiveError::Write { source })
    }
}

/// Refuses two labels or sessions of one name, which would be one person or recording under two numbers.
fn check_names(what: &str, names: &[String]) -> Result<(), String> {
    let mut seen = HashSet::new();
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        Some(name) => Err(format!("two {what}s are `{}`", Escaped(name))),
        None => Ok(()),
    }
}

/// Refuses rows of a recording that do not follow each other in time.
fn check_order(dataset: &Dataset) -> Result<(), String> {
    let mut seen = HashSet::new();
    for scan in dataset.scans() {
        let rows = &dataset.rows[scan.rows.clone()];
        let is_in_order = rows.is_sorted_by(|row, next| row.timestep < next.timestep);
        if !is_in_order || !seen.insert((scan.label, scan.session)) {
            return Err(format!("row {} is not in order", scan.rows.start + 1));
        }
    }
    Ok(())
}

/// Adds the recordings of one label of `others`.
fn add_label(all: &mut Dataset, others: &Dataset, label: &str) -> Result<(), ArchiveError> {
    if all.labels.iter().any(|known| known == label) {
        return Err(ArchiveError::KnownLabel { label: label.to_owned() });
    }
    let Some(index) = others.labels.iter().position(|known| known == label) else {
        let text = format!("no label {label} in the recordings; they have {}", others.labels.join(", "));
        return Err(ArchiveError::Mismatch(text));
    };
    let new_label = all.labels.len() as u32;
    all.labels.push(label.to_owned());
    for (row, values) in others.rows.iter().zip(others.values.chunks_exact(others.features)) {
        if row.label as usize != index {
            continue;
        }
        let name = &others.sessions[row.session as usize];
        let session = all.sessions.iter().position(|known| known == name).unwrap_or_else(|| {
            all.sessions.push(name.clone());
            all.sessions.len() - 1
        });
        all.rows.push(Row { label: new_label, session: session as u32, ..*row });
        all.values.extend_from_slice(values);
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dataset::Synthetic;

    type Change = fn(&mut Dataset);

    fn archive() -> Archive {
        Archive {
            dataset: Synthetic { classes: 2, timesteps: 3, features: 5, sessions: 2, noise: 1.0, seed: 1 }.recordings(),
            recipe: Recipe::Linear { open_set: true },
            model_digest: [7; 32],
        }
    }

    #[test]
    fn an_archive_reads_back_for_its_own_model_only() {
        let folder = tempfile::tempdir().unwrap();
        archive().write(folder.path()).unwrap();
        let read = Archive::read(folder.path(), [7; 32]).unwrap();
        assert_eq!(read.dataset.values, archive().dataset.values);
        assert_eq!(read.dataset.rows, archive().dataset.rows);
        assert_eq!(
            (read.dataset.labels, read.dataset.sessions),
            (archive().dataset.labels, archive().dataset.sessions)
        );
        assert_eq!(read.recipe, archive().recipe);
        let error = Archive::read(folder.path(), [8; 32]).err().unwrap().to_string();
        assert!(error.contains(&"07".repeat(32)) && error.contains(&"08".repeat(32)), "{error}");
    }

    #[test]
    fn an_archive_whose_recordings_are_not_in_order_is_refused() {
        let refused = |change: &dyn Fn(&mut Dataset)| {
            let folder = tempfile::tempdir().unwrap();
            let mut archive = archive();
            change(&mut archive.dataset);
            archive.write(folder.path()).unwrap();
            Archive::read(folder.path(), [7; 32]).err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(refused(&|_| ()), "");
        let changes: [(&str, Change); 6] = [
            ("two labels are `class00`", |data| data.labels[1] = "class00".to_owned()),
            ("two sessions are `run00`", |data| data.sessions[1] = "run00".to_owned()),
            ("row 1 is not in order", |data| data.rows.swap(1, 2)),
            ("row 1 is not in order", |data| data.rows[1].timestep = 0),
            ("row 5 is not in order", |data| data.rows[4].session = 0),
            ("it holds no rows", |data| {
                data.rows.clear();
                data.values.clear();
            }),
        ];
        for (says, change) in changes {
            let message = refused(&change);
            assert!(message.contains(says), "{message}");
        }
    }

    #[test]
    fn a_damaged_archive_is_refused_or_read_without_a_panic() {
        let folder = tempfile::tempdir().unwrap();
        archive().write(folder.path()).unwrap();
        let path = folder.path().join(ARCHIVE);
        let sound = std::fs::read(&path).unwrap();
        for at in 0..sound.len() {
            let mut bytes = sound.clone();
            bytes[at] ^= 0x11;
            std::fs::write(&path, &bytes).unwrap();
            if let Ok(read) = Archive::read(folder.path(), [7; 32]) {
                assert_eq!(read.dataset.values.len(), read.dataset.rows.len() * read.dataset.features);
                assert!(read.dataset.rows.iter().all(|row| (row.label as usize) < read.dataset.labels.len()));
            }
            std::fs::write(&path, &sound[..at]).unwrap();
            assert!(Archive::read(folder.path(), [7; 32]).is_err());
        }
    }

    fn with(others: &Dataset, label: &str) -> Result<Dataset, ArchiveError> {
        archive().with_labels(others, &[label.to_owned()])
    }

    #[test]
    fn a_label_joins_with_its_sessions_by_name() {
        let mut others =
            Synthetic { classes: 4, timesteps: 2, features: 5, sessions: 3, noise: 1.0, seed: 2 }.recordings();
        others.sessions[2] = "later".to_owned();
        let all = with(&others, "class03").unwrap();
        assert_eq!(all.labels, ["class00", "class01", "class03"]);
        assert_eq!(all.sessions, ["run00", "run01", "later"]);
        assert_eq!(all.rows.len(), 2 * 2 * 3 + 2 * 3);
        assert_eq!(all.values.len(), all.rows.len() * 5);
        assert!(with(&others, "class00").is_err());
        assert!(with(&others, "class09").is_err());
        let wider = Synthetic { classes: 4, timesteps: 2, features: 6, sessions: 3, noise: 1.0, seed: 2 }.recordings();
        assert!(with(&wider, "class03").is_err());
    }
}
