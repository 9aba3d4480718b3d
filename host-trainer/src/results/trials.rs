//! Which comparisons the scores of a protocol are of: probes, and the labels that each is compared with.

use serde::{Deserialize, Serialize};

/// The comparisons of a protocol.
///
/// Scores are in the order of the groups, in a group of its probes, and of a probe of the enrolled labels. A comparison with
/// the probe's own label is genuine, any other an impostor's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialList {
    /// What the bootstrap draws first.
    pub resampled: Resampled,
    /// Each probe once.
    pub probes: Vec<Probe>,
    /// Probes with the gallery that they are compared with: of a fold, a split of persons or an episode.
    pub groups: Vec<TrialGroup>,
}

/// What the bootstrap draws first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resampled {
    /// Sessions, or blocks of time of a single one, then the labels of each.
    SessionsThenLabels,
    /// Labels, such as persons, then the segments of each.
    LabelsThenSegments,
}

/// A probe: a window or a segment of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Probe {
    /// Its label, by its place in `labels`.
    pub label: u32,
    /// Its session, by its place in the sessions of the recordings.
    pub session: u32,
    /// The timestep of its first frame, as the recording has it.
    pub timestep: i64,
    /// The session, block or segment that it is drawn with.
    pub unit: u32,
}

/// Probes that are compared with one gallery.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialGroup {
    /// The enrolled labels, by their place in `labels`.
    pub enrolled: Vec<u32>,
    /// The probes, by their place in [`TrialList::probes`].
    pub probes: Vec<u32>,
}

impl TrialList {
    /// Every comparison in the order of scores: the number of its group, its probe, and the enrolled label.
    pub fn comparisons(&self) -> impl Iterator<Item = (usize, Probe, u32)> {
        self.groups.iter().enumerate().flat_map(move |(number, group)| {
            let probes = group.probes.iter().map(|&place| self.probes[place as usize]);
            probes.flat_map(move |probe| group.enrolled.iter().map(move |&enrolled| (number, probe, enrolled)))
        })
    }

    /// Whether every place refers to something that is there: a file may be damaged.
    pub(super) fn is_sound(&self, labels: usize, sessions: usize) -> bool {
        let probes = self.probes.iter().all(|p| (p.label as usize) < labels && (p.session as usize) < sessions);
        let of_group = |group: &TrialGroup| {
            group.probes.iter().all(|&place| (place as usize) < self.probes.len())
                && group.enrolled.iter().all(|&label| (label as usize) < labels)
        };
        probes && self.groups.iter().all(of_group)
    }
}
