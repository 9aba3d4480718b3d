//! Recordings whose frames are labelled by the events of their run.
//!
//! A trial type is a label, and the recording a session of each of its trial types, named by the label and session that
//! its path gives. Frames keep their number in the run, so that between two trials there is a gap in time. Frames outside
//! of all events are left out.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::naming::Identity;
use super::reader::{EventTable, LoadOptions, Recording};
use crate::dataset::bids::{self, Ending};
use crate::dataset::error::DatasetError;
use crate::dataset::events::Events;
use crate::dataset::names::Names;
use crate::dataset::order::{Twins, Unordered};
use crate::dataset::rows::{Dataset, Row};
use crate::escape;

/// The column that holds the label, unless another is asked for.
const TRIAL_TYPE: &str = "trial_type";
/// Frames of the longest run.
const LONGEST: i64 = 10_000_000;
/// Two times between frames are the same within this part.
const NEAR: f64 = 1e-3;

/// The table of events of a recording: the one asked for, or else the one beside it, unless it was given a label.
///
/// # Errors
/// [`DatasetError::Read`], where a folder cannot be read or two tables belong to the recording equally.
pub(super) fn table_of(
    recording: &Path,
    options: &LoadOptions,
    is_labelled: bool,
) -> Result<Option<PathBuf>, DatasetError> {
    const EVENTS: Ending = Ending { suffix: Some("events"), extension: ".tsv" };
    let failed = |source| DatasetError::Read { file: recording.to_owned(), source };
    match &options.events {
        EventTable::Ignored => Ok(None),
        EventTable::Beside if is_labelled || !recording.is_file() => Ok(None),
        EventTable::Beside => bids::beside(recording, &EVENTS).map_err(failed),
        EventTable::At(path) if path.is_dir() => {
            let found = bids::within(path, recording, &EVENTS).map_err(failed)?;
            let missing = || DatasetError::Read {
                file: path.clone(),
                source: io::Error::new(io::ErrorKind::NotFound, format!("no events of {}", escape::path(recording))),
            };
            found.map(Some).ok_or_else(missing)
        }
        EventTable::At(path) => Ok(Some(path.clone())),
    }
}

/// The table of events of a recording, and the JSON file that may state its time between frames.
///
/// # Errors
/// As [`table_of`].
pub(super) fn files_beside(
    recording: &Path,
    options: &LoadOptions,
    is_labelled: bool,
) -> Result<Vec<PathBuf>, DatasetError> {
    let Some(table) = table_of(recording, options, is_labelled)? else { return Ok(Vec::new()) };
    let sidecar = if options.frame_seconds.is_none() { sidecar_of(recording)? } else { None };
    Ok([table].into_iter().chain(sidecar).collect())
}

/// The JSON file that belongs to a recording.
fn sidecar_of(recording: &Path) -> Result<Option<PathBuf>, DatasetError> {
    const SIDECAR: Ending = Ending { suffix: None, extension: ".json" };
    bids::beside(recording, &SIDECAR).map_err(|source| DatasetError::Read { file: recording.to_owned(), source })
}

/// Labels the frames of a recording by a table of events.
///
/// # Errors
/// [`DatasetError`], naming the table and its line, or the recording where the time between frames is not known.
pub(super) fn labelled(
    recording: Recording,
    file: &Path,
    table: &Path,
    identity: &Identity,
    options: &LoadOptions,
) -> Result<Dataset, DatasetError> {
    let column = options.asked_label_column().unwrap_or(TRIAL_TYPE);
    let events = Events::read(table, column)?;
    let mut notes = recording.notes;
    let Some(seconds) = frame_seconds(file, recording.step, options, &mut notes)? else {
        return Err(DatasetError::NoFrameTime { file: file.to_owned(), events: table.to_owned() });
    };
    let matrix = recording.matrix;
    let timesteps = recording.timesteps.unwrap_or_else(|| (0..matrix.rows as i64).collect());
    let frames = match (timesteps.iter().min(), timesteps.iter().max()) {
        (Some(0..), Some(&last @ ..LONGEST)) => last as usize + 1,
        _ => {
            let reason = format!("its timesteps are not frames of a run; they must be 0 to {LONGEST}");
            return Err(DatasetError::Array { file: file.to_owned(), what: "the file".to_owned(), reason });
        }
    };
    let labelled = events.label(frames, seconds, options.lag)?;

    let (mut labels, mut sessions) = (Names::default(), Names::default());
    let session = sessions.number(&match identity.session.as_str() {
        "" => identity.label.clone(),
        session => format!("{}/{session}", identity.label),
    });
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    for (&timestep, frame) in timesteps.iter().zip(matrix.values.chunks_exact(matrix.features)) {
        if let Some(trial_type) = labelled.frames[timestep as usize] {
            rows.push(Row { label: labels.number(trial_type), session, timestep, run: 0 });
            values.extend_from_slice(frame);
        }
    }
    if rows.is_empty() {
        return Err(DatasetError::NoRows { file: file.to_owned() });
    }
    notes.push(format!("{}: labelled by {}, {seconds} s a frame", escape::path(file), escape::path(table)));
    notes.extend(labelled.notes);
    let origin = file.to_owned();
    let unordered = Unordered { origin, labels, sessions, rows, features: matrix.features, values, notes };
    unordered.into_dataset().map_err(|Twins(first, second)| {
        let (file, what) = (file.to_owned(), format!("labelled frame {second}"));
        DatasetError::Array { file, what, reason: format!("its time is that of frame {first}") }
    })
}

/// Seconds from frame to frame: as given, or as the JSON file beside the recording says, or as its header does.
fn frame_seconds(
    file: &Path,
    header: Option<f64>,
    options: &LoadOptions,
    notes: &mut Vec<String>,
) -> Result<Option<f64>, DatasetError> {
    if options.frame_seconds.is_some() {
        return Ok(options.frame_seconds);
    }
    let Some(sidecar) = sidecar_of(file)? else { return Ok(header) };
    let bytes = fs::read(&sidecar).map_err(|source| DatasetError::Read { file: sidecar.clone(), source })?;
    let wrong = |reason: String| DatasetError::Array { file: sidecar.clone(), what: "the file".to_owned(), reason };
    let document: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|error| wrong(format!("it is not sound JSON ({error})")))?;
    let Some(stated) = document.get("RepetitionTime") else { return Ok(header) };
    let Some(seconds) = stated.as_f64().filter(|seconds| *seconds > 0.0) else {
        return Err(wrong(format!("its RepetitionTime is {stated}; it must be a number of seconds")));
    };
    if let Some(header) = header.filter(|header| (header - seconds).abs() > NEAR * seconds) {
        let (file, sidecar) = (escape::path(file), escape::path(&sidecar));
        notes.push(format!("{file}: its header says {header} s a frame, but {sidecar} says {seconds} s, which counts"));
    }
    Ok(Some(seconds))
}

#[cfg(test)]
mod tests;
