//! Datasets of arrays in memory.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::check::check_values;
use super::error::DatasetError;
use super::names::Names;
use super::notes::not_finite;
use super::npy::Matrix;
use super::order::{Twins, Unordered};
use super::rows::{Dataset, Row};
use super::times::{Timesteps, count_rows, steps};

/// A scan in memory with its names.
#[derive(Clone, Copy, Debug)]
pub struct LabelledScan<'a> {
    /// Its label.
    pub label: &'a str,
    /// Its session; empty where recordings name none.
    pub session: &'a str,
    /// Raw values, frame after frame: frames x features.
    pub values: &'a [f32],
}

/// A matrix of frames with their names.
#[derive(Clone, Debug)]
pub struct LabelledFrames {
    /// What the frames are called in messages.
    pub origin: PathBuf,
    /// Frames x features, row-major.
    pub values: Vec<f32>,
    /// Features per frame, at least one.
    pub features: usize,
    /// The label of each frame.
    pub labels: Vec<String>,
    /// The session of each frame; empty names where there are none.
    pub sessions: Vec<String>,
    /// The time of each frame; without it, a frame is one step after the frame before it, and frames of other recordings in
    /// between are a gap in time.
    pub timesteps: Option<Timesteps>,
}

impl Dataset {
    /// The recordings of a matrix of frames, in any order.
    ///
    /// # Errors
    /// [`DatasetError`]: the lengths of the arrays differ, a label is empty, two frames have the same label, session and
    /// timestep, a time is not finite, or no value is a number.
    pub fn from_frames(frames: LabelledFrames) -> Result<Self, DatasetError> {
        let LabelledFrames { origin, values, features, labels, sessions, timesteps } = frames;
        let rows = check_shape(&origin, values.len(), features)?;
        let lengths = [
            ("labels", Some(labels.len())),
            ("sessions", Some(sessions.len())),
            ("timesteps", timesteps.as_ref().map(Timesteps::len)),
        ];
        if let Some((name, Some(length))) = lengths.iter().find(|(_, length)| length.is_some_and(|l| l != rows)) {
            return Err(array(&origin, name, format!("{length} for {rows} frames")));
        }
        let matrix = Matrix { rows, features, values };
        let mut dataset = labelled(&origin, matrix, [&labels, &sessions], timesteps, Vec::new())?;
        let gaps = dataset.find_runs();
        dataset.notes.extend(gaps);
        finished(dataset)
    }

