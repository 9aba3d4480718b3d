//! Checks that every protocol makes of recordings and of its split.

use super::protocol::{Episodes, Fold, Lack, Protocol, Split};
use crate::dataset::Dataset;

/// A comparison needs two labels.
pub(super) fn labels(dataset: &Dataset) -> Result<(), Lack> {
    if all_labels(dataset).len() < 2 { lacks("two labels") } else { Ok(()) }
}

/// Checks each fold, and that the protocol's episodes can be drawn from it.
pub(super) fn split(dataset: &Dataset, split: &Split, protocol: &dyn Protocol) -> Result<(), Lack> {
    for fold in &split.folds {
        if protocol.trains() {
            check_training(dataset, fold)?;
        }
        check_trials(dataset, fold)?;
        if let Some(episodes) = protocol.episodes() {
            check_episodes(dataset, fold, episodes)?;
        }
    }
    Ok(())
}

/// Training needs two frames of two labels.
fn check_training(dataset: &Dataset, fold: &Fold) -> Result<(), Lack> {
    let training = labels_of(dataset, &fold.training);
    if training.len() < 2 {
        return lacks("two labels to train on");
    }
    for label in training {
        if count(dataset, &fold.training, label) < 2 {
            return lacks(format!("two training frames of label {}", dataset.labels[label as usize]));
        }
    }
    Ok(())
}

/// Trials need two enrolled labels and a probe of each.
fn check_trials(dataset: &Dataset, fold: &Fold) -> Result<(), Lack> {
    let (enrolled, probed) = (labels_of(dataset, &fold.enrolment), labels_of(dataset, &fold.probes));
    if enrolled.len() < 2 {
        return lacks("two labels to enrol");
    }
    match enrolled.iter().find(|label| !probed.contains(label)) {
        Some(&label) => lacks(format!("a probe of label {}", dataset.labels[label as usize])),
        None => Ok(()),
    }
}

/// Episodes need enough frames of each label for both enrolment and probes.
fn check_episodes(dataset: &Dataset, fold: &Fold, episodes: Episodes) -> Result<(), Lack> {
    for (part, rows) in [("enrolment", &fold.enrolment), ("probe", &fold.probes)] {
        for label in labels_of(dataset, rows) {
            if count(dataset, rows, label) < episodes.shots {
                let (shots, label) = (episodes.shots, &dataset.labels[label as usize]);
                return lacks(format!("{shots} {part} frames of label {label}"));
            }
        }
    }
    Ok(())
}

fn lacks<T>(what: impl Into<String>) -> Result<T, Lack> {
    Err(Lack::Other(what.into()))
}

fn count(dataset: &Dataset, rows: &[usize], label: u32) -> usize {
    rows.iter().filter(|&&row| dataset.rows[row].label == label).count()
}

/// The labels that have rows.
pub(super) fn all_labels(dataset: &Dataset) -> Vec<u32> {
    labels_of(dataset, &(0..dataset.rows.len()).collect::<Vec<_>>())
}

/// The labels of `rows`, ascending.
pub(super) fn labels_of(dataset: &Dataset, rows: &[usize]) -> Vec<u32> {
    let mut labels: Vec<u32> = rows.iter().map(|&row| dataset.rows[row].label).collect();
    labels.sort_unstable();
    labels.dedup();
    labels
}
