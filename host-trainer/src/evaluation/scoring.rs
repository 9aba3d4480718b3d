//! Trials of a protocol's folds: of every probe, in few-shot episodes, and within the enrolment.

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom;

use super::fold::Prepared;
use super::items::groups;
use super::methods::{Gallery, Method};
use super::protocols::{Episodes, Fold};
use crate::dataset::{Dataset, Row};
use crate::metrics::trial::Trial;
use crate::results::{Probe, Resampled, TrialGroup, TrialList};

/// Length in frames of the blocks that the bootstrap draws when there is only one session.
const BLOCK: i64 = 6;

/// For each fold, the gallery of `method` from at most `limit` windows per class.
pub(super) fn galleries(
    dataset: &Dataset,
    folds: &[Prepared<'_>],
    method: &dyn Method,
    limit: usize,
) -> Vec<Box<dyn Gallery>> {
    let of_fold = |fold: &Prepared<'_>| {
        let enrolled = fold.fold.enrolment.iter().map(|&row| dataset.rows[row].label).enumerate();
        let mut members = by_class(dataset, enrolled);
        members.iter_mut().for_each(|windows| windows.truncate(limit));
        fold.enrol(method, &members)
    };
    folds.iter().map(of_fold).collect()
}

/// All trials of `method`, pooled over the folds: probes of `group` consecutive windows against the folds' galleries.
pub(super) fn trials(
    dataset: &Dataset,
    folds: &[Prepared<'_>],
    galleries: &[Box<dyn Gallery>],
    method: &dyn Method,
    group: usize,
) -> Vec<Trial> {
    let mut list = Vec::new();
    for (fold, gallery) in folds.iter().zip(galleries) {
        let codes = fold.probes.codes(method);
        for rows in groups(dataset, &fold.fold.probes, group) {
            list.extend(trials_of(dataset, fold.fold.probes[rows[0]], gallery.scores(codes, &rows)));
        }
    }
    list
}

/// The trials of one probe, whose first window is `row`, from its scores.
pub(super) fn trials_of(dataset: &Dataset, row: usize, scores: Vec<(u32, f64)>) -> impl Iterator<Item = Trial> {
    let row = dataset.rows[row];
    let (probe_label, probe_session) = (row.label, unit(dataset, row));
    scores.into_iter().map(move |(enrolled_label, score)| Trial { probe_label, probe_session, enrolled_label, score })
}

/// One few-shot episode, in positions of its fold's enrolment and probes.
pub(super) struct Episode {
    fold: usize,
    /// The enrolled windows of each class.
    support: Vec<Vec<usize>>,
    /// The probes.
    queries: Vec<usize>,
}

/// Draws few-shot episodes (Snell, Swersky and Zemel 2017): galleries of a few windows per class, and as many probes.
pub(super) fn draw(dataset: &Dataset, folds: &[Fold], episodes: Episodes, seed: u64) -> Vec<Episode> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut list = Vec::new();
    for (number, fold) in folds.iter().enumerate() {
        let of_class = |rows: &[usize], class: u32| -> Vec<usize> {
            (0..rows.len()).filter(|&at| dataset.rows[rows[at]].label == class).collect()
        };
        for _ in 0..episodes.count {
            let mut episode = Episode { fold: number, support: Vec::new(), queries: Vec::new() };
            for class in 0..dataset.labels.len() as u32 {
                let drawn = of_class(&fold.enrolment, class);
                episode.support.push(drawn.sample(&mut rng, episodes.shots).copied().collect());
                let drawn = of_class(&fold.probes, class);
                episode.queries.extend(drawn.sample(&mut rng, episodes.shots).copied());
            }
            list.push(episode);
        }
    }
    list
}

/// The trials of `method` in these episodes.
pub(super) fn episodes(
    dataset: &Dataset,
    folds: &[Prepared<'_>],
    method: &dyn Method,
    episodes: &[Episode],
) -> Vec<Trial> {
    let mut list = Vec::new();
    for Episode { fold, support, queries } in episodes {
        let fold = &folds[*fold];
        let codes = fold.probes.codes(method);
        let gallery = fold.enrol(method, support);
        for &at in queries {
            list.extend(trials_of(dataset, fold.fold.probes[at], gallery.scores(codes, &[at])));
        }
    }
    list
}

/// The comparisons that every method scores: of each probe, or in each of `episodes`.
pub(super) fn trial_list(dataset: &Dataset, folds: &[Fold], episodes: Option<&[Episode]>) -> TrialList {
    let mut list = TrialList { resampled: Resampled::SessionsThenLabels, probes: Vec::new(), groups: Vec::new() };
    let mut places: BTreeMap<usize, u32> = BTreeMap::new();
    let mut group = |enrolled: Vec<u32>, rows: &mut dyn Iterator<Item = usize>| {
        let probes = rows.map(|row| {
            *places.entry(row).or_insert_with(|| {
                let Row { label, session, timestep, .. } = dataset.rows[row];
                list.probes.push(Probe { label, session, timestep, unit: unit(dataset, dataset.rows[row]) });
                list.probes.len() as u32 - 1
            })
        });
        let probes = probes.collect();
        list.groups.push(TrialGroup { enrolled, probes });
    };
    match episodes {
        Some(episodes) => episodes.iter().for_each(|Episode { fold, support, queries }| {
            let enrolled = (0..).zip(support).filter_map(|(class, rows)| (!rows.is_empty()).then_some(class));
            group(enrolled.collect(), &mut queries.iter().map(|&at| folds[*fold].probes[at]));
        }),
        None => folds.iter().for_each(|fold| {
            let enrolled: BTreeSet<u32> = fold.enrolment.iter().map(|&row| dataset.rows[row].label).collect();
            group(enrolled.into_iter().collect(), &mut fold.probes.iter().copied());
        }),
    }
    list
}

/// Development trials within the enrolment, to fix a threshold: each half of a recording against the other halves.
pub(super) fn development(dataset: &Dataset, folds: &[Prepared<'_>], method: &dyn Method) -> Vec<Trial> {
    let mut list = Vec::new();
    for fold in folds {
        let rows = &fold.fold.enrolment;
        let mut halves = [Vec::new(), Vec::new()];
        for scan in groups(dataset, rows, usize::MAX) {
            let (first, second) = scan.split_at(scan.len().div_ceil(2));
            halves[0].extend(first.iter().map(|&at| (at, dataset.rows[rows[at]].label)));
            halves[1].extend(second.iter().map(|&at| (at, dataset.rows[rows[at]].label)));
        }
        let codes = fold.enrolled.codes(method);
        for (enrolled, probes) in [(&halves[0], &halves[1]), (&halves[1], &halves[0])] {
            let gallery = fold.enrol(method, &by_class(dataset, enrolled.iter().copied()));
            for &(at, _) in probes {
                list.extend(trials_of(dataset, rows[at], gallery.scores(codes, &[at])));
            }
        }
    }
    list
}

/// The windows of each class, from windows with their classes.
fn by_class(dataset: &Dataset, windows: impl Iterator<Item = (usize, u32)>) -> Vec<Vec<usize>> {
    let mut classes = vec![Vec::new(); dataset.labels.len()];
    windows.for_each(|(window, class)| classes[class as usize].push(window));
    classes
}

/// The unit that the bootstrap draws: a session, or a block of neighbouring frames when there is only one session.
fn unit(dataset: &Dataset, row: Row) -> u32 {
    match dataset.sessions.len() {
        1 => row.timestep.div_euclid(BLOCK) as u32,
        _ => row.session,
    }
}