    /// The recordings that these scans are, each of `features` features a frame.
    ///
    /// Scans of one label and session are one recording with gaps in time between them, in their order.
    ///
    /// # Errors
    /// [`DatasetError`]: there are no scans, one ends inside a frame or has none, a label is empty, or no value is a number.
    pub fn from_scans(origin: &Path, features: usize, scans: &[LabelledScan<'_>]) -> Result<Self, DatasetError> {
        let (mut labels, mut sessions) = (Names::default(), Names::default());
        // The next run and timestep of each label and session.
        let mut next: HashMap<(u32, u32), (u32, i64)> = HashMap::new();
        let mut rows = Vec::new();
        let mut values = Vec::with_capacity(scans.iter().map(|scan| scan.values.len()).sum());
        for scan in scans {
            let frames = check_shape(origin, scan.values.len(), features)?;
            let (label, session) = (labels.number(scan.label), sessions.number(scan.session));
            let (run, start) = next.get(&(label, session)).copied().unwrap_or_default();
            let end = start + frames as i64;
            rows.extend((start..end).map(|timestep| Row { label, session, timestep, run }));
            values.extend_from_slice(scan.values);
            next.insert((label, session), (run + 1, end + 1));
        }
        if scans.is_empty() {
            return Err(DatasetError::NoRows { file: origin.to_owned() });
        }
        let unordered =
            Unordered { origin: origin.to_owned(), labels, sessions, rows, features, values, notes: Vec::new() };
        finished(unordered.into_dataset().map_err(|twins| same_time(origin, &twins))?)
    }
}

/// The recordings of a matrix whose rows have these labels and sessions.
pub(super) fn labelled(
    origin: &Path,
    matrix: Matrix,
    [label_names, session_names]: [&[String]; 2],
    times: Option<Timesteps>,
    notes: Vec<String>,
) -> Result<Dataset, DatasetError> {
    let (mut labels, mut sessions) = (Names::default(), Names::default());
    let names: Vec<(u32, u32)> =
        label_names.iter().zip(session_names).map(|(l, s)| (labels.number(l), sessions.number(s))).collect();
    let mut numbers = HashMap::new();
    let recordings: Vec<usize> = names
        .iter()
        .map(|&name| {
            let next = numbers.len();
            *numbers.entry(name).or_insert(next)
        })
        .collect();
    let timesteps = match times {
        Some(Timesteps::Whole(timesteps)) => timesteps,
        Some(Timesteps::Times(times)) => {
            let wrong = |row| array(origin, &format!("row {row}"), "its time is not a number".to_owned());
            steps(&times, &recordings).map_err(wrong)?.timesteps
        }
        None => count_rows(&recordings),
    };
    let rows = names.into_iter().zip(timesteps);
    let rows = rows.map(|((label, session), timestep)| Row { label, session, timestep, run: 0 }).collect();
    let (features, values) = (matrix.features, matrix.values);
    let unordered = Unordered { origin: origin.to_owned(), labels, sessions, rows, features, values, notes };
    unordered.into_dataset().map_err(|twins| same_time(origin, &twins))
}

/// The checks that every dataset passes, and their notes.
fn finished(mut dataset: Dataset) -> Result<Dataset, DatasetError> {
    if dataset.labels.iter().any(String::is_empty) {
        return Err(DatasetError::EmptyLabel { file: dataset.origin });
    }
    check_values(&dataset)?;
    let note = not_finite(&dataset);
    dataset.notes.extend(note);
    Ok(dataset)
}

/// The number of frames in `values` values.
fn check_shape(origin: &Path, values: usize, features: usize) -> Result<usize, DatasetError> {
    if values == 0 || features == 0 {
        return Err(DatasetError::NoRows { file: origin.to_owned() });
    }
    if !values.is_multiple_of(features) {
        return Err(array(origin, "the values", format!("{values} are no whole number of frames of {features}")));
    }
    Ok(values / features)
}

fn same_time(origin: &Path, Twins(first, second): &Twins) -> DatasetError {
    let reason = format!("label, session and timestep are those of row {first}");
    array(origin, &format!("row {second}"), reason)
}

fn array(origin: &Path, what: &str, reason: String) -> DatasetError {
    DatasetError::Array { file: origin.to_owned(), what: what.to_owned(), reason }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dataset::Synthetic;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn frames(labels: &[&str], timesteps: Option<Timesteps>) -> LabelledFrames {
        LabelledFrames {
            origin: "frames".into(),
            values: (0..labels.len() * 2).map(|value| value as f32).collect(),
            features: 2,
            labels: names(labels),
            sessions: vec![String::new(); labels.len()],
            timesteps,
        }
    }

    #[test]
    fn frames_in_any_order_are_the_recordings_they_came_from() {
        let made = Synthetic { classes: 3, timesteps: 4, features: 5, sessions: 2, noise: 1.0, seed: 1 }.recordings();
        let order: Vec<usize> = (0..made.rows.len()).rev().collect();
        let shuffled = made.select(&order);
        let again = Dataset::from_frames(LabelledFrames {
            origin: made.origin.clone(),
            labels: shuffled.rows.iter().map(|row| made.labels[row.label as usize].clone()).collect(),
            sessions: shuffled.rows.iter().map(|row| made.sessions[row.session as usize].clone()).collect(),
            timesteps: Some(Timesteps::Whole(shuffled.rows.iter().map(|row| row.timestep).collect())),
            values: shuffled.values,
            features: made.features,
        });
        assert_eq!(again.unwrap(), made);
    }

    #[test]
    fn a_jump_of_the_times_is_a_gap_and_so_are_frames_of_another_label() {
        let runs = |labels, timesteps| {
            let dataset = Dataset::from_frames(frames(labels, timesteps)).unwrap();
            dataset.runs(&dataset.scans()[0]).len()
        };
        assert_eq!(runs(&["a", "a", "a", "a"], None), 1);
        assert_eq!(runs(&["a", "a", "a", "a"], Some(Timesteps::Whole(vec![0, 1, 7, 8]))), 2);
        assert_eq!(runs(&["a", "a", "a", "a"], Some(Timesteps::Times(vec![0.0, 1.49, 7.0, 8.49]))), 2);
        assert_eq!(runs(&["a", "a", "a", "a"], Some(Timesteps::Times(vec![0.0, 1.49, 2.98, 4.47]))), 1);
        assert_eq!(runs(&["a", "a", "b", "a"], None), 2);
    }

    #[test]
    fn scans_of_one_label_and_session_are_runs_of_one_recording() {
        let values = [1.0, 2.0, 3.0, 4.0];
        let scan = |label, session, values| LabelledScan { label, session, values };
        let scans = [
            scan("b", "s", &values[..]),
            scan("a", "s", &values[..2]),
            scan("b", "s", &values[2..]),
            scan("a", "t", &values),
        ];
        let dataset = Dataset::from_scans(Path::new("scans"), 2, &scans).unwrap();
        assert_eq!(dataset.labels, ["a", "b"]);
        let runs: Vec<usize> = dataset.scans().iter().map(|scan| dataset.runs(scan).len()).collect();
        assert_eq!(runs, [1, 1, 2]);
        assert_eq!(dataset.scan_values(&dataset.scans()[2]), [1.0, 2.0, 3.0, 4.0, 3.0, 4.0]);
    }

    #[test]
    fn scans_of_one_frame_are_not_joined() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let scans: Vec<_> =
            values.chunks_exact(2).map(|values| LabelledScan { label: "a", session: "", values }).collect();
        let dataset = Dataset::from_scans(Path::new("scans"), 2, &scans).unwrap();
        assert_eq!(dataset.longest_run(&dataset.scans()[0]), 1);
    }

