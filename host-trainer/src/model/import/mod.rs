//! Weights trained elsewhere: a PyTorch `state_dict` of the reference's encoder, saved as safetensors, or the whitening and the
//! mean of a connectome model, saved by NumPy.
//!
//! An import takes all of a file or says what it left out. Every tensor is taken, refused by its name, or named in an
//! [`ImportNote`]; what shapes do not determine comes from the metadata, from the caller, or is assumed with a note.

#[cfg(feature = "_engine")]
mod connectome;
mod error;
mod metadata;
mod names;
mod note;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use neural_vault_core::encoder::Fill;
use safetensors::SafeTensors;

use super::assemble::assemble;
use super::content::Content;
use super::safetensors::{ENTRY, Header, damage};
use super::state_dict::Tensors;
use super::{MAX_WINDOW, ModelError, Provenance, StateDict};
use crate::dataset::{Dataset, Standardiser, check_frames};
use crate::embedding::{EmbeddingError, check_width};
pub use error::{ImportError, ImportFault, NamesError};
use metadata::Metadata;
pub use note::ImportNote;

/// Heads assumed without metadata, the reference's.
const REFERENCE_HEADS: usize = 8;

/// What a caller knows of weights to import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Attention heads; the metadata's when absent, else 8.
    pub heads: Option<usize>,
    /// Frames of a window, the default to enrol and verify with; the metadata's when absent, else 1. Of a connectome the fewest
    /// frames of a probe, else 25.
    pub window: Option<usize>,
    /// Tensors to leave out, by their names or by what their names begin with.
    pub skip: Vec<String>,
}

/// Weights from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The weights.
    pub weights: StateDict,
    /// Whether frames are standardised, by statistics in the file.
    pub standardised: bool,
    /// The window and the name of the file; of a file of this program its labels and sessions too.
    pub provenance: Provenance,
    /// What was changed, left out or assumed.
    pub notes: Vec<ImportNote>,
}

/// Reads the weights of an encoder from a safetensors file, or those of a connectome model from an `.npz` file.
///
/// An `.npz` file holds the arrays `W` (regions x regions) and `mu` (pairs of regions), and may hold `parcels`,
/// `impostor_frames` and `impostor_scores`; it is read with the feature of an engine.
///
/// Tensors have the names that PyTorch gives them in the reference's encoder, after wrappers (`module.`) and a common
/// beginning (`model.encoder.`). Values of other types become float32. `pos.pe` and the standardiser may be missing
/// (sinusoidal positions, no standardisation). Of a file that this program wrote, heads, window, labels and sessions are
/// those of the model.
///
/// # Errors
/// [`ImportError`], which names the file and the tensor or metadata entry.
pub fn import(path: &Path, options: &ImportOptions) -> Result<Imported, ImportError> {
    let failed = |fault| ImportError { path: path.to_owned(), fault };
    let bytes = std::fs::read(path).map_err(|source| failed(ImportFault::Read(source)))?;
    let origin: PathBuf = path.file_name().unwrap_or_default().into();
    #[cfg(feature = "_engine")]
    if Content::recognise(&bytes) == Some(Content::NumpyArchive)
        && let Some(imported) = connectome::from_bytes(&bytes, &origin, options).map_err(failed)?
    {
        return Ok(imported);
    }
    from_bytes(&bytes, &origin, options).map_err(failed)
}

/// As [`import`], of the bytes of a safetensors file, which is called `origin`.
///
/// # Errors
/// As [`import`].
pub fn import_bytes(bytes: &[u8], origin: &Path, options: &ImportOptions) -> Result<Imported, ImportError> {
    from_bytes(bytes, origin, options).map_err(|fault| ImportError { path: origin.to_owned(), fault })
}

impl Imported {
    /// Standardises by the mean and the deviation of the recordings that the weights were trained on.
    ///
    /// # Errors
    /// When the recordings have another width, or a frame says nothing.
    pub fn standardise(&mut self, dataset: &Dataset) -> Result<(), EmbeddingError> {
        check_width(dataset, self.weights.dims.features)?;
        check_frames(dataset, 0..dataset.rows.len())?;
        let (standardiser, _) = Standardiser::fit(&dataset.values, dataset.features, self.weights.fill);
        self.weights.set_standardiser(standardiser);
        self.standardised = true;
        Ok(())
    }
}

