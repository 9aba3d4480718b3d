//! Commands of the administrator: each except `provision` needs a tag over a fresh nonce and its own bytes.

use neural_vault_core::encoder::Encoder;
use neural_vault_core::key::DeviceSecret;
use neural_vault_core::verify::{self, Threshold};
use neural_vault_core::wire::*;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::board::{Action, Board};
use crate::consent::consent;
use crate::limits::{MISSES_IN_ALL, SCRATCH, WINDOW};
use crate::machine::Machine;
use crate::slot_index::SlotIndex;
use crate::vault::{FalseMatches, Identity, Slot, Vault};

impl<B: Board> Machine<'_, B> {
    pub(crate) fn fresh_nonce(&mut self, (): ()) -> Result<[u8; 32], Refusal> {
        let mut nonce = [0; 32];
        self.draw(&mut nonce)?;
        self.nonce = Some(nonce);
        Ok(nonce)
    }

    /// Reads an admin command after verifying its tag. The nonce is used up even if that fails.
    ///
    /// Damaged records hold no admin key to verify a tag with: only a wipe is possible then, with consent at the token.
    pub(crate) fn authorised<'f, E: Endpoint>(&mut self, frame: &Frame<'f>) -> Result<E::Request<'f>, Refusal> {
        let nonce = self.nonce.take();
        let orphaned = self.records.sound().is_err() && E::KEY.const_cmp(&Wipe::KEY);
        if !orphaned {
            let key = &self.identity()?.admin_key;
            let nonce = nonce.ok_or(Fault::NotAuthorised)?;
            let (tag, command) = frame.message.split_first_chunk::<TAG_LENGTH>().ok_or(Fault::Malformed)?;
            if !bool::from(command_tag(key, &E::KEY, &nonce, command).ct_eq(tag)) {
                return Err(Fault::NotAuthorised.into());
            }
        }
        Ok(frame.read()?)
    }

    /// The one command without a tag: the host that provisions a blank token becomes its administrator.
    pub(crate) fn provision(&mut self, provisioning: Provisioning) -> Result<(), Refusal> {
        self.records.sound()?;
        if self.records.vault().identity.is_some() {
            return Err(Fault::NotBlank.into());
        }
        let model = self.model?;
        if *model.digest() != provisioning.model {
            return Err(Fault::ModelMismatch.into());
        }
        let (window, max) = (usize::from(provisioning.window), WINDOW.min(model.dims().positions));
        if window == 0 || window > max || Encoder::scratch_len(&model.dims(), window) > SCRATCH {
            return Err(Fault::Window.with(max as u32));
        }
        self.consent(Action::Provision)?;
        let device_secret = match provisioning.device_secret {
            Some(secret) => secret,
            None => {
                let mut bytes = Zeroizing::new([0; 32]);
                self.draw(&mut *bytes)?;
                DeviceSecret::from_bytes(&bytes)
            }
        };
        let identity = Identity {
            device_secret,
            admin_key: provisioning.admin_key,
            model: provisioning.model,
            window: provisioning.window,
            allow_export: provisioning.policy.allow_export.into(),
        };
        self.renew(|vault| {
            vault.identity = Some(identity);
            Ok(())
        })
    }

    pub(crate) fn enrol(&mut self, enrolment: Enrolment) -> Result<EnrolmentId, Refusal> {
        let (slot, latent) = (SlotIndex::new(enrolment.slot)?, self.latent()?);
        let threshold = Threshold::new(enrolment.threshold).map_err(|_| Fault::Threshold)?;
        let prototype = self.scanner.enrolled(latent, enrolment.scans, &enrolment.prototype)?;
        let id = self.enrolment_id()?;
        verify::Enrolment::new(&prototype, threshold, &self.identity()?.model, &id).map_err(|_| Fault::Degenerate)?;
        let (label, threshold) = (enrolment.label, threshold.cosine());
        let false_matches = FalseMatches { matches: 0, trials: 0, persons: 0, bound: 1.0 };
        self.records.renew_with(&mut self.board, &prototype, |vault, prototype| {
            let (budget, accepted) = (MISSES_IN_ALL, None);
            *slot.get_mut(&mut vault.slots) =
                Some(Slot { label, id, threshold, false_matches, budget, accepted, prototype });
            Ok(())
        })?;
        self.scanner.drop_enrolment();
        Ok(EnrolmentId { id })
    }

    pub(crate) fn rotate(&mut self, SlotNumber { slot }: SlotNumber) -> Result<EnrolmentId, Refusal> {
        let slot = self.occupied(slot)?;
        let id = self.enrolment_id()?;
        self.renew(|vault| {
            slot.get_mut(&mut vault.slots).as_mut().ok_or(Fault::SlotEmpty)?.id = id;
            Ok(())
        })?;
        Ok(EnrolmentId { id })
    }

    pub(crate) fn reset_attempts(&mut self, SlotNumber { slot }: SlotNumber) -> Result<(), Refusal> {
        SlotIndex::new(slot)?;
        Ok(self.records.set_misses(&mut self.board, 0)?)
    }

    pub(crate) fn revoke(&mut self, SlotNumber { slot }: SlotNumber) -> Result<(), Refusal> {
        let slot = self.occupied(slot)?;
        self.renew(|vault| {
            *slot.get_mut(&mut vault.slots) = None;
            Ok(())
        })
    }

    pub(crate) fn set_policy(&mut self, policy: Policy) -> Result<(), Refusal> {
        self.change(|vault| {
            vault.identity.as_mut().ok_or(Fault::NotProvisioned)?.allow_export = policy.allow_export.into();
            Ok(())
        })
    }

    pub(crate) fn list_slots(&mut self, (): ()) -> Result<[SlotInfo; SLOTS], Refusal> {
        let vault = self.records.vault();
        Ok(SlotIndex::ALL.map(|slot| {
            let (enrolment, misses) = (slot.get(&vault.slots).as_ref(), vault.misses);
            let enrolment =
                enrolment.map(|slot| SlotEnrolment { label: slot.label, id: slot.id, threshold: slot.threshold });
            SlotInfo { enrolment, misses, disabled: misses >= vault.budget() }
        }))
    }

    pub(crate) fn wipe(&mut self, (): ()) -> Result<(), Refusal> {
        self.consent(Action::Wipe)?;
        self.scanner.clear();
        Ok(self.records.wipe(&mut self.board)?)
    }

    /// Asks the person at the token.
    pub(crate) fn consent(&mut self, action: Action) -> Result<(), Refusal> {
        Ok(consent(&mut self.board, action)?)
    }

    fn change(&mut self, change: impl FnOnce(&mut Vault) -> Result<(), Fault>) -> Result<(), Refusal> {
        Ok(self.records.change(&mut self.board, change)?)
    }

    /// As [`Machine::change`], for what must not come back with an old copy of the flash.
    fn renew(&mut self, change: impl FnOnce(&mut Vault) -> Result<(), Fault>) -> Result<(), Refusal> {
        Ok(self.records.renew(&mut self.board, change)?)
    }

    fn occupied(&self, slot: u8) -> Result<SlotIndex, Refusal> {
        let slot = SlotIndex::new(slot)?;
        match slot.get(&self.records.vault().slots) {
            Some(_) => Ok(slot),
            None => Err(Fault::SlotEmpty.into()),
        }
    }

    fn enrolment_id(&mut self) -> Result<[u8; 16], Refusal> {
        let mut id = [0; 16];
        self.draw(&mut id)?;
        Ok(id)
    }

    /// Fills `bytes` with random bytes in place, so that no copy of them is left elsewhere.
    fn draw(&mut self, bytes: &mut [u8]) -> Result<(), Refusal> {
        self.board.entropy().draw(bytes).map_err(|error| Fault::from(error).into())
    }
}
