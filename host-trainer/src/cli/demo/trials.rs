//! The trials of the demo: every probe verified against every enrolment, as the core does it on a token.

use std::convert::Infallible;
use std::path::PathBuf;

use neural_vault_core::key::{DeviceSecret, KeyBuffer};
use neural_vault_core::verify::{AttemptCounter, Verdict, VerifyError, verify};

use crate::cli::digits::Digits;
use crate::cli::failure::{DATA, Failure, MODEL};
use crate::dataset::Dataset;
use crate::embedding::Embedder;
use crate::enrolment::{Enrolment, Policy};
use crate::verification::{Scores, score};

/// The context of the demo's keys.
const APPLICATION: &str = "neural-vault demo";

/// Attempts of each enrolment; a genuine scan restores them.
const ATTEMPTS: u32 = 50;

/// Every scan of the probe run verified against every enrolment.
pub(super) struct Trials {
    pub scores: Scores,
    /// Frames of a probe.
    pub frames: usize,
    /// The outcome of each enrolment.
    pub outcomes: Vec<Outcome>,
}

/// The results of the probes against one enrolment.
pub(super) struct Outcome {
    /// Whether the scan of the enrolled label was accepted.
    pub genuine_accepted: bool,
    pub impostors_rejected: usize,
    /// Scans of other labels.
    pub impostors: usize,
    /// The key that the scan of the enrolled label released.
    pub key: Option<Digits>,
}

impl Trials {
    pub(super) fn run(
        embedder: &mut Embedder,
        probes: &Dataset,
        policy: &Policy,
        records: &[(PathBuf, Enrolment)],
        secret: &DeviceSecret,
    ) -> Result<Self, Failure> {
        let scans = probes.scans();
        let embeddings = embedder.scans(probes, &scans, policy.window())?;
        let mut scores = Scores::default();
        let mut outcomes = Vec::new();
        for (_, record) in records {
            let mut outcome = Outcome { genuine_accepted: false, impostors_rejected: 0, impostors: 0, key: None };
            let enrolment = record.to_core().map_err(|error| Failure::new(MODEL, error))?;
            let mut attempts = InMemory(ATTEMPTS);
            for (scan, embedding) in scans.iter().zip(&embeddings) {
                let score = score(&record.prototype, embedding);
                let (mut verdict, mut buffer) = (Verdict::rejection(), KeyBuffer::empty());
                let key = match verify(&enrolment, embedding, &mut attempts, &mut verdict) {
                    Ok(()) => {
                        let key = enrolment.release_key(&verdict, secret, APPLICATION.as_bytes(), &mut buffer);
                        Some(Digits::new(key.map_err(|error| Failure::new(MODEL, error))?.expose_secret()))
                    }
                    Err(VerifyError::Rejected) => None,
                    Err(error) => return Err(Failure::new(DATA, error)),
                };
                if probes.labels[scan.label as usize] == record.label {
                    scores.genuine.push(score);
                    outcome.genuine_accepted = key.is_some();
                    outcome.key = key;
                } else {
                    scores.impostor.push(score);
                    outcome.impostors += 1;
                    outcome.impostors_rejected += usize::from(key.is_none());
                }
            }
            outcomes.push(outcome);
        }
        let frames = scans.iter().map(|scan| scan.rows.len()).max().unwrap_or(0);
        Ok(Self { scores, frames, outcomes })
    }
}

/// Counts attempts in memory; a token keeps them in flash.
struct InMemory(u32);

impl AttemptCounter for InMemory {
    type Error = Infallible;

    fn remaining(&mut self) -> Result<u32, Infallible> {
        Ok(self.0)
    }

    fn persist_decrement(&mut self) -> Result<(), Infallible> {
        self.0 = self.0.saturating_sub(1);
        Ok(())
    }

    fn restore(&mut self) -> Result<(), Infallible> {
        self.0 = ATTEMPTS;
        Ok(())
    }
}
