//! What an accepted scan releases: a verdict, an answer to a challenge, or the key itself.

use core::hint::black_box;

use neural_vault_core::challenge::ChallengeKeyBuffer;
use neural_vault_core::key::{DerivedKey, DeviceSecret, KeyBuffer};
use neural_vault_core::verify::{Enrolment, Threshold, Verdict, VerifyError, verify};
use neural_vault_core::wire::{self, Fault, Refusal};
use zeroize::zeroize_stack;

use crate::attempts::Attempts;
use crate::board::{Action, Board};
use crate::limits::{CLEARED_STACK, MISSES_IN_ALL};
use crate::machine::Machine;
use crate::purpose::ScanPurpose;
use crate::slot_index::SlotIndex;

impl<B: Board> Machine<'_, B> {
    pub(crate) fn verify(&mut self, (): ()) -> Result<wire::Verdict, Refusal> {
        let &ScanPurpose::Verify { slot } = self.scanner.purpose()? else {
            return Err(Fault::OtherPurpose.into());
        };
        if self.policy()?.confirm_verify {
            self.consent(Action::Verify)?;
        }
        let mut word = 0;
        self.release(slot, |_, verdict, _| {
            word = verdict.word();
            Ok(())
        })?;
        Ok(wire::Verdict { word })
    }

    pub(crate) fn challenge(&mut self, (): ()) -> Result<[u8; 32], Refusal> {
        let ScanPurpose::Challenge { slot, nonce, application } = self.scanner.purpose()?.clone() else {
            return Err(Fault::OtherPurpose.into());
        };
        if self.policy()?.confirm_challenge {
            self.consent(Action::Challenge)?;
        }
        let mut answer = [0; 32];
        self.release(slot, |enrolment, verdict, secret| {
            let mut buffer = ChallengeKeyBuffer::empty();
            let key = enrolment.release_challenge_key(verdict, secret, &mut buffer);
            let key = key.map_err(|_| Fault::StorageDamaged)?;
            answer = key.answer(&application, &nonce).map_err(|_| Fault::Application)?;
            Ok(())
        })?;
        Ok(answer)
    }

    pub(crate) fn export_key(&mut self, (): ()) -> Result<DerivedKey, Refusal> {
        let ScanPurpose::Export { slot, application } = self.scanner.purpose()?.clone() else {
            return Err(Fault::OtherPurpose.into());
        };
        let is_allowed = self.policy()?.allow_export;
        if !is_allowed {
            return Err(Fault::ExportForbidden.into());
        }
        self.consent(Action::ExportKey)?;
        let mut exported = DerivedKey::from_bytes(&[0; 32]);
        self.release(slot, |enrolment, verdict, secret| {
            // Once more: one skipped branch exports nothing. `black_box` keeps the compiler from inferring it.
            if !black_box(is_allowed) {
                return Err(Fault::ExportForbidden);
            }
            let mut buffer = KeyBuffer::empty();
            let key = enrolment.release_key(verdict, secret, &application, &mut buffer);
            exported = DerivedKey::from_bytes(key.map_err(|_| Fault::StorageDamaged)?.expose_secret());
            Ok(())
        })?;
        Ok(exported)
    }

    /// Counts an attempt, compares the complete scan with a slot, and calls `release` with the verdict.
    ///
    /// What is released goes to memory of the caller that holds zeros until then, and the scan, the prototype behind it and the
    /// stack are cleared before the outcome is looked at: whoever skips that branch sends zeros.
    fn release(
        &mut self,
        slot: SlotIndex,
        release: impl FnOnce(&Enrolment<'_>, &Verdict, &DeviceSecret) -> Result<(), Fault>,
    ) -> Result<(), Refusal> {
        let outcome = self.compare(slot, release);
        self.scanner.close();
        zeroize_stack::<CLEARED_STACK>();
        outcome
    }

    /// [`Machine::release`], before memory is cleared. Never inlined, so that its frame is on that stack.
    #[inline(never)]
    fn compare(
        &mut self,
        slot: SlotIndex,
        release: impl FnOnce(&Enrolment<'_>, &Verdict, &DeviceSecret) -> Result<(), Fault>,
    ) -> Result<(), Refusal> {
        let form = self.form()?;
        let start = self.ticks();
        let identity = self.identity()?;
        let (model, secret) = (identity.model, DeviceSecret::from_bytes(identity.device_secret.expose_secret()));
        let (probe, frames, prototype) = self.scanner.take(form.components())?;

        let known = slot.get(&self.records.vault().slots).as_ref();
        let budget = known.map_or(MISSES_IN_ALL, |slot| slot.budget);
        // An empty slot, and a scan of another length than the threshold was measured with, are compared with a stand-in, so
        // that they take the same path as any other.
        let known = known.filter(|slot| slot.frames == 0 || slot.frames == frames);
        let comparable = known.is_some();
        let (threshold, id) = known.map_or((1.0, [0; 16]), |slot| (slot.threshold, slot.id));
        self.records.prototype(&mut self.board, slot, comparable, form, prototype)?;
        // Both were checked at enrolment: a record that fails here is not the one that was written.
        let threshold = Threshold::new(threshold).map_err(|_| Fault::StorageDamaged)?;
        let enrolment = Enrolment::new(prototype, threshold, &model, &id).map_err(|_| Fault::StorageDamaged)?;
        let mut attempts =
            Attempts { board: &mut self.board, records: &mut self.records, row: &mut self.row, comparable, budget };
        let mut verdict = Verdict::rejection();
        let outcome = verify(&enrolment, probe, &mut attempts, &mut verdict).map_err(|error| match error {
            VerifyError::Rejected => Fault::Rejected,
            VerifyError::NoAttemptsLeft => Fault::BudgetUsedUp,
            VerifyError::Counter(fault) => fault,
        });
        let released = outcome.and_then(|()| release(&enrolment, &verdict, &secret));
        self.stages.verify = self.ticks_since(start);
        Ok(released?)
    }
}
