//! How each protocol splits recordings, and what it needs of them.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::{Fold, SessionChoice, Split};
use crate::dataset::{Dataset, Scan};

/// Share of a recording's frames left out between what trains and what probes, in `blocks`.
const GAP: f64 = 0.1;

/// Parts that the sessions are cut into, in `folds`.
const FOLDS: usize = 3;

pub(super) fn in_sample(dataset: &Dataset) -> Split {
    let all: Vec<usize> = (0..dataset.rows.len()).collect();
    Split {
        description: "every frame trains, is enrolled and probes".to_owned(),
        leaks: Some("it scores what it was trained on"),
        folds: vec![Fold { training: all.clone(), enrolment: all.clone(), probes: all }],
    }
}

pub(super) fn random(dataset: &Dataset, seed: u64) -> Split {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut fold = Fold::default();
    for scan in dataset.scans() {
        let mut rows: Vec<usize> = scan.rows.collect();
        rows.shuffle(&mut rng);
        let (mut known, mut probes) =
            (rows[..rows.len().div_ceil(2)].to_vec(), rows[rows.len().div_ceil(2)..].to_vec());
        known.sort_unstable();
        probes.sort_unstable();
        fold.enrolment.extend(known);
        fold.probes.extend(probes);
    }
    fold.training.clone_from(&fold.enrolment);
    Split {
        description: "a random half of each recording's frames trains and is enrolled, the other half probes"
            .to_owned(),
        leaks: Some("neighbouring frames are much alike, and stand on both sides"),
        folds: vec![fold],
    }
}

pub(super) fn blocks(dataset: &Dataset) -> Split {
    let mut fold = Fold::default();
    for scan in dataset.scans() {
        let (before, after) = halves_with_gap(&scan);
        fold.enrolment.extend(before);
        fold.probes.extend(after);
    }
    fold.training.clone_from(&fold.enrolment);
    Split {
        description: format!(
            "the beginning of each recording trains and is enrolled, its end probes, {:.0} % of it between them left out",
            GAP * 100.0
        ),
        leaks: None,
        folds: vec![fold],
    }
}

/// The rows before and after a gap of at least one frame in the middle.
fn halves_with_gap(scan: &Scan) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
    let length = scan.rows.len();
    let gap = ((length as f64 * GAP).round() as usize).max(1).min(length);
    let before = (length - gap).div_ceil(2);
    (scan.rows.start..scan.rows.start + before, scan.rows.start + before + gap..scan.rows.end)
}

/// The sessions of each part: as named, or the first half trains, and the rest is enrolled and probes in equal parts.
///
/// Where other labels are enrolled than train, both may come from the same sessions, and do unless sessions are named: the
/// last third probes.
fn session_parts(dataset: &Dataset, choice: &SessionChoice, other_labels: bool) -> Result<[Vec<String>; 3], String> {
    let all = &dataset.sessions;
    let named = [&choice.training, &choice.enrolment, &choice.probes];
    if named.iter().all(|list| list.is_empty()) {
        if all.len() < 3 {
            return Err(format!("three sessions (there are {}); --blocks makes sessions of time blocks", all.len()));
        }
        if other_labels {
            let known = all[..all.len() - all.len() / 3].to_vec();
            return Ok([known.clone(), known, all[all.len() - all.len() / 3..].to_vec()]);
        }
        let training = all.len().div_ceil(2).min(all.len() - 2);
        let enrolment = training + (all.len() - training) / 2;
        return Ok([all[..training].to_vec(), all[training..enrolment].to_vec(), all[enrolment..].to_vec()]);
    }
    if named.iter().any(|list| list.is_empty()) {
        return Err("all of --train-sessions, --enroll-sessions and --probe-sessions, or none of them".to_owned());
    }
    if let Some(unknown) = named.into_iter().flatten().find(|name| !all.contains(name)) {
        return Err(format!("sessions that are there; {unknown} is not among {}", all.join(", ")));
    }
    let twice = |n: &&String| (choice.enrolment.contains(n) && !other_labels) || choice.probes.contains(n);
    let twice = choice.training.iter().find(twice);
    if let Some(name) = twice.or_else(|| choice.enrolment.iter().find(|n| choice.probes.contains(n))) {
        return Err(format!("different sessions for each part; {name} is in two"));
    }
    Ok(named.map(Clone::clone))
}

