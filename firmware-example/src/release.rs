//! What an accepted scan releases: a verdict, an answer to a challenge, or the key itself.

use neural_vault_core::key::{DerivedKey, DeviceSecret, KeyBuffer};
use neural_vault_core::verify::{Enrolment, Threshold, VerifyError, verify};
use neural_vault_core::wire::{Fault, KeyRequest, MAX_APPLICATION, Question, Refusal, SlotNumber};

use crate::attempts::Attempts;
use crate::board::{Action, Board};
use crate::components::Components;
use crate::machine::Machine;
use crate::slot_index::SlotIndex;

impl<B: Board> Machine<'_, B> {
    pub(crate) fn verify(&mut self, SlotNumber { slot }: SlotNumber) -> Result<(), Refusal> {
        self.release(slot, b"", &mut KeyBuffer::empty()).map(|_| ())
    }

    pub(crate) fn challenge(&mut self, question: Question<'_>) -> Result<[u8; 32], Refusal> {
        let mut buffer = KeyBuffer::empty();
        let key = self.release(question.slot, question.application, &mut buffer)?;
        Ok(key.authenticate(&question.nonce))
    }

    pub(crate) fn export_key(&mut self, request: KeyRequest<'_>) -> Result<DerivedKey, Refusal> {
        if self.identity()?.allow_export == 0 {
            return Err(Fault::ExportForbidden.into());
        }
        self.consent(Action::ExportKey)?;
        let mut buffer = KeyBuffer::empty();
        let key = self.release(request.slot, request.application, &mut buffer)?;
        Ok(DerivedKey::from_bytes(key.expose_secret()))
    }

    /// Counts an attempt, compares the complete scan with a slot and derives its key.
    fn release<'k>(
        &mut self,
        slot: u8,
        application: &[u8],
        buffer: &'k mut KeyBuffer,
    ) -> Result<&'k DerivedKey, Refusal> {
        let (slot, latent) = (SlotIndex::new(slot)?, self.latent()?);
        if application.len() > MAX_APPLICATION {
            return Err(Fault::Application.into());
        }
        let start = self.ticks();
        let probe = self.scanner.take(latent)?;
        let identity = self.identity()?;
        let (model, secret) = (identity.model, DeviceSecret::from_bytes(identity.device_secret.expose_secret()));

        // An empty slot is compared with a stand-in, so that it takes the same path as an enrolled one.
        let stored = self.records.prototype(&mut self.board, slot, latent)?;
        let enrolled = stored.is_some();
        let prototype = stored.map_or_else(|| Components::first_axis(latent), Ok)?;
        let (threshold, id) =
            slot.get(&self.records.vault().slots).as_ref().map_or((1.0, [0; 16]), |slot| (slot.threshold, slot.id));
        // Both were checked at enrolment: a record that fails here is not the one that was written.
        let threshold = Threshold::new(threshold).map_err(|_| Fault::StorageDamaged)?;
        let enrolment = Enrolment::new(&prototype, threshold, &model, &id).map_err(|_| Fault::StorageDamaged)?;
        let mut attempts =
            Attempts { board: &mut self.board, records: &mut self.records, row: &mut self.row, enrolled };
        let outcome = verify(&enrolment, &probe, &secret, application, &mut attempts, buffer);
        self.stages.verify = self.ticks_since(start);
        outcome.map_err(|error| {
            match error {
                VerifyError::Rejected => Fault::Rejected,
                VerifyError::NoAttemptsLeft => Fault::SlotDisabled,
                VerifyError::Counter(fault) => fault,
                VerifyError::Key(_) => Fault::StorageDamaged,
            }
            .into()
        })
    }
}
