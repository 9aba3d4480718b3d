//! A record is read as it was written, and refused when anything in it is not.
#![allow(clippy::unwrap_used)]

use neural_vault_core::key::MAX_LATENT;

use super::*;

fn record() -> Enrolment {
    Enrolment {
        label: "face".to_owned(),
        id: [7; 16],
        model_digest: [9; 32],
        policy: Policy::plain(1),
        threshold: Threshold::new(0.5).unwrap(),
        development: Development {
            protocol: "given".to_owned(),
            target: Target::ByHand,
            eer_percent: None,
            genuine: 0,
            impostor: 0,
        },
        outcome: None,
        scans: 1,
        sessions: vec!["run04".to_owned()],
        prototype: vec![0.25, -0.5, 0.125],
        measured: Measured::new(Threshold::new(0.5).unwrap(), &[(1, &[0.1, 0.7]), (4, &[0.6, 0.2])], 2),
        is_whole: false,
    }
}

#[test]
fn a_record_reads_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.nve");
    record().write(&path).unwrap();
    assert!(Enrolment::read(&path).unwrap() == record());
}

#[test]
fn every_flipped_bit_and_every_cut_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.nve");
    record().write(&path).unwrap();
    let sound = std::fs::read(&path).unwrap();
    for bit in 0..sound.len() * 8 {
        let mut bytes = sound.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, bytes).unwrap();
        assert!(Enrolment::read(&path).is_err(), "bit {bit}");
    }
    for length in 0..sound.len() {
        std::fs::write(&path, &sound[..length]).unwrap();
        assert!(Enrolment::read(&path).is_err(), "{length} bytes");
    }
}

#[test]
fn a_file_of_version_2_holds_all_but_what_was_measured() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.nve");
    let old = Enrolment { measured: None, ..record() };
    let mut bytes = MAGIC_2.to_vec();
    let body = postcard::to_allocvec(&old).unwrap();
    bytes.extend(&body[..body.len() - 1]);
    let checksum = Sha256::digest(&bytes);
    bytes.extend(checksum);
    std::fs::write(&path, &bytes).unwrap();
    let read = Enrolment::read(&path).unwrap();
    assert!(read == old && read.false_matches() == FalseMatches::UNKNOWN && read.thresholds().is_empty());
}

#[test]
fn a_false_match_rate_that_its_trials_do_not_give_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.nve");
    let mut forged = record();
    if let Some(measured) = &mut forged.measured {
        measured.false_matches.bound = 0.000_1;
    }
    forged.write(&path).unwrap();
    let error = Enrolment::read(&path).unwrap_err().to_string();
    assert!(error.contains("contradict each other"), "{error}");
}

#[test]
fn one_threshold_for_all_lengths_is_the_highest() {
    let record = record();
    let (thresholds, highest) = (record.thresholds(), record.highest_threshold());
    assert_eq!(thresholds.iter().map(|probe| probe.frames).collect::<Vec<_>>(), [1, 4]);
    assert!(thresholds[0].threshold < thresholds[1].threshold && highest == record.threshold);
    let low = Enrolment { threshold: Threshold::new(-0.5).unwrap(), ..record };
    assert_eq!(low.highest_threshold(), thresholds[0].threshold);
}

#[test]
fn another_model_is_refused_by_name() {
    let error = record().check_model(Path::new("r.nve"), &[1; 32], 3).unwrap_err().to_string();
    assert!(error.contains(&"09".repeat(32)) && error.contains(&"01".repeat(32)), "{error}");
}

#[test]
fn a_prototype_of_another_length_than_the_embeddings_is_refused() {
    let error = record().check_model(Path::new("r.nve"), &[9; 32], 16).unwrap_err().to_string();
    assert!(error.contains("3 components") && error.contains("16"), "{error}");
    record().check_model(Path::new("r.nve"), &[9; 32], 3).unwrap();
}

#[test]
fn a_prototype_of_as_many_components_as_there_can_be_reads_back_and_a_longer_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.nve");
    for (components, is_read) in [(MAX_LATENT, true), (MAX_LATENT + 1, false)] {
        let record = Enrolment { prototype: vec![0.5; components], is_whole: true, ..record() };
        record.write(&path).unwrap();
        assert_eq!(Enrolment::read(&path).is_ok_and(|read| read == record), is_read, "{components}");
    }
}

#[test]
fn a_scan_embedded_as_a_whole_needs_a_length_of_probes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.nve");
    Enrolment { is_whole: true, measured: None, ..record() }.write(&path).unwrap();
    let error = Enrolment::read(&path).unwrap_err().to_string();
    assert!(error.contains("states no length of a probe"), "{error}");
}
