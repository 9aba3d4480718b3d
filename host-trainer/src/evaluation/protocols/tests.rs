//! What a protocol may put on both sides, and what it may not.

use super::*;
use crate::dataset::synth;

fn split(protocol: Protocol, dataset: &Dataset) -> Split {
    protocol.split(dataset, &SessionChoice::default(), 1).unwrap()
}

#[test]
fn honest_protocols_share_no_row_between_training_and_probes() {
    let dataset = synth(6, 20, 4, 4, 0.5, 1);
    for protocol in ALL.into_iter().filter(|&protocol| protocol != Protocol::InSample) {
        for fold in split(protocol, &dataset).folds {
            let shared = fold.probes.iter().find(|r| fold.training.contains(r) || fold.enrolment.contains(r));
            assert_eq!(shared, None, "{}", protocol.name());
        }
    }
}

#[test]
fn blocks_leave_a_gap() {
    let dataset = synth(2, 20, 4, 1, 0.5, 1);
    let fold = &split(Protocol::Blocks, &dataset).folds[0];
    let first: Vec<usize> = fold.enrolment.iter().copied().filter(|&r| r < 20).collect();
    let probes: Vec<usize> = fold.probes.iter().copied().filter(|&r| r < 20).collect();
    assert_eq!((first[0], first[first.len() - 1], probes[0], probes[probes.len() - 1]), (0, 8, 11, 19));
}

#[test]
fn sessions_are_disjoint_and_unseen_labels_never_train() {
    let dataset = synth(6, 8, 4, 4, 0.5, 1);
    let session = |rows: &[usize]| rows.iter().map(|&r| dataset.rows[r].session).max();
    let fold = &split(Protocol::Sessions, &dataset).folds[0];
    assert_eq!([&fold.training, &fold.enrolment, &fold.probes].map(|r| session(r)), [Some(1), Some(2), Some(3)]);
    for fold in split(Protocol::Unseen, &dataset).folds {
        let trained = labels_of(&dataset, &fold.training);
        assert!(labels_of(&dataset, &fold.probes).iter().all(|label| !trained.contains(label)));
    }
}

#[test]
fn every_session_probes_once_in_folds() {
    let dataset = synth(3, 5, 4, 7, 0.5, 1);
    let mut probed: Vec<usize> = split(Protocol::Folds, &dataset).folds.into_iter().flat_map(|f| f.probes).collect();
    probed.sort_unstable();
    assert!(probed.into_iter().eq(0..dataset.rows.len()));
}

#[test]
fn unseen_labels_may_be_enrolled_from_the_training_sessions_but_not_probe_in_them() {
    let dataset = synth(6, 8, 4, 4, 0.5, 1);
    let named = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let choice = |probes| SessionChoice {
        training: named(&["run00", "run01"]),
        enrolment: named(&["run01", "run02"]),
        probes: named(probes),
    };
    assert!(Protocol::Unseen.split(&dataset, &choice(&["run03"]), 1).is_ok());
    assert!(Protocol::Sessions.split(&dataset, &choice(&["run03"]), 1).is_err());
    let error = Protocol::Unseen.split(&dataset, &choice(&["run02"]), 1).unwrap_err().to_string();
    assert!(error.contains("run02 is in two"), "{error}");
}

#[test]
fn a_lack_is_named_with_the_protocols_that_fit() {
    let dataset = synth(2, 20, 4, 1, 0.5, 1);
    let error = Protocol::Unseen.split(&dataset, &SessionChoice::default(), 1).unwrap_err().to_string();
    assert!(error.contains("four labels") && error.contains("in-sample, random, blocks, episodes"), "{error}");
    let error = Protocol::Sessions.split(&dataset, &SessionChoice::default(), 1).unwrap_err().to_string();
    assert!(error.contains("three sessions"), "{error}");
}