pub(super) fn folds(dataset: &Dataset) -> Result<Split, String> {
    let all = &dataset.sessions;
    if all.len() < FOLDS {
        let found = all.len();
        return Err(format!("{FOLDS} sessions (there are {found}); --blocks makes sessions of time blocks"));
    }
    let mut names = Vec::new();
    let folds = (0..FOLDS).map(|fold| {
        let probes = &all[fold * all.len() / FOLDS..(fold + 1) * all.len() / FOLDS];
        names.push(probes.join(" "));
        let others: Vec<String> = all.iter().filter(|name| !probes.contains(name)).cloned().collect();
        let training = rows_where(dataset, &|_| true, &others);
        Fold { enrolment: training.clone(), training, probes: rows_where(dataset, &|_| true, probes) }
    });
    let folds = folds.collect();
    let description = format!("sessions {} probe in turn, the others train and are enrolled", names.join(" | "));
    Ok(Split { description, leaks: None, folds })
}

pub(super) fn sessions(dataset: &Dataset, choice: &SessionChoice) -> Result<Split, String> {
    Ok(by_sessions(dataset, session_parts(dataset, choice, false)?))
}

fn by_sessions(dataset: &Dataset, parts: [Vec<String>; 3]) -> Split {
    let [training, enrolment, probes] = parts.clone().map(|names| rows_where(dataset, &|_| true, &names));
    let [t, e, p] = parts.map(|names| names.join(" "));
    Split {
        description: format!("sessions {t} train, {e} are enrolled, {p} probe"),
        leaks: None,
        folds: vec![Fold { training, enrolment, probes }],
    }
}

pub(super) fn unseen(dataset: &Dataset, choice: &SessionChoice, seed: u64) -> Result<Split, String> {
    let mut labels: Vec<u32> = labels_of(dataset, &(0..dataset.rows.len()).collect::<Vec<_>>());
    if labels.len() < 4 {
        return Err(format!("four labels, two to train and two to enrol (there are {})", labels.len()));
    }
    labels.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let (first, second) = labels.split_at(labels.len() / 2);
    let named = [&choice.training, &choice.enrolment, &choice.probes].iter().any(|list| !list.is_empty());
    let base = match session_parts(dataset, choice, true) {
        Ok(parts) => by_sessions(dataset, parts),
        Err(lack) if named => return Err(lack),
        Err(_) => blocks(dataset),
    };
    let of = |rows: &[usize], wanted: &[u32]| -> Vec<usize> {
        rows.iter().copied().filter(|&row| wanted.contains(&dataset.rows[row].label)).collect()
    };
    let fold = |trained: &[u32], enrolled: &[u32]| Fold {
        training: of(&base.folds[0].training, trained),
        enrolment: of(&base.folds[0].enrolment, enrolled),
        probes: of(&base.folds[0].probes, enrolled),
    };
    Ok(Split {
        description: format!("half of the labels train the encoder, the others are enrolled; {}", base.description),
        leaks: None,
        folds: vec![fold(first, second), fold(second, first)],
    })
}

fn rows_where(dataset: &Dataset, label: &dyn Fn(u32) -> bool, sessions: &[String]) -> Vec<usize> {
    let wanted = |row: usize| {
        let row = dataset.rows[row];
        label(row.label) && sessions.contains(&dataset.sessions[row.session as usize])
    };
    (0..dataset.rows.len()).filter(|&row| wanted(row)).collect()
}

pub(super) fn labels_of(dataset: &Dataset, rows: &[usize]) -> Vec<u32> {
    let mut labels: Vec<u32> = rows.iter().map(|&row| dataset.rows[row].label).collect();
    labels.sort_unstable();
    labels.dedup();
    labels
}

/// Training needs two frames of two labels; trials need two enrolled labels and a probe of each.
pub(super) fn check(dataset: &Dataset, fold: &Fold) -> Result<(), String> {
    let training = labels_of(dataset, &fold.training);
    if training.len() < 2 {
        return Err("two labels to train on".to_owned());
    }
    for label in training {
        if fold.training.iter().filter(|&&row| dataset.rows[row].label == label).count() < 2 {
            return Err(format!("two training frames of label {}", dataset.labels[label as usize]));
        }
    }
    let (enrolled, probed) = (labels_of(dataset, &fold.enrolment), labels_of(dataset, &fold.probes));
    if enrolled.len() < 2 {
        return Err("two labels to enrol".to_owned());
    }
    match enrolled.iter().find(|label| !probed.contains(label)) {
        Some(&label) => Err(format!("a probe of label {}", dataset.labels[label as usize])),
        None => Ok(()),
    }
}

/// Episodes need 4 frames of each label on both sides.
pub(super) fn check_episodes(dataset: &Dataset, fold: &Fold) -> Result<(), String> {
    for (part, rows) in [("enrolment", &fold.enrolment), ("probe", &fold.probes)] {
        for label in labels_of(dataset, rows) {
            if rows.iter().filter(|&&row| dataset.rows[row].label == label).count() < 4 {
                return Err(format!("four {part} frames of label {}", dataset.labels[label as usize]));
            }
        }
    }
    Ok(())
}
