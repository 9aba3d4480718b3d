//! Checks that all groups have the same features.

use std::collections::HashMap;
use std::path::Path;

use super::{Pivot, Run};
use crate::dataset::error::DatasetError;
use crate::dataset::features::Features;

impl Pivot {
    /// The number of features, which every group has.
    pub(super) fn check(&self, file: &Path, cut_line: Option<u64>) -> Result<usize, DatasetError> {
        let fault = match (&self.features, self.usual_count()) {
            (_, None) => return Err(DatasetError::NoRows { file: file.to_owned() }),
            (Some(features), _) => self.named_fault(file, features).map_or(Ok(features.count()), Err),
            (None, Some(count)) => self.counted_fault(file, count).map_or(Ok(count), Err),
        };
        fault.map_err(|(group, error)| {
            let is_last = self.runs.last().is_some_and(|run| run.group as usize == group);
            let lacks = match &error {
                DatasetError::Ragged { found, expected, .. } => found < expected,
                DatasetError::OtherFeatures { lacks, .. } => *lacks,
                _ => false,
            };
            match cut_line {
                Some(line) if is_last && lacks => DatasetError::CutMidLine { file: file.to_owned(), line },
                _ => error,
            }
        })
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

    /// The first group whose number of values is not `expected`, and what is wrong with it.
    fn counted_fault(&self, file: &Path, expected: usize) -> Option<(usize, DatasetError)> {
        let at = self.groups.iter().position(|group| group.values != expected)?;
        let found = self.groups[at].values;
        let repeated = found > expected && found.is_multiple_of(expected);
        let line = self.line_of(at, if repeated { expected } else { 0 });
        let (file, (label, session, timestep)) = (file.to_owned(), self.place(at));
        Some((
            at,
            if repeated {
                DatasetError::DuplicateTimestep { file, line, label, session, timestep }
            } else {
                DatasetError::Ragged { file, line, label, session, timestep, found, expected }
            },
        ))
    }

    /// The first group that has a feature twice, or else other features than most, and what is wrong with it.
    fn named_fault(&self, file: &Path, features: &Features) -> Option<(usize, DatasetError)> {
        let mut runs_of: Vec<Vec<(&Run, usize)>> = self.groups.iter().map(|_| Vec::new()).collect();
        for (run, end) in self.runs_with_ends() {
            runs_of[run.group as usize].push((run, end));
        }
        let of_group = |group: usize| runs_of[group].iter().flat_map(|(run, end)| features.of_values(run.start..*end));

        let mut seen_in = vec![usize::MAX; features.count()];
        let mut groups_with = vec![0_usize; features.count()];
        for group in 0..self.groups.len() {
            for (value, &feature) in of_group(group).enumerate() {
                if seen_in[feature as usize] == group {
                    return Some((group, self.repeated(file, features, group, value, feature)));
                }
                seen_in[feature as usize] = group;
                groups_with[feature as usize] += 1;
            }
        }

        let groups = self.groups.len();
        if groups_with.iter().all(|&count| count == groups) {
            return None;
        }
        // Those that differ from most are the ones to mend.
        let usual: Vec<bool> = groups_with.iter().map(|&count| 2 * count >= groups).collect();
        (0..groups).find_map(|group| {
            let mut has = vec![false; features.count()];
            of_group(group).for_each(|&feature| has[feature as usize] = true);
            let feature = (0..features.count()).find(|&feature| has[feature] != usual[feature])?;
            let (file, line, (label, session, timestep)) = (file.to_owned(), self.line_of(group, 0), self.place(group));
            let (feature, lacks) = (features.shown(feature as u32), usual[feature]);
            let fault = DatasetError::OtherFeatures { file, line, label, session, timestep, feature, lacks };
            Some((group, fault))
        })
    }

    /// The error of a group whose value number `value` is of a feature that it had before.
    fn repeated(&self, file: &Path, features: &Features, group: usize, value: usize, feature: u32) -> DatasetError {
        let (file, line, (label, session, timestep)) = (file.to_owned(), self.line_of(group, value), self.place(group));
        // A whole repeat follows the whole first time.
        if self.groups[group].values == 2 * value {
            return DatasetError::DuplicateTimestep { file, line, label, session, timestep };
        }
        let feature = features.shown(feature);
        DatasetError::RepeatedFeature { file, line, label, session, timestep, feature }
    }

    /// Label, session and timestep of a group.
    fn place(&self, group: usize) -> (String, String, i64) {
        let row = self.groups[group].row;
        (self.labels.name(row.label).to_owned(), self.sessions.name(row.session).to_owned(), row.timestep)
    }

    /// The line of value number `value` of a group.
    fn line_of(&self, group: usize, mut value: usize) -> u64 {
        for (run, end) in self.runs_with_ends().filter(|(run, _)| run.group as usize == group) {
            if value < end - run.start {
                return run.line + value as u64;
            }
            value -= end - run.start;
        }
        0
    }
}
