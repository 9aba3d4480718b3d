//! The demo's trials: scans against enrolments, by the core's own verification.

use std::convert::Infallible;

use neural_vault_core::key::{DeviceSecret, KeyBuffer};
use neural_vault_core::verify::{AttemptCounter, VerifyError, verify};

use crate::cli::failure::{DATA, Failure, MODEL};
use crate::cli::secret::Digits;
use crate::dataset::Dataset;
use crate::embedding::Embedder;
use crate::enrolment::Enrolment;
use crate::evaluation::verification::{Scores, score};

/// What the demo's keys are for.
const APPLICATION: &str = "neural-vault demo";

/// Attempts that each enrolment has; a genuine scan restores them.
const ATTEMPTS: u32 = 50;

/// Every block of the probe run against every enrolment, by the core's own verification.
pub struct Trials {
    pub scores: Scores,
    /// One for each enrolment.
    pub rows: Vec<Row>,
}

/// What became of the probes against one enrolment.
pub struct Row {
    pub genuine_accepted: bool,
    pub impostors_rejected: usize,
    pub impostors: usize,
    pub key: Option<Digits>,
}

impl Trials {
    /// Verifies every scan of `probes` against every record.
    pub fn run(
        embedder: &mut Embedder,
        probes: &Dataset,
        records: &[Enrolment],
        secret: &DeviceSecret,
    ) -> Result<Self, Failure> {
        let scans = probes.scans();
        let window = records.first().map_or(1, |record| record.policy.window());
        let embeddings = embedder.scans(probes, &scans, window)?;
        let mut scores = Scores::default();
        let mut rows = Vec::new();
        for record in records {
            let mut row = Row { genuine_accepted: false, impostors_rejected: 0, impostors: 0, key: None };
            let enrolment = record.to_core().map_err(|error| Failure::new(MODEL, error))?;
            let mut attempts = InMemory(ATTEMPTS);
            for (scan, embedding) in scans.iter().zip(&embeddings) {
                let score = score(&record.prototype, embedding);
                let mut buffer = KeyBuffer::empty();
                let application = APPLICATION.as_bytes();
                let key = match verify(&enrolment, embedding, secret, application, &mut attempts, &mut buffer) {
                    Ok(key) => Some(Digits::new(key.expose_secret())),
                    Err(VerifyError::Rejected) => None,
                    Err(error) => return Err(Failure::new(DATA, error)),
                };
                if probes.labels[scan.label as usize] == record.label {
                    scores.genuine.push(score);
                    row.genuine_accepted = key.is_some();
                    row.key = key;
                } else {
                    scores.impostor.push(score);
                    row.impostors += 1;
                    row.impostors_rejected += usize::from(key.is_none());
                }
            }
            rows.push(row);
        }
        Ok(Self { scores, rows })
    }
}

/// Attempts in memory: a token keeps them in flash.
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
