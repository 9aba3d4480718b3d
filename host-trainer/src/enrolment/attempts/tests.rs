//! Attempts stay spent, and an attempt that cannot be counted releases no key.
#![allow(clippy::unwrap_used)]

use std::fs;

use neural_vault_core::verify::{Enrolment, Threshold, Verdict, VerifyError, verify};
use tempfile::TempDir;

use super::*;
use crate::enrolment::false_matches;

const ID: [u8; 16] = [7; 16];
const PROTOTYPE: [f32; 3] = [0.6, 0.0, 0.8];
const IMPOSTOR: [f32; 3] = [-0.6, 0.8, 0.1];

/// A folder with an enrolment's name in it.
fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.nve");
    fs::write(&path, "").unwrap();
    (folder, path)
}

fn counter(path: &Path) -> PathBuf {
    path.with_file_name("r.nve.attempts")
}

fn left(path: &Path) -> u32 {
    Attempts::open(path, &ID, ATTEMPTS).unwrap().left()
}

fn attempt(path: &Path, probe: &[f32]) -> Result<(), VerifyError<AttemptsError>> {
    let enrolment = Enrolment::new(&PROTOTYPE, Threshold::new(0.9).unwrap(), &[1; 32], &ID).unwrap();
    let mut attempts = Attempts::open(path, &ID, ATTEMPTS).map_err(VerifyError::Counter)?;
    verify(&enrolment, probe, &mut attempts, &mut Verdict::rejection())
}

#[test]
fn misses_exhaust_it_and_then_the_genuine_probe_gets_nothing() {
    let (_folder, path) = folder();
    for spent in 0..ATTEMPTS {
        assert_eq!(left(&path), ATTEMPTS - spent);
        assert!(matches!(attempt(&path, &IMPOSTOR), Err(VerifyError::Rejected)));
    }
    for _ in 0..2 {
        assert!(matches!(attempt(&path, &PROTOTYPE), Err(VerifyError::NoAttemptsLeft)));
        assert_eq!(left(&path), 0);
    }
    let mut attempts = Attempts::open(&path, &ID, ATTEMPTS).unwrap();
    assert!(matches!(attempts.persist_decrement(), Err(AttemptsError::NoneLeft { .. })));
}

#[test]
fn an_accepted_probe_restores_all() {
    let (_folder, path) = folder();
    for _ in 1..ATTEMPTS {
        attempt(&path, &IMPOSTOR).unwrap_err();
    }
    assert_eq!(left(&path), 1);
    attempt(&path, &PROTOTYPE).unwrap();
    assert_eq!(left(&path), ATTEMPTS);
}

#[test]
fn fewer_attempts_are_left_and_restored_where_the_error_rate_allows_fewer() {
    let allowed = |matches, trials| attempts_here(&false_matches(matches, trials, 8));
    assert_eq!([allowed(5, 56), allowed(0, 224), allowed(0, 552), allowed(0, 9221), allowed(0, 0)], [5, 1, 3, 5, 5]);
    let (_folder, path) = folder();
    attempt(&path, &IMPOSTOR).unwrap_err();
    let mut attempts = Attempts::open(&path, &ID, 1).unwrap();
    assert_eq!(attempts.left(), 1);
    attempts.persist_decrement().unwrap();
    attempts.restore().unwrap();
    assert_eq!(attempts.left(), 1);
}

#[test]
fn a_stop_between_attempt_and_verdict_leaves_the_attempt_spent() {
    let (_folder, path) = folder();
    for spent in 1..=ATTEMPTS {
        let mut attempts = Attempts::open(&path, &ID, ATTEMPTS).unwrap();
        attempts.persist_decrement().unwrap();
        drop(attempts);
        assert_eq!(left(&path), ATTEMPTS - spent);
    }
}

#[test]
fn every_flipped_bit_and_every_cut_is_refused() {
    let (_folder, path) = folder();
    attempt(&path, &IMPOSTOR).unwrap_err();
    let sound = fs::read(counter(&path)).unwrap();
    assert_eq!(sound.len(), LENGTH);
    for bit in 0..sound.len() * 8 {
        let mut bytes = sound.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(counter(&path), bytes).unwrap();
        let error = attempt(&path, &PROTOTYPE).unwrap_err();
        assert!(matches!(error, VerifyError::Counter(AttemptsError::Malformed { .. })), "bit {bit}: {error}");
    }
    for bytes in (0..sound.len()).map(|length| &sound[..length]).chain([&[&sound[..], &[0]].concat()[..]]) {
        fs::write(counter(&path), bytes).unwrap();
        let error = attempt(&path, &PROTOTYPE).unwrap_err();
        assert!(matches!(error, VerifyError::Counter(AttemptsError::Malformed { .. })), "{} bytes", bytes.len());
    }
    fs::write(counter(&path), file(&ID, ATTEMPTS + 1)).unwrap();
    assert!(matches!(Attempts::open(&path, &ID, ATTEMPTS), Err(AttemptsError::Malformed { .. })));
}

#[test]
fn the_counter_of_another_enrolment_is_refused_until_it_is_forgotten() {
    let (_folder, path) = folder();
    attempt(&path, &IMPOSTOR).unwrap_err();
    assert!(matches!(Attempts::open(&path, &[8; 16], ATTEMPTS), Err(AttemptsError::OtherEnrolment { .. })));
    Attempts::forget(&path).unwrap();
    assert_eq!(Attempts::open(&path, &[8; 16], ATTEMPTS).unwrap().left(), ATTEMPTS);
    Attempts::forget(&path).unwrap();
}

#[test]
fn a_counter_that_cannot_be_written_takes_nothing_and_releases_nothing() {
    let (_folder, path) = folder();
    let mut attempts = Attempts::open(&path, &ID, ATTEMPTS).unwrap();
    // A folder cannot be replaced by a file, whatever the user's rights.
    fs::create_dir(counter(&path)).unwrap();
    assert!(matches!(attempts.persist_decrement(), Err(AttemptsError::Write { .. })));
    assert_eq!(attempts.left(), ATTEMPTS);
    drop(attempts);
    assert!(matches!(attempt(&path, &PROTOTYPE), Err(VerifyError::Counter(AttemptsError::Read { .. }))));
}

#[cfg(unix)]
#[test]
fn a_link_to_an_enrolment_shares_the_attempts_of_its_target() {
    let (folder, path) = folder();
    let link = folder.path().join("link.nve");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    attempt(&link, &IMPOSTOR).unwrap_err();
    assert_eq!(left(&path), ATTEMPTS - 1);
}

#[cfg(unix)]
#[test]
fn counter_and_lock_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, path) = folder();
    attempt(&path, &IMPOSTOR).unwrap_err();
    for name in ["r.nve.attempts", "r.nve.attempts.lock"] {
        let mode = fs::metadata(path.with_file_name(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn threads_at_once_take_one_attempt_each() {
    let (_folder, path) = folder();
    std::thread::scope(|scope| {
        for _ in 1..ATTEMPTS {
            scope.spawn(|| attempt(&path, &IMPOSTOR).unwrap_err());
        }
    });
    assert_eq!(left(&path), 1);
}
