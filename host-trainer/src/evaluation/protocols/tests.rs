//! Which rows training, enrolment and probes may share, and how a lack is reported.

use super::check::labels_of;
use super::*;
use crate::dataset::Synthetic;

fn split_by(protocol: &dyn Protocol, dataset: &Dataset) -> Split {
    split(protocol, dataset, &SessionChoice::default(), 1).unwrap()
}

#[test]
fn honest_protocols_share_no_row_between_training_and_probes() {
    let dataset = Synthetic { classes: 6, timesteps: 20, features: 4, sessions: 4, noise: 0.5, seed: 1 }.recordings();
    for protocol in PROTOCOLS.iter().filter(|protocol| protocol.name() != "in-sample") {
        for fold in split_by(*protocol, &dataset).folds {
            let shared = fold.probes.iter().find(|r| fold.training.contains(r) || fold.enrolment.contains(r));
            assert_eq!(shared, None, "{}", protocol.name());
        }
    }
}

#[test]
fn blocks_leave_a_gap() {
    let dataset = Synthetic { classes: 2, timesteps: 20, features: 4, sessions: 1, noise: 0.5, seed: 1 }.recordings();
    let fold = &split_by(&blocks::Blocks, &dataset).folds[0];
    let first: Vec<usize> = fold.enrolment.iter().copied().filter(|&r| r < 20).collect();
    let probes: Vec<usize> = fold.probes.iter().copied().filter(|&r| r < 20).collect();
    assert_eq!((first[0], first[first.len() - 1], probes[0], probes[probes.len() - 1]), (0, 8, 11, 19));
}

#[test]
fn sessions_are_disjoint_and_unseen_labels_never_train() {
    let dataset = Synthetic { classes: 6, timesteps: 8, features: 4, sessions: 4, noise: 0.5, seed: 1 }.recordings();
    let session = |rows: &[usize]| rows.iter().map(|&r| dataset.rows[r].session).max();
    let fold = &split_by(&sessions::Sessions, &dataset).folds[0];
    assert_eq!([&fold.training, &fold.enrolment, &fold.probes].map(|r| session(r)), [Some(1), Some(2), Some(3)]);
    for fold in split_by(&unseen::Unseen, &dataset).folds {
        let trained = labels_of(&dataset, &fold.training);
        assert!(labels_of(&dataset, &fold.probes).iter().all(|label| !trained.contains(label)));
    }
}

#[test]
fn every_session_probes_once_in_folds() {
    let dataset = Synthetic { classes: 3, timesteps: 5, features: 4, sessions: 7, noise: 0.5, seed: 1 }.recordings();
    let mut probed: Vec<usize> = split_by(&folds::Folds, &dataset).folds.into_iter().flat_map(|f| f.probes).collect();
    probed.sort_unstable();
    assert!(probed.into_iter().eq(0..dataset.rows.len()));
}

#[test]
fn unseen_labels_may_be_enrolled_from_the_training_sessions_but_not_probe_in_them() {
    let dataset = Synthetic { classes: 6, timesteps: 8, features: 4, sessions: 4, noise: 0.5, seed: 1 }.recordings();
    let named = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let choice = |probes| SessionChoice {
        training: named(&["run00", "run01"]),
        enrolment: named(&["run01", "run02"]),
        probes: named(probes),
        ..SessionChoice::default()
    };
    assert!(split(&unseen::Unseen, &dataset, &choice(&["run03"]), 1).is_ok());
    assert!(split(&sessions::Sessions, &dataset, &choice(&["run03"]), 1).is_err());
    let error = split(&unseen::Unseen, &dataset, &choice(&["run02"]), 1).unwrap_err().to_string();
    assert!(error.contains("run02 is in two"), "{error}");
}

#[test]
fn a_lack_is_named_with_the_protocols_that_fit() {
    let dataset = Synthetic { classes: 2, timesteps: 20, features: 4, sessions: 1, noise: 0.5, seed: 1 }.recordings();
    let error = split(&unseen::Unseen, &dataset, &SessionChoice::default(), 1).unwrap_err().to_string();
    assert!(error.contains("four labels") && error.contains("in-sample, random, blocks, episodes"), "{error}");
    let error = split(&sessions::Sessions, &dataset, &SessionChoice::default(), 1).unwrap_err().to_string();
    assert!(error.contains("three sessions"), "{error}");
}

#[test]
fn every_protocol_is_found_by_its_name_and_the_default_one_leaks_nothing() {
    for protocol in PROTOCOLS {
        assert_eq!(find(protocol.name()).map(|found| found.heading()), Some(protocol.heading()));
    }
    let dataset = Synthetic { classes: 6, timesteps: 20, features: 4, sessions: 4, noise: 0.5, seed: 1 }.recordings();
    assert!(split_by(DEFAULT, &dataset).leaks.is_none());
    assert!(split_by(REFERENCE, &dataset).leaks.is_some());
    assert!(find(HELD_BACK.name()).is_some() && !PROTOCOLS.iter().any(|protocol| protocol.name() == HELD_BACK.name()));
}
