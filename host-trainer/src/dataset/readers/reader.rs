//! The interface of a reader of one format, and its options.
//!
//! A format is one file beside this one and one line in the list of readers. Whatever the format, files are found,
//! named and joined by the modules above it: a reader is given one opened file and returns what is in it.

use std::path::{Path, PathBuf};

use super::source::Source;
use crate::dataset::error::DatasetError;
use crate::dataset::npy::Matrix;
use crate::dataset::rows::Dataset;
use crate::dataset::times::{Steps, steps};

/// Reads recordings of one format.
pub(super) trait Reader: Sync {
    /// The format as the help text lists it, such as "a labelled matrix (`.npz`)".
    fn name(&self) -> &'static str;

    /// The endings of its files' names, such as ".csv.gz", in lower case, the longer before those they end in.
    fn endings(&self) -> &'static [&'static str];

    /// Whether bytes without a name (standard input, a pipe) are of this format.
    ///
    /// `start` is up to [`Source::START`] bytes, out of gzip where they were in it.
    fn recognises(&self, start: &[u8]) -> bool;

    /// The name of the recording that a file is: by default the file's name without its ending.
    ///
    /// A reader whose recordings have several files leaves out what distinguishes those, such as `hemi-L`.
    fn stem(&self, path: &Path) -> String {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let ending = ending(&name, self.endings()).unwrap_or_default();
        name[..name.len() - ending.len()].to_owned()
    }

    /// The files that are read together with `path`, whether they exist or not.
    ///
    /// Of files that name each other only the first in the order of the paths is read, and none is listed as left out.
    fn companions(&self, _path: &Path) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Reads a file.
    ///
    /// `label` is the label that its recordings will be given whatever is in the file; a file that would have to name its
    /// labels need not do so then.
    fn read(&self, source: Source, options: &LoadOptions, label: Option<&str>) -> Result<Content, DatasetError>;
}

/// What a file holds.
pub(super) enum Content {
    /// Recordings with their own labels and sessions, ordered by (label, session, timestep).
    Labelled(Dataset),
    /// One recording, which is named by its path.
    Recording(Recording),
}

/// One recording without a name.
pub(super) struct Recording {
    /// Frames x features.
    pub(super) matrix: Matrix,
    /// The time of each frame in steps, in any order; from 0 without gaps when `None`.
    pub(super) timesteps: Option<Vec<i64>>,
    /// Seconds a step, where the file says it.
    pub(super) step: Option<f64>,
    /// Warnings about the file, which begin with its name.
    pub(super) notes: Vec<String>,
}

impl From<Matrix> for Recording {
    fn from(matrix: Matrix) -> Self {
        Self { matrix, timesteps: None, step: None, notes: Vec::new() }
    }
}

impl Recording {
    /// Takes the time of each frame, in seconds, as `file` says it.
    pub(super) fn set_times(&mut self, times: &[f64], file: &Path) -> Result<(), DatasetError> {
        let Steps { timesteps, step } = steps(times, &vec![0; times.len()]).map_err(|row| DatasetError::Array {
            file: file.to_owned(),
            what: format!("frame {row}"),
            reason: "its time is not a number".to_owned(),
        })?;
        self.timesteps = Some(timesteps);
        self.step = step;
        Ok(())
    }
}

/// How to read a recording.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// The column that holds the label of a table; when absent `video` of CSV, `trial_type` of events, and so on.
    pub label_column: Option<String>,
    /// Features of a file of values without a header (`.bin`), where no file beside it says it.
    pub width: Option<usize>,
    /// The image whose voxels other than zero are the features of NIfTI scans.
    pub mask: Option<PathBuf>,
    /// What labels the frames of recordings that have no labels of their own.
    pub events: EventTable,
    /// Seconds from frame to frame, to find the frames of events; without it, what is beside a recording or in it counts.
    pub frame_seconds: Option<f64>,
    /// Seconds by which a recording follows the events, such as the delay of blood flow.
    pub lag: f64,
}

impl LoadOptions {
    /// The column of labels where it is not the usual one, which formats other than long CSV do not have.
    pub(super) fn asked_label_column(&self) -> Option<&str> {
        self.label_column.as_deref().filter(|&name| name != "video")
    }
}

/// The table of events of a recording.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum EventTable {
    /// The `events.tsv` beside the recording that belongs to it by its name, if there is one.
    #[default]
    Beside,
    /// This file for every recording, or the one in this folder that belongs to the recording by its name.
    At(PathBuf),
    /// None.
    Ignored,
}

/// The first of `endings` with which a name ends, in any case.
pub(in crate::dataset) fn ending(name: &str, endings: &[&'static str]) -> Option<&'static str> {
    let name = name.as_bytes();
    endings.iter().copied().find(|ending| {
        name.len() >= ending.len() && name[name.len() - ending.len()..].eq_ignore_ascii_case(ending.as_bytes())
    })
}
