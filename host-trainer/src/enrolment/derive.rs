//! The key of an accepted probe, whose attempt is counted first.

use std::fmt;
use std::path::{Path, PathBuf};

use neural_vault_core::key::{DerivedKey, DeviceSecret, KeyBuffer, KeyError};
use neural_vault_core::verify::{self, Threshold, Verdict, VerifyError};

use super::{Attempts, AttemptsError, Enrolment, EnrolmentError, attempts_here};

/// The answer to a probe that asked for a key.
pub struct Answer<'k> {
    /// The key, where the probe was accepted.
    pub key: Option<&'k DerivedKey>,
    /// Whether the probe was compared: no attempt was left otherwise.
    pub compared: bool,
    /// Attempts left.
    pub attempts_left: u32,
}

/// Why a probe was not compared, or gave no key although it was accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeriveError {
    /// The enrolment's file cannot be read.
    #[error(transparent)]
    Enrolment(#[from] EnrolmentError),
    /// Another enrolment is in the file by now.
    #[error("{}: holds another enrolment by now than the one that is verified; read it again", path.display())]
    Replaced {
        /// The file.
        path: PathBuf,
    },
    /// The enrolment could never accept a probe.
    #[error(transparent)]
    Unusable(#[from] verify::EnrolmentError),
    /// The attempt cannot be counted.
    #[error(transparent)]
    Attempts(#[from] AttemptsError),
    /// There is no key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Without the key.
impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut answer = f.debug_struct("Answer");
        answer.field("compared", &self.compared).field("attempts_left", &self.attempts_left).finish_non_exhaustive()
    }
}

impl Enrolment {
    /// Whether a probe's embedding reaches the threshold of its length; no attempt is counted.
    ///
    /// # Errors
    /// The enrolment could never accept a probe.
    pub fn accepts(&self, embedding: &[f32], threshold: Threshold) -> Result<bool, verify::EnrolmentError> {
        Ok(self.to_core_with(threshold)?.compare(embedding).is_accept())
    }

    /// Attempts left beside the enrolment's `file`; none is taken.
    ///
    /// # Errors
    /// The file is not there, or what counts its attempts is not sound.
    pub fn attempts_left(&self, file: &Path) -> Result<u32, AttemptsError> {
        Attempts::left_beside(file, &self.id, attempts_here(&self.false_matches()))
    }

    /// Counts an attempt beside the enrolment's `file`, compares a probe's embedding, and derives the v2 key of an accepted one.
    ///
    /// The attempt is counted before the probe is compared, and an accepted probe restores them all.
    ///
    /// # Errors
    /// The attempt cannot be counted, or the file no longer holds this enrolment; no probe is compared then.
    pub fn derive<'k>(
        &self,
        file: &Path,
        (embedding, threshold): (&[f32], Threshold),
        secret: &DeviceSecret,
        context: &[u8],
        buffer: &'k mut KeyBuffer,
    ) -> Result<Answer<'k>, DeriveError> {
        let enrolment = self.to_core_with(threshold)?;
        // A counter for an enrolment that is no longer there would stand in the way of the one that is.
        if Self::read(file)?.id != self.id {
            return Err(DeriveError::Replaced { path: file.to_owned() });
        }
        let mut attempts = Attempts::open(file, &self.id, attempts_here(&self.false_matches()))?;
        let mut verdict = Verdict::rejection();
        let (key, compared) = match verify::verify(&enrolment, embedding, &mut attempts, &mut verdict) {
            Ok(()) => (Some(enrolment.release_key(&verdict, secret, context, buffer)?), true),
            Err(VerifyError::Rejected) => (None, true),
            Err(VerifyError::NoAttemptsLeft) => (None, false),
            Err(VerifyError::Counter(error)) => return Err(error.into()),
        };
        Ok(Answer { key, compared, attempts_left: attempts.left() })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use neural_vault_core::key::derive_v2;

    use super::*;
    use crate::enrolment::{ATTEMPTS, Chosen, Policy};

    const GENUINE: [f32; 3] = [0.6, 0.0, 0.8];
    const IMPOSTOR: [f32; 3] = [-0.6, 0.8, 0.1];

    fn record(id: u8) -> Enrolment {
        let Chosen { threshold, measured, development } = Chosen::by_hand(Threshold::new(0.5).unwrap());
        Enrolment {
            label: "face".to_owned(),
            id: [id; 16],
            model_digest: [9; 32],
            policy: Policy::plain(1),
            threshold,
            development,
            outcome: None,
            scans: 1,
            sessions: vec!["run04".to_owned()],
            prototype: GENUINE.to_vec(),
            measured,
            is_whole: false,
        }
    }

    fn ask<'k>(
        record: &Enrolment,
        file: &Path,
        probe: &[f32],
        buffer: &'k mut KeyBuffer,
    ) -> Result<Answer<'k>, DeriveError> {
        record.derive(file, (probe, record.threshold), &DeviceSecret::from_bytes(&[3; 32]), b"disk", buffer)
    }

    #[test]
    fn an_accepted_probe_has_the_v2_key_and_restores_the_attempts() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("r.nve");
        let record = record(7);
        record.write(&file).unwrap();
        let mut buffer = KeyBuffer::empty();
        let refused = ask(&record, &file, &IMPOSTOR, &mut buffer).unwrap();
        assert_eq!((refused.key.is_none(), refused.compared, refused.attempts_left), (true, true, ATTEMPTS - 1));
        let answer = ask(&record, &file, &GENUINE, &mut buffer).unwrap();
        assert_eq!((answer.compared, answer.attempts_left), (true, ATTEMPTS));
        let core = record.to_core().unwrap();
        let (secret, mut expected) = (DeviceSecret::from_bytes(&[3; 32]), KeyBuffer::empty());
        let expected = derive_v2(&GENUINE, &secret, &core.key_context(b"disk"), &mut expected).unwrap();
        assert_eq!(answer.key.unwrap().expose_secret(), expected.expose_secret());
    }

    #[test]
    fn without_attempts_a_genuine_probe_is_not_compared() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("r.nve");
        let record = record(7);
        record.write(&file).unwrap();
        let mut buffer = KeyBuffer::empty();
        let left = (0..ATTEMPTS).map(|_| ask(&record, &file, &IMPOSTOR, &mut buffer).unwrap().attempts_left);
        assert!(left.eq((0..ATTEMPTS).rev()));
        let answer = ask(&record, &file, &GENUINE, &mut buffer).unwrap();
        assert_eq!((answer.key.is_none(), answer.compared, answer.attempts_left), (true, false, 0));
        assert_eq!(record.attempts_left(&file).unwrap(), 0);
    }

    #[test]
    fn an_enrolment_that_was_replaced_counts_no_attempt() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("r.nve");
        let (old, new) = (record(7), record(8));
        new.write(&file).unwrap();
        let mut buffer = KeyBuffer::empty();
        assert!(matches!(ask(&old, &file, &GENUINE, &mut buffer), Err(DeriveError::Replaced { .. })));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside the enrolment");
        assert!(ask(&new, &file, &GENUINE, &mut buffer).unwrap().key.is_some());
        std::fs::remove_file(&file).unwrap();
        assert!(matches!(ask(&new, &file, &GENUINE, &mut buffer), Err(DeriveError::Enrolment(_))));
    }
}
