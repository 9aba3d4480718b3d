//! What an accepted scan releases: a verdict, an answer to a challenge, or the key itself.

use neural_vault_core::challenge::ChallengeKeyBuffer;
use neural_vault_core::key::{DerivedKey, DeviceSecret, KeyBuffer, KeyError};
use neural_vault_core::verify::{Enrolment, Threshold, Verdict, VerifyError, verify};
use neural_vault_core::wire::{Fault, KeyRequest, MAX_APPLICATION, Question, Refusal, SlotNumber};

use crate::attempts::Attempts;
use crate::board::{Action, Board};
use crate::components::Components;
use crate::machine::Machine;
use crate::slot_index::SlotIndex;

impl<B: Board> Machine<'_, B> {
    pub(crate) fn verify(&mut self, SlotNumber { slot }: SlotNumber) -> Result<(), Refusal> {
        self.release(slot, b"", |_, _, _| Ok(()))
    }

    pub(crate) fn challenge(&mut self, question: Question<'_>) -> Result<[u8; 32], Refusal> {
        self.release(question.slot, question.application, |enrolment, verdict, secret| {
            let mut buffer = ChallengeKeyBuffer::empty();
            let key = enrolment.release_challenge_key(verdict, secret, &mut buffer)?;
            key.answer(question.application, &question.nonce).map_err(|_| KeyError::NotAccepted)
        })
    }

    pub(crate) fn export_key(&mut self, request: KeyRequest<'_>) -> Result<DerivedKey, Refusal> {
        if self.identity()?.allow_export == 0 {
            return Err(Fault::ExportForbidden.into());
        }
        self.consent(Action::ExportKey)?;
        let mut buffer = KeyBuffer::empty();
        self.release(request.slot, request.application, |enrolment, verdict, secret| {
            let key = enrolment.release_key(verdict, secret, request.application, &mut buffer)?;
            Ok(DerivedKey::from_bytes(key.expose_secret()))
        })
    }

    /// Counts an attempt, compares the complete scan with a slot, and calls `release` with the verdict.
    fn release<T>(
        &mut self,
        slot: u8,
        application: &[u8],
        release: impl FnOnce(&Enrolment<'_>, &Verdict, &DeviceSecret) -> Result<T, KeyError>,
    ) -> Result<T, Refusal> {
        let (slot, latent) = (SlotIndex::new(slot)?, self.latent()?);
        if application.len() > MAX_APPLICATION {
            return Err(Fault::Application.into());
        }
        let start = self.ticks();
        let probe = self.scanner.take(latent)?;
        let identity = self.identity()?;
        let (model, secret) = (identity.model, DeviceSecret::from_bytes(identity.device_secret.expose_secret()));

        // An empty slot is compared with a stand-in, so that it takes the same path as an enrolled one.
        let enrolled = slot.get(&self.records.vault().slots).as_ref();
        let (prototype, threshold, id) = match enrolled {
            Some(slot) => (Components::copied(slot.prototype(latent)?)?, slot.threshold, slot.id),
            None => (Components::first_axis(latent)?, 1.0, [0; 16]),
        };
        let enrolled = enrolled.is_some();
        // Both were checked at enrolment: a record that fails here is not the one that was written.
        let threshold = Threshold::new(threshold).map_err(|_| Fault::StorageDamaged)?;
        let enrolment = Enrolment::new(&prototype, threshold, &model, &id).map_err(|_| Fault::StorageDamaged)?;
        let mut attempts =
            Attempts { board: &mut self.board, records: &mut self.records, row: &mut self.row, slot, enrolled };
        let mut verdict = Verdict::rejection();
        let outcome = verify(&enrolment, &probe, &mut attempts, &mut verdict).map_err(|error| match error {
            VerifyError::Rejected => Fault::Rejected,
            VerifyError::NoAttemptsLeft => Fault::SlotDisabled,
            VerifyError::Counter(fault) => fault,
        });
        let released = outcome.and_then(|()| release(&enrolment, &verdict, &secret).map_err(|_| Fault::StorageDamaged));
        self.stages.verify = self.ticks_since(start);
        Ok(released?)
    }
}
