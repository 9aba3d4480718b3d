//! Values in file order, gathered into one row per (label, session, timestep).
//!
//! Within each group the k-th value in file order is feature k (pandas' `cumcount`); groups may be interleaved and
//! timesteps unsorted. Names are sorted by code point.

use std::collections::HashMap;
use std::path::Path;

use super::error::DatasetError;
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
}

struct Group {
    /// Label and session are numbered in the order of their first appearance.
    row: Row,
    values: usize,
}

/// Consecutive lines of one group.
struct Run {
    group: u32,
    place: u64,
    start: usize,
}

impl Pivot {
    /// Starts a run of values of one group. `place` identifies its position in the file and is chosen by the caller.
    pub(super) fn begin(&mut self, label: &str, session: &str, timestep: i64, place: u64) {
        self.end_run();
        let row = Row { label: self.labels.number(label), session: self.sessions.number(session), timestep, run: 0 };
        let group = *self.index.entry(row).or_insert_with(|| {
            self.groups.push(Group { row, values: 0 });
            self.groups.len() as u32 - 1
        });
        self.runs.push(Run { group, place, start: self.values.len() });
    }

    /// Appends one value to the run.
    pub(super) fn push(&mut self, value: f32) {
        self.values.push(value);
    }

    /// Appends values to the run.
    pub(super) fn extend(&mut self, values: &[f32]) {
        self.values.extend_from_slice(values);
    }

    /// The rows, ordered by (label, session, timestep).
    ///
    /// `line_at(place, k)` is the line of the k-th value after the one at `place`. `cut_line` is the number of the last
    /// line when that has no newline.
    ///
    /// # Errors
    /// [`DatasetError::NoRows`], [`DatasetError::Ragged`], [`DatasetError::DuplicateTimestep`], and, where the group
    /// of `cut_line` has too few values, [`DatasetError::CutMidLine`].
    pub(super) fn finish(
        mut self,
        file: &Path,
        cut_line: Option<u64>,
        line_at: impl Fn(u64, usize) -> u64,
    ) -> Result<Dataset, DatasetError> {
        self.end_run();
        let Some(features) = self.usual_count() else {
            return Err(DatasetError::NoRows { file: file.to_owned() });
        };
        if let Some(fault) = self.fault(file, features, cut_line, line_at) {
            return Err(fault);
        }

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
        for (run, end) in self.runs_with_ends() {
            let source = &self.values[run.start..end];
            let to = &mut next[run.group as usize];
            values[*to..*to + source.len()].copy_from_slice(source);
            *to += source.len();
        }
        let rows = order.into_iter().map(|(row, _)| row).collect();
        let shown = escape::path(file);
        let notes = [self.labels.note(&shown, "labels"), self.sessions.note(&shown, "sessions")];
        let notes = notes.into_iter().flatten().collect();
        Ok(Dataset { origin: file.to_owned(), labels, sessions, features, rows, values, notes })
    }

    fn end_run(&mut self) {
        if let Some(run) = self.runs.last()
            && let Some(group) = self.groups.get_mut(run.group as usize)
        {
            group.values += self.values.len() - run.start;
        }
    }

    /// The number of values that most groups have.
    ///
    /// Among equally frequent numbers it is one above 1 that divides the others (those groups hold repeats), or else
    /// the first in the file.
    fn usual_count(&self) -> Option<usize> {
        let mut groups_with = HashMap::new();
        for group in &self.groups {
            *groups_with.entry(group.values).or_insert(0_usize) += 1;
        }
        let most = groups_with.values().copied().max()?;
        let drawn: Vec<usize> = self.groups.iter().map(|g| g.values).filter(|n| groups_with[n] == most).collect();
        let divisor = drawn.iter().find(|&&n| n > 1 && drawn.iter().all(|other| other % n == 0));
        divisor.or(drawn.first()).copied()
    }

    fn fault(
        &self,
        file: &Path,
        expected: usize,
        cut_line: Option<u64>,
        line_at: impl Fn(u64, usize) -> u64,
    ) -> Option<DatasetError> {
        let differs = |(_, group): &(usize, &Group)| group.values != expected;
        let (at, group) = self.groups.iter().enumerate().find(differs)?;
        let (file, found) = (file.to_owned(), group.values);
        let last_group = self.runs.last().map(|run| run.group as usize);
        if let (Some(line), true) = (cut_line, last_group == Some(at) && found < expected) {
            return Some(DatasetError::CutMidLine { file, line });
        }
        let label = self.labels.name(group.row.label).to_owned();
        let session = self.sessions.name(group.row.session).to_owned();
        let timestep = group.row.timestep;
        let line_of = |value| self.place_of(at, value).map_or(0, |(place, further)| line_at(place, further));
        Some(if found > expected && found.is_multiple_of(expected) {
            let line = line_of(expected);
            DatasetError::DuplicateTimestep { file, line, label, session, timestep }
        } else {
            let line = line_of(0);
            DatasetError::Ragged { file, line, label, session, timestep, found, expected }
        })
    }

    /// The place of the run that holds value number `value` of the group, and the value's index in that run, from 0.
    fn place_of(&self, group: usize, mut value: usize) -> Option<(u64, usize)> {
        for (run, end) in self.runs_with_ends().filter(|(run, _)| run.group as usize == group) {
            if value < end - run.start {
                return Some((run.place, value));
            }
            value -= end - run.start;
        }
        None
    }

    fn runs_with_ends(&self) -> impl Iterator<Item = (&Run, usize)> {
        let ends = self.runs.iter().skip(1).map(|run| run.start).chain([self.values.len()]);
        self.runs.iter().zip(ends)
    }
}