fn from_bytes(bytes: &[u8], origin: &Path, options: &ImportOptions) -> Result<Imported, ImportFault> {
    if let Some(content) = Content::unexpected(bytes, Content::Safetensors) {
        return Err(ImportFault::Content(content));
    }
    let malformed = |error| ImportFault::Malformed(damage(bytes, &error));
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(malformed)?;
    let file = SafeTensors::deserialize(bytes).map_err(malformed)?;
    let metadata = Metadata(header.metadata().clone().unwrap_or_default());
    let own = metadata.0.get(ENTRY).map(|header| Header::from_json(header)).transpose();
    let own = own.map_err(ImportFault::Malformed)?;

    let mut notes = Vec::new();
    let names: Vec<&str> = file.names();
    if own.is_some() && names.contains(&"connectome.whitening") {
        let reason = "it is a connectome model of this program; copy its folder, or import W and mu from an .npz file";
        return Err(ImportFault::Malformed(reason.to_owned()));
    }
    let is_linear = own.as_ref().is_some_and(|own| own.heads == 0);
    let found = names::find(&names, &metadata.0, &options.skip, is_linear, &mut notes)?;
    if own.is_none() {
        metadata.check_layers(&mut notes)?;
    }
    let mut tensors = converted(&file, &found, &mut notes)?;
    cut_positions(&mut tensors, &mut notes);
    let placed = tensors.contains_key("pos.pe");

    let mut weights = weights(tensors, own.as_ref(), options, &metadata, &mut notes)?;
    weights.fill = match &own {
        Some(own) => own.fill().map_err(ImportFault::Malformed)?,
        None => metadata.fill()?.unwrap_or(Fill::Mean),
    };
    let standardiser = [("standardiser.mean", 0.0), ("standardiser.inv_std", 1.0)];
    let standardised = standardiser.iter().any(|(name, idle)| weights.tensors[*name].iter().any(|value| value != idle));
    let positions = weights.dims.positions;
    if !placed && !weights.dims.is_linear() {
        notes.push(ImportNote::SinusoidalPositions(positions));
    }
    metadata.check_sizes(&weights.dims)?;
    let window = window(own.as_ref(), options, &metadata, positions, &mut notes)?;
    let unused = metadata.unused(|key| key == ENTRY || names.iter().any(|name| *name == metadata.0[key]));
    if !unused.is_empty() {
        notes.push(ImportNote::UnusedMetadata(unused));
    }
    let recipe = format!("imported from {}", origin.display());
    let (labels, training_sessions) =
        own.map(|own| (own.provenance.labels, own.provenance.training_sessions)).unwrap_or_default();
    let provenance = Provenance { labels, training_sessions, window, recipe, effective_dimension: None };
    Ok(Imported { weights, standardised, provenance, notes })
}

/// The encoder's tensors as float32, by their own names.
fn converted(
    file: &SafeTensors<'_>,
    found: &BTreeMap<String, String>,
    notes: &mut Vec<ImportNote>,
) -> Result<Tensors, ImportFault> {
    let mut tensors = Tensors::new();
    let mut changed: BTreeMap<(&str, bool), Vec<String>> = BTreeMap::new();
    for (own, name) in found {
        let refused = |reason| ImportFault::Values { name: name.clone(), reason };
        let view = file.tensor(name).map_err(|error| refused(error.to_string()))?;
        let values::Converted { values, from, rounded } = values::convert(&view).map_err(refused)?;
        if let Some(from) = from {
            changed.entry((from, rounded)).or_default().push(own.clone());
        }
        tensors.insert(own.clone(), (view.shape().to_vec(), values));
    }
    let noted = changed.into_iter().map(|((from, rounded), names)| ImportNote::Converted { from, rounded, names });
    notes.extend(noted);
    Ok(tensors)
}

/// Cuts a position table to the positions that an encoder has at most; no embedding of a window that fits changes.
fn cut_positions(tensors: &mut Tensors, notes: &mut Vec<ImportNote>) {
    let Some(width) = tensors.get("proj.bias").map(|(_, bias)| bias.len()) else { return };
    let Some((shape, table)) = tensors.get_mut("pos.pe") else { return };
    let Some(rows) = shape.iter_mut().rev().skip(1).find(|size| **size != 1) else { return };
    let found = *rows;
    if found > MAX_WINDOW && table.len() == found * width {
        *rows = MAX_WINDOW;
        table.truncate(MAX_WINDOW * width);
        notes.push(ImportNote::CutPositions { found, kept: MAX_WINDOW });
    }
}

/// The weights, with the number of heads from the caller, the file or the reference.
fn weights(
    tensors: Tensors,
    own: Option<&Header>,
    options: &ImportOptions,
    metadata: &Metadata,
    notes: &mut Vec<ImportNote>,
) -> Result<StateDict, ImportFault> {
    if let Some(heads) = options.heads {
        metadata.override_heads(heads, notes);
        if heads == 0 {
            return Err(ModelError::Heads { d_model: 0, heads }.into());
        }
        return Ok(assemble(tensors, heads)?);
    }
    if let Some(own) = own {
        return Ok(assemble(tensors, own.heads)?);
    }
    let Some(stated) = metadata.heads()? else {
        notes.push(ImportNote::AssumedHeads(REFERENCE_HEADS));
        return Ok(assemble(tensors, REFERENCE_HEADS)?);
    };
    assemble(tensors, stated.number).map_err(|error| match error {
        ModelError::Heads { d_model, .. } => {
            stated.refused(format!("that does not divide the {d_model} outputs of proj.weight"))
        }
        ModelError::Dims(error) if error.field == "heads" => stated.refused(format!("it must be {}", error.rule)),
        error => error.into(),
    })
}

/// The window from the caller, the file, or one frame.
fn window(
    own: Option<&Header>,
    options: &ImportOptions,
    metadata: &Metadata,
    positions: usize,
    notes: &mut Vec<ImportNote>,
) -> Result<usize, ImportFault> {
    if let Some(window) = options.window {
        metadata.override_window(window, notes);
        if !(1..=positions).contains(&window) {
            return Err(ImportFault::Window { window, positions });
        }
        return Ok(window);
    }
    if let Some(own) = own {
        return Ok(own.provenance.window.clamp(1, positions));
    }
    match metadata.window()? {
        Some(stated) if stated.number > positions => {
            Err(stated.refused(format!("the encoder has {positions} positions")))
        }
        Some(stated) => Ok(stated.number),
        None => {
            notes.push(ImportNote::AssumedWindow(1));
            Ok(1)
        }
    }
}
