//! The comparisons that every method scores where persons are evaluated.

use std::collections::{BTreeMap, BTreeSet};

use crate::dataset::Dataset;
use crate::evaluation::protocols::Split;
use crate::results::{Probe, Resampled, TrialGroup, TrialList};

/// In each split every segment of `frames` frames of each evaluated person, against all of these persons.
pub(super) fn trial_list(dataset: &Dataset, split: &Split, frames: usize) -> TrialList {
    let mut list = TrialList { resampled: Resampled::LabelsThenSegments, probes: Vec::new(), groups: Vec::new() };
    let mut segments: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for fold in &split.folds {
        let enrolled: BTreeSet<u32> = fold.enrolment.iter().map(|&row| dataset.rows[row].label).collect();
        let mut group = TrialGroup { enrolled: enrolled.iter().copied().collect(), probes: Vec::new() };
        for &label in &enrolled {
            let probes = segments.entry(label).or_insert_with(|| {
                let first = list.probes.len() as u32;
                let rows: Vec<usize> =
                    fold.probes.iter().copied().filter(|&row| dataset.rows[row].label == label).collect();
                let sessions = rows.chunk_by(|&a, &b| dataset.rows[a].session == dataset.rows[b].session);
                let starts = sessions.flat_map(|session| session.chunks_exact(frames).map(|segment| segment[0]));
                list.probes.extend((0..).zip(starts).map(|(unit, row)| {
                    let row = dataset.rows[row];
                    Probe { label, session: row.session, timestep: row.timestep, unit }
                }));
                (first..list.probes.len() as u32).collect()
            });
            group.probes.extend_from_slice(probes);
        }
        list.groups.push(group);
    }
    list
}