    #[test]
    fn arrays_that_do_not_fit_each_other_are_refused() {
        let text = |frames| Dataset::from_frames(frames).unwrap_err().to_string();
        assert_eq!(
            text(LabelledFrames { labels: names(&["a"]), ..frames(&["a", "b"], None) }),
            "frames: labels: 1 for 2 frames"
        );
        let whole = |timesteps: &[i64]| Some(Timesteps::Whole(timesteps.to_vec()));
        assert_eq!(text(frames(&["a", "b"], whole(&[1]))), "frames: timesteps: 1 for 2 frames");
        let times = Some(Timesteps::Times(vec![0.0, f64::NAN]));
        assert_eq!(text(frames(&["a", "b"], times)), "frames: row 1: its time is not a number");
        assert!(
            text(frames(&["a", "a"], whole(&[1, 1]))).contains("row 1: label, session and timestep are those of row 0")
        );
        assert!(
            text(LabelledFrames { features: 3, ..frames(&["a", "b"], None) }).contains("no whole number of frames")
        );
        assert!(matches!(Dataset::from_frames(frames(&[" "], None)), Err(DatasetError::EmptyLabel { .. })));
        assert!(matches!(Dataset::from_frames(frames(&[], None)), Err(DatasetError::NoRows { .. })));
        assert!(matches!(Dataset::from_scans(Path::new("scans"), 2, &[]), Err(DatasetError::NoRows { .. })));
        let nan = LabelledFrames { values: vec![f32::NAN; 4], ..frames(&["a", "b"], None) };
        assert!(matches!(Dataset::from_frames(nan), Err(DatasetError::AllNan { .. })));
    }
}
