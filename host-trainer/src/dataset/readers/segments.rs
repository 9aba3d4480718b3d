//! The file of segments beside a recording, which says when its frames start and how many features they have.
//!
//! `preds.bin` has `segments.json` or `preds.segments.json` beside it. It holds a list of starts in seconds, a list of
//! segments (`[{"start": 0.0, "duration": 1.0}, ...]`), or an object with either under `segments` or with the column
//! `start` of a table, and perhaps the features under `features` or `shape`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::dataset::error::DatasetError;

/// Names of what holds the start of a segment.
const STARTS: &[&str] = &["start", "starts", "onset", "onsets", "time", "times"];
/// Names of what holds the features of a frame.
const WIDTHS: &[&str] = &["features", "n_features", "width", "n_vertices", "vertices"];

/// What a file of segments says.
pub(super) struct Segments {
    pub(super) file: PathBuf,
    /// When each frame starts, in seconds.
    pub(super) starts: Vec<f64>,
    /// Features of a frame, where it says so.
    pub(super) features: Option<usize>,
}

/// The files of segments that a recording may have, the more particular first.
pub(super) fn candidates(recording: &Path, stem: &str, alone: bool) -> Vec<PathBuf> {
    let own = [format!("{stem}.segments.json"), format!("{stem}_segments.json")];
    let shared = alone.then(|| "segments.json".to_owned());
    own.into_iter().chain(shared).map(|name| recording.with_file_name(name)).collect()
}

/// Reads the first of these files that is there.
pub(super) fn read(candidates: &[PathBuf]) -> Result<Option<Segments>, DatasetError> {
    let Some(file) = candidates.iter().find(|file| file.exists()) else { return Ok(None) };
    let bytes = fs::read(file).map_err(|source| DatasetError::Read { file: file.clone(), source })?;
    let wrong = |reason: String| DatasetError::Array { file: file.clone(), what: "segments".to_owned(), reason };
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| wrong(format!("not JSON: {error}")))?;
    let starts = starts(&value).ok_or_else(|| {
        wrong("no starts; write a list of {\"start\": SECONDS, \"duration\": SECONDS}, one for each frame".to_owned())
    })?;
    Ok(Some(Segments { file: file.clone(), starts, features: features(&value) }))
}

impl Segments {
    /// Refuses segments that are not as many as the frames of a recording.
    pub(super) fn check_frames(&self, recording: &Path, frames: usize) -> Result<(), DatasetError> {
        if self.starts.len() == frames {
            return Ok(());
        }
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        let reason = format!("it has {frames} frames, but {name} has {} segments", self.starts.len());
        Err(DatasetError::Array { file: recording.to_owned(), what: "the file".to_owned(), reason })
    }
}

/// The starts in a list, or in the parts of an object.
fn starts(value: &Value) -> Option<Vec<f64>> {
    match value {
        Value::Array(items) => items.iter().map(start).collect(),
        Value::Object(object) => {
            if let Some(segments) = object.get("segments") {
                return starts(segments);
            }
            match STARTS.iter().find_map(|name| object.get(*name))? {
                Value::Array(items) => items.iter().map(Value::as_f64).collect(),
                // A column as `pandas.DataFrame.to_json` writes it: an object by row.
                Value::Object(rows) => {
                    let rows: Option<Vec<(u64, f64)>> =
                        rows.iter().map(|(row, start)| Some((row.parse().ok()?, start.as_f64()?))).collect();
                    let mut rows = rows?;
                    rows.sort_by_key(|&(row, _)| row);
                    Some(rows.into_iter().map(|(_, start)| start).collect())
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// The start of one segment: a number, an object, or a list that begins with it.
fn start(segment: &Value) -> Option<f64> {
    match segment {
        Value::Object(object) => STARTS.iter().find_map(|name| object.get(*name)).and_then(Value::as_f64),
        Value::Array(parts) => parts.first().and_then(Value::as_f64),
        other => other.as_f64(),
    }
}

fn features(value: &Value) -> Option<usize> {
    let object = value.as_object()?;
    let width = WIDTHS.iter().find_map(|name| object.get(*name)).and_then(Value::as_u64);
    let shape = || object.get("shape").and_then(|shape| shape.get(1)).and_then(Value::as_u64);
    width.or_else(shape).and_then(|width| usize::try_from(width).ok()).filter(|&width| width > 0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_of_segments_gives_the_starts() {
        let forms = [
            json!([0.0, 1.5]),
            json!([{ "start": 0.0, "duration": 1.5 }, { "start": 1.5, "duration": 1.5 }]),
            json!([[0.0, 1.5], [1.5, 3.0]]),
            json!({ "segments": [{ "onset": 0 }, { "onset": 1.5 }], "features": 3 }),
            json!({ "start": [0.0, 1.5], "shape": [2, 3] }),
            json!({ "start": { "0": 0.0, "1": 1.5 }, "duration": { "0": 1.0, "1": 1.0 } }),
        ];
        for form in forms {
            assert_eq!(starts(&form), Some(vec![0.0, 1.5]), "{form}");
        }
        for form in [json!({}), json!([{}]), json!("x"), json!({ "start": 1 }), json!([null])] {
            assert_eq!(starts(&form), None, "{form}");
        }
        assert_eq!(features(&json!({ "shape": [2, 3] })), Some(3));
        assert_eq!(features(&json!({ "n_vertices": 20484, "start": [] })), Some(20484));
        assert_eq!(features(&json!([0.0])), None);
    }
}
