//! One function for each request; scans are sent in chunks.

use neural_vault_core::key::DerivedKey;
use neural_vault_core::verify::ACCEPTED;
use neural_vault_core::wire::*;
use sha2::{Digest, Sha256};

use super::{Client, TokenError};

/// How often in one scan a token may request a chunk other than the next one.
const DETOURS: u32 = 16;

/// SHA-256 of a prototype's components as little-endian float32, by which a token's enrolment is checked.
#[must_use]
pub fn prototype_digest(prototype: &[f32]) -> [u8; 32] {
    prototype.iter().fold(Sha256::new(), |hash, component| hash.chain_update(component.to_le_bytes())).finalize().into()
}

/// Each function is one request of [`neural_vault_core::wire`] and can fail with any [`TokenError`].
impl Client {
    /// Describes the token and its state.
    pub fn info(&mut self) -> Result<TokenInfo, TokenError> {
        self.call::<Info>(&())
    }

    /// Runs the token's self-test; returns the parts that passed, as bits of [`part`].
    pub fn self_test(&mut self) -> Result<u32, TokenError> {
        self.call::<SelfTest>(&()).map(|report| report.passed)
    }

    /// Provisions a blank token for this administrator.
    pub fn provision(&mut self, given: &Provisioning) -> Result<(), TokenError> {
        self.call_a_person::<Provision>(given)
    }

    /// Admin: changes what the token allows.
    pub fn set_policy(&mut self, key: &AdminKey, policy: Policy) -> Result<(), TokenError> {
        self.administer::<SetPolicy, _>(key, policy)
    }

    /// Admin: lists the slots.
    pub fn slots(&mut self, key: &AdminKey) -> Result<[SlotInfo; SLOTS], TokenError> {
        self.administer::<ListSlots, _>(key, ())
    }

    /// Sends a scan of raw frames, row-major, for one purpose; `progress` gets the number of values sent so far.
    ///
    /// Values after the last whole frame are not sent.
    pub fn scan(
        &mut self,
        purpose: Purpose<'_>,
        features: usize,
        values: &[f32],
        progress: &mut dyn FnMut(usize),
    ) -> Result<(), TokenError> {
        let frames = values.len().checked_div(features).unwrap_or(0);
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        self.call::<ScanBegin>(&ScanHead { features: narrow(features), frames: narrow(frames), purpose })?;
        let values = values.get(..frames * features).unwrap_or_default();
        let chunks: Vec<&[f32]> = values.chunks(usize::from(self.welcome().chunk)).collect();
        let (mut next, mut sent, mut detours) = (0, 0, 0);
        while let Some(chunk) = chunks.get(next as usize) {
            self.go_on(ScanChunk::NAME)?;
            let bytes: Vec<u8> = chunk.iter().flat_map(|value| value.to_le_bytes()).collect();
            let answer = self.call::<ScanChunk>(&Chunk { number: next, values: &bytes });
            let wanted = match answer {
                Ok(answer) => {
                    sent += chunk.len();
                    progress(sent.min(values.len()));
                    answer.next
                }
                Err(error) if error.fault() == Some(Fault::OutOfOrder) => error.detail(),
                Err(error) => return Err(error),
            };
            detours += u32::from(wanted != next + 1);
            if detours > DETOURS {
                return Err(self.nonsense(ScanChunk::NAME, "it asks for the same chunks again and again"));
            }
            next = wanted;
        }
        Ok(())
    }

    /// Adds the latest scan to the enrolment in progress; with `first` it begins a new one.
    pub fn enrol_scan(&mut self, first: bool) -> Result<EnrolmentProgress, TokenError> {
        self.call::<EnrolScan>(&EnrolmentScan { first })
    }

    /// Admin: stores the scans taken as the enrolment of a slot; returns its identifier and its challenge key.
    pub fn enrol(&mut self, key: &AdminKey, enrolment: Enrolment) -> Result<Enrolled, TokenError> {
        let enrolled = self.administer::<Enrol, _>(key, enrolment);
        self.forget();
        enrolled
    }

    /// Verifies the latest scan; the fault is [`Fault::Rejected`] if it is not accepted. Costs an attempt.
    pub fn verify(&mut self) -> Result<(), TokenError> {
        match self.call_a_person::<Verify>(&())?.word {
            ACCEPTED => Ok(()),
            _ => Err(self.nonsense(Verify::NAME, "it is neither an accept nor a refusal")),
        }
    }

    /// Proof of the challenge key that the latest scan releases. Costs an attempt.
    pub fn challenge(&mut self) -> Result<[u8; 32], TokenError> {
        self.call_a_person::<Challenge>(&())
    }

    /// The key that the latest scan releases. Costs an attempt.
    pub fn export_key(&mut self) -> Result<DerivedKey, TokenError> {
        let key = self.call_a_person::<ExportKey>(&());
        self.forget();
        key
    }

    /// Admin: gives an enrolment a new identifier, and therefore new keys; returns the identifier and the challenge key.
    pub fn rotate(&mut self, key: &AdminKey, slot: u8) -> Result<Enrolled, TokenError> {
        let enrolled = self.administer::<Rotate, _>(key, SlotNumber { slot });
        self.forget();
        enrolled
    }

    /// Admin: restores all attempts.
    pub fn reset_attempts(&mut self, key: &AdminKey) -> Result<AttemptsReset, TokenError> {
        self.administer::<ResetAttempts, _>(key, ())
    }

    /// Admin: empties a slot.
    pub fn revoke(&mut self, key: &AdminKey, slot: u8) -> Result<(), TokenError> {
        self.administer::<Revoke, _>(key, SlotNumber { slot })
    }

    /// Admin: erases all records. A token whose records are damaged accepts any key.
    pub fn wipe(&mut self, key: &AdminKey) -> Result<(), TokenError> {
        self.administer::<Wipe, _>(key, ())
    }

    /// The embedding of the latest scan, of `latent` components, to compare with this machine's.
    pub fn embedding(&mut self, latent: u16) -> Result<Vec<f32>, TokenError> {
        let mut embedding = Vec::with_capacity(latent.into());
        while embedding.len() < usize::from(latent) {
            let part = self.call::<Embed>(&EmbeddingPart { first: embedding.len() as u16 })?.components;
            if part.is_empty() {
                return Err(self.nonsense(Embed::NAME, "the embedding ends before its last component"));
            }
            embedding.extend(part.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)));
        }
        Ok(embedding)
    }
}
