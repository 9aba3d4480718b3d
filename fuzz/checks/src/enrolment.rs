//! Files of enrolments: what reads is sound, and is written and reads again to the same.

use std::fs;
use std::path::Path;

use neural_vault::dataset::Synthetic;
use neural_vault::enrolment::Enrolment;
use sha2::{Digest, Sha256};

use crate::recordings::{folder, is_named};

/// Takes `bytes` as a file, and as the record of files of every version.
pub fn check(bytes: &[u8]) {
    let folder = folder();
    let file = folder.path().join("ada.nve");
    read(&file, bytes);
    for magic in [b"NVENROL4", b"NVENROL3", b"NVENROL2"] {
        let content = [magic, bytes].concat();
        let checksum: [u8; 32] = Sha256::digest(&content).into();
        read(&file, &[&content[..], &checksum].concat());
    }
}

fn read(file: &Path, bytes: &[u8]) {
    fs::write(file, bytes).expect("a file is written");
    let enrolment = match Enrolment::read(file) {
        Ok(enrolment) => enrolment,
        Err(error) => {
            is_named(&error, file);
            assert!(!error.to_string().contains(char::is_control), "{error:?}");
            return;
        }
    };
    enrolment.write(file).expect("what reads can be written");
    let written = fs::read(file).expect("a file is read");
    // Numbers may come in more bytes than they need, and bytes may follow the record.
    assert!(written.len() <= bytes.len() + 2);
    let again = Enrolment::read(file).expect("what was written reads");
    again.write(file).expect("what reads can be written");
    assert_eq!(fs::read(file).expect("a file is read"), written);

    assert!(enrolment.to_core().is_ok());
    assert!(!enrolment.prototype.is_empty() && enrolment.prototype.iter().all(|component| component.is_finite()));
    let highest = enrolment.highest_threshold();
    assert!(enrolment.thresholds().iter().all(|probe| probe.threshold <= highest) && enrolment.threshold <= highest);
    for timesteps in [1, 4, 20] {
        let made = Synthetic { classes: 1, timesteps, features: 1, sessions: 1, noise: 0.5, seed: 1 }.recordings();
        for scan in made.scans() {
            if let Ok(probe) = enrolment.probe(&made, &scan) {
                assert!(probe.scan.rows.start >= scan.rows.start && probe.scan.rows.end <= scan.rows.end);
                assert!(probe.given <= scan.rows.len() && probe.threshold <= highest);
            }
        }
    }
}
