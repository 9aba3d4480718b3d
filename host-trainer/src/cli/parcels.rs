//! The parcels that an option names: the region of each feature.

use std::path::PathBuf;

use super::console::Console;
use super::failure::{DATA, Failure};
use crate::connectome::{Parcels, ParcelsError};

/// Reads parcels from files whose features follow each other, with a note on what they hold; none without files.
pub fn read(files: &[PathBuf], console: &Console) -> Result<Option<Parcels>, Failure> {
    if files.is_empty() {
        return Ok(None);
    }
    let names = files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(",");
    let (parcels, notes) = Parcels::read(files).map_err(|error| match error {
        ParcelsError::Read(error) => error.into(),
        error => Failure::new(DATA, format!("{names}: {error}")),
    })?;
    let (features, regions, outside) = (parcels.numbers().len(), parcels.regions(), parcels.outside());
    console.note(format!("note: {names}: {features} features in {regions} regions, {outside} of them in none"));
    notes.iter().for_each(|note| console.note(format!("note: {note}")));
    Ok(Some(parcels))
}
