//! What an accepted scan releases: a yes, an answer to a challenge, or the key itself.

use neural_vault_core::key::{DerivedKey, DeviceSecret};
use neural_vault_core::verify::{Enrolment, VerifyError, verify};
use neural_vault_core::wire::{Fault, KeyRequest, MAX_APPLICATION, Question, Refusal, SlotNumber};
use zeroize::Zeroize;

use crate::attempts::Attempts;
use crate::board::{Action, Board};
use crate::mac::mac;
use crate::machine::Machine;
use crate::memory::LATENT;

impl<B: Board> Machine<'_, B> {
    pub(crate) fn verify(&mut self, SlotNumber { slot }: SlotNumber) -> Result<(), Refusal> {
        self.release(slot, b"").map(|_| ())
    }

    pub(crate) fn challenge(&mut self, question: Question<'_>) -> Result<[u8; 32], Refusal> {
        let key = self.release(question.slot, question.application)?;
        Ok(mac(key.expose_secret(), &question.nonce).ok_or(Fault::SelfTest)?)
    }

    pub(crate) fn export_key(&mut self, request: KeyRequest<'_>) -> Result<[u8; 32], Refusal> {
        if self.identity()?.allow_export == 0 {
            return Err(Fault::ExportForbidden.into());
        }
        self.consent(Action::ExportKey)?;
        self.release(request.slot, request.application).map(|key| *key.expose_secret())
    }

    /// Pays an attempt, compares the complete scan with a slot and derives its key.
    fn release(&mut self, slot: u8, application: &[u8]) -> Result<DerivedKey, Refusal> {
        let (slot, latent) = (self.slot(slot)?, self.latent()?);
        if application.len() > MAX_APPLICATION {
            return Err(Fault::Application.into());
        }
        let clock = self.start();
        let mut probe = self.scanner.take(latent)?;
        let identity = self.identity()?;
        let (model_digest, secret) = (identity.model, DeviceSecret::from_bytes(identity.device_secret));

        // An empty slot is compared with a stand-in, so that it answers on the same path as an enrolled one.
        let mut prototype = [0.0; LATENT];
        let mut stand_in = [0.0; LATENT];
        stand_in[0] = 1.0;
        let enrolled = self.records.vault().slots.get(slot).and_then(Option::as_ref);
        let (source, threshold, id) = match enrolled {
            Some(slot) => (slot.prototype(latent), slot.threshold, slot.id),
            None => (&stand_in[..], 1.0, [0; 16]),
        };
        for (place, component) in prototype.iter_mut().zip(source) {
            *place = *component;
        }
        let enrolled = enrolled.is_some();
        let enrolment =
            Enrolment { prototype: prototype.get(..latent).unwrap_or_default(), threshold, model_digest, id };
        let mut attempts =
            Attempts { board: &mut self.board, records: &mut self.records, row: &mut self.row, slot, enrolled };
        let outcome = verify(&enrolment, probe.get(..latent).unwrap_or_default(), &secret, application, &mut attempts);
        probe.zeroize();
        prototype.zeroize();
        self.stages.verify = self.since(clock);
        outcome.map_err(|error| {
            match error {
                VerifyError::Rejected => Fault::Rejected,
                VerifyError::NoAttemptsLeft => Fault::SlotDisabled,
                VerifyError::Counter(fault) => fault,
                // Enrolment checked both, so the record is not what was enrolled.
                VerifyError::Enrolment(_) | VerifyError::Key(_) => Fault::StorageDamaged,
            }
            .into()
        })
    }
}
