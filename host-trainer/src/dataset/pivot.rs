//! Values in file order, gathered into one row per (label, session, timestep).
//!
//! Groups may be interleaved and timesteps unsorted. Where the file names its features, each value takes the place of its
//! feature, and all groups must have the same ones. Elsewhere the k-th value of a group in file order is feature k
//! (pandas' `cumcount`), and all groups must have as many values.

mod check;

use std::collections::HashMap;
use std::path::Path;

use super::error::DatasetError;
use super::features::{Features, NoName};
use super::names::Names;
use super::rows::{Dataset, Row};
use crate::escape;

/// The values of a file in file order, and the group of each run of lines.
#[derive(Default)]
pub(super) struct Pivot {
    labels: Names,
    sessions: Names,
    groups: Vec<Group>,
    index: HashMap<Row, u32>,
    runs: Vec<Run>,
    values: Vec<f32>,
    features: Option<Features>,
}

struct Group {
    /// Label and session are numbered in the order of their first appearance.
    row: Row,
    values: usize,
}

/// Lines of one group that follow each other without a gap.
struct Run {
    group: u32,
    /// The line of the first value.
    line: u64,
    start: usize,
}

impl Pivot {
    /// A pivot of values whose features are named by `features`.
    pub(super) fn new(features: Option<Features>) -> Self {
        Self { features, ..Self::default() }
    }

    /// Starts a run of values of one group at a line.
    pub(super) fn begin(&mut self, label: &str, session: &str, timestep: i64, line: u64) {
        self.end_run();
        let row = Row { label: self.labels.number(label), session: self.sessions.number(session), timestep, run: 0 };
        let group = *self.index.entry(row).or_insert_with(|| {
            self.groups.push(Group { row, values: 0 });
            self.groups.len() as u32 - 1
        });
        self.runs.push(Run { group, line, start: self.values.len() });
        if let Some(features) = &mut self.features {
            features.begin_group();
        }
    }

    /// Goes on with the run's group at a line that does not follow the one before.
    pub(super) fn skip_to(&mut self, line: u64) {
        self.end_run();
        if let Some(&Run { group, .. }) = self.runs.last() {
            self.runs.push(Run { group, line, start: self.values.len() });
        }
    }

    /// Appends one value to the run.
    #[inline]
    pub(super) fn push(&mut self, value: f32) {
        self.values.push(value);
    }

    /// Appends one value of a named feature to the run.
    ///
    /// # Errors
    /// [`NoName`], and the value is not appended.
    pub(super) fn push_feature(&mut self, name: &[u8], value: f32) -> Result<(), NoName> {
        if let Some(features) = &mut self.features {
            features.push(name)?;
        }
        self.values.push(value);
        Ok(())
    }

    /// The rows, ordered by (label, session, timestep).
    ///
    /// `cut_line` is the number of the last line when that has no newline.
    ///
    /// # Errors
    /// [`DatasetError::NoRows`], [`DatasetError::Ragged`], [`DatasetError::DuplicateTimestep`],
    /// [`DatasetError::RepeatedFeature`], [`DatasetError::OtherFeatures`] and, where the group of `cut_line` has too few
    /// values, [`DatasetError::CutMidLine`].
    pub(super) fn finish(mut self, file: &Path, cut_line: Option<u64>) -> Result<Dataset, DatasetError> {
        self.end_run();
        let features = self.check(file, cut_line)?;
        let (labels, label_rank) = self.labels.sorted();
        let (sessions, session_rank) = self.sessions.sorted();
        let mut order: Vec<(Row, usize)> = self
            .groups
            .iter()
            .enumerate()
            .map(|(group, &Group { row, .. })| {
                let label = label_rank[row.label as usize];
                let session = session_rank[row.session as usize];
                (Row { label, session, ..row }, group)
            })
            .collect();
        order.sort_unstable();

        let mut next = vec![0; self.groups.len()];
        for (place, &(_, group)) in order.iter().enumerate() {
            next[group] = place * features;
        }
        let mut values = vec![0.0; self.values.len()];
        let ranks = self.features.as_ref().map(Features::ranks);
        for (run, end) in self.runs_with_ends() {
            let source = &self.values[run.start..end];
            let to = &mut next[run.group as usize];
            match (&self.features, &ranks) {
                (Some(features), Some(ranks)) => {
                    for (&feature, &value) in features.of_values(run.start..end).iter().zip(source) {
                        values[*to + ranks[feature as usize] as usize] = value;
                    }
                }
                _ => {
                    values[*to..*to + source.len()].copy_from_slice(source);
                    *to += source.len();
                }
            }
        }
        let rows = order.into_iter().map(|(row, _)| row).collect();
        let shown = escape::path(file);
        let parts = self.parts(features).map(|parts| {
            format!(
                "{shown}: each timestep's values stand in {parts} places of {} lines and are taken as one frame of {features} \
                 features; if they are {parts} recordings, distinguish them by a `session` column",
                features / parts
            )
        });
        let notes = [self.labels.note(&shown, "labels"), self.sessions.note(&shown, "sessions"), parts];
        let notes = notes.into_iter().flatten().collect();
        Ok(Dataset { origin: file.to_owned(), labels, sessions, features, rows, values, notes })
    }

    /// In how many equal parts the values of every group come, where these are of several lines: hemispheres one after the
    /// other, or recordings whose sessions are not named. Features that are named leave no doubt.
    fn parts(&self, features: usize) -> Option<usize> {
        let mut parts = Vec::new();
        for (run, end) in self.runs_with_ends() {
            match parts.last_mut() {
                Some((group, values)) if *group == run.group => *values += end - run.start,
                _ => parts.push((run.group, end - run.start)),
            }
        }
        let values = parts.first()?.1;
        let are_equal = self.features.is_none() && parts.iter().all(|part| part.1 == values);
        (are_equal && values > 1 && values < features).then_some(features / values)
    }

    fn end_run(&mut self) {
        if let Some(run) = self.runs.last()
            && let Some(group) = self.groups.get_mut(run.group as usize)
        {
            group.values += self.values.len() - run.start;
        }
    }

    fn runs_with_ends(&self) -> impl Iterator<Item = (&Run, usize)> {
        let ends = self.runs.iter().skip(1).map(|run| run.start).chain([self.values.len()]);
        self.runs.iter().zip(ends)
    }
}
