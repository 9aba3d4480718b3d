//! What a protocol may put on both sides, and what it may not.

use super::*;
use crate::dataset::synth;

fn split(protocol: Protocol, dataset: &Dataset) -> Split {
    protocol.split(dataset, &SessionChoice::default(), 1).unwrap()
}

#[test]
fn honest_protocols_share_no_row_between_training_and_probes() {
    let dataset = synth(6, 20, 4, 4, 0.5, 1);
    for protocol in [Protocol::Random, Protocol::Blocks, Protocol::Sessions, Protocol::Unseen, Protocol::Episodes] {
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
fn a_lack_is_named_with_the_protocols_that_fit() {
    let dataset = synth(2, 20, 4, 1, 0.5, 1);
    let error = Protocol::Unseen.split(&dataset, &SessionChoice::default(), 1).unwrap_err().to_string();
    assert!(error.contains("four labels") && error.contains("in-sample, random, blocks, episodes"), "{error}");
    let error = Protocol::Sessions.split(&dataset, &SessionChoice::default(), 1).unwrap_err().to_string();
    assert!(error.contains("three sessions"), "{error}");
}
