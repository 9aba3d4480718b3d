//! What an accepted scan releases: a verdict, an answer to a challenge, or the key itself.

use neural_vault_core::key::{DerivedKey, DeviceSecret, KeyBuffer};
use neural_vault_core::verify::{ACCEPTED, Enrolment, Threshold, VerifyError, verify};
use neural_vault_core::wire::{Enrolled, Fault, Refusal, Verdict};

use crate::attempts::Attempts;
use crate::board::{Action, Board};
use crate::components::Components;
use crate::machine::Machine;
use crate::purpose::ScanPurpose;
use crate::slot_index::SlotIndex;

impl<B: Board> Machine<'_, B> {
    pub(crate) fn verify(&mut self, (): ()) -> Result<Verdict, Refusal> {
        let &ScanPurpose::Verify { slot } = self.scanner.purpose()? else {
            return Err(Fault::OtherPurpose.into());
        };
        if self.policy()?.confirm_verify {
            self.consent(Action::Verify)?;
        }
        self.release(slot, b"", &mut KeyBuffer::empty())?;
        Ok(Verdict { word: ACCEPTED })
    }

    pub(crate) fn challenge(&mut self, (): ()) -> Result<[u8; 32], Refusal> {
        let ScanPurpose::Challenge { slot, nonce, application } = self.scanner.purpose()?.clone() else {
            return Err(Fault::OtherPurpose.into());
        };
        if self.policy()?.confirm_challenge {
            self.consent(Action::Challenge)?;
        }
        self.release(slot, b"", &mut KeyBuffer::empty())?;
        let enrolled = slot.get(&self.records.vault().slots).as_ref().ok_or(Fault::Rejected)?;
        let Enrolled { challenge_key, .. } = self.enrolled(slot, enrolled.id)?;
        Ok(challenge_key.answer(&application, &nonce).map_err(|_| Fault::Application)?)
    }

    pub(crate) fn export_key(&mut self, (): ()) -> Result<DerivedKey, Refusal> {
        let ScanPurpose::Export { slot, application } = self.scanner.purpose()?.clone() else {
            return Err(Fault::OtherPurpose.into());
        };
        if !self.policy()?.allow_export {
            return Err(Fault::ExportForbidden.into());
        }
        self.consent(Action::ExportKey)?;
        let mut buffer = KeyBuffer::empty();
        let key = self.release(slot, &application, &mut buffer)?;
        Ok(DerivedKey::from_bytes(key.expose_secret()))
    }

    /// Counts an attempt, compares the complete scan with a slot and derives its key.
    fn release<'k>(
        &mut self,
        slot: SlotIndex,
        application: &[u8],
        buffer: &'k mut KeyBuffer,
    ) -> Result<&'k DerivedKey, Refusal> {
        let latent = self.latent()?;
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
                VerifyError::NoAttemptsLeft => Fault::BudgetUsedUp,
                VerifyError::Counter(fault) => fault,
                VerifyError::Key(_) => Fault::StorageDamaged,
            }
            .into()
        })
    }
}
