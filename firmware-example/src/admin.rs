//! Commands of the administrator: each needs a tag over a fresh nonce and its own bytes, but for the first.

use neural_vault_core::encoder::Encoder;
use neural_vault_core::similarity::norm;
use neural_vault_core::wire::*;
use subtle::ConstantTimeEq;

use crate::board::{Action, Board};
use crate::machine::Machine;
use crate::memory::{SCRATCH, WINDOW};
use crate::vault::{Identity, Slot, Vault};

impl<B: Board> Machine<'_, B> {
    pub(crate) fn fresh_nonce(&mut self, (): ()) -> Result<[u8; 32], Refusal> {
        let nonce = self.random()?;
        self.nonce = Some(nonce);
        Ok(nonce)
    }

    /// Reads an admin command whose tag is right. Its nonce is used up either way.
    ///
    /// Damaged records hold no admin key to check a tag with: what is left then is a wipe, with consent at the token.
    pub(crate) fn authorised<'f, E: Endpoint>(&mut self, frame: &Frame<'f>) -> Result<E::Request<'f>, Refusal> {
        let nonce = self.nonce.take();
        let orphaned = self.records.sound().is_err() && E::KEY.const_cmp(&Wipe::KEY);
        if !orphaned {
            let key = AdminKey::from_bytes(self.identity()?.admin_key);
            let nonce = nonce.ok_or(Fault::NotAuthorised)?;
            let (tag, command) = frame.message.split_first_chunk::<TAG_LENGTH>().ok_or(Fault::Malformed)?;
            let expected = command_tag(&key, &E::KEY, &nonce, command).ok_or(Fault::NotAuthorised)?;
            if !bool::from(expected.ct_eq(tag)) {
                return Err(Fault::NotAuthorised.into());
            }
        }
        Ok(frame.read()?)
    }

    /// The one command without a tag: whoever holds a blank token becomes its administrator.
    pub(crate) fn provision(&mut self, provisioning: Provisioning) -> Result<(), Refusal> {
        self.records.sound()?;
        if self.records.vault().identity.is_some() {
            return Err(Fault::NotBlank.into());
        }
        let model = self.model()?;
        if *model.digest() != provisioning.model {
            return Err(Fault::ModelUnlike.into());
        }
        let (window, most) = (usize::from(provisioning.window), WINDOW.min(model.dims().positions));
        if window == 0 || window > most || Encoder::scratch_len(&model.dims(), window) > SCRATCH {
            return Err(Fault::Window.with(most as u32));
        }
        self.consent(Action::Provision)?;
        let identity = Identity {
            device_secret: match provisioning.device_secret {
                Some(secret) => secret,
                None => self.random()?,
            },
            admin_key: provisioning.admin_key,
            model: provisioning.model,
            window: provisioning.window,
            allow_export: provisioning.policy.allow_export.into(),
        };
        self.change(|vault| vault.identity = Some(identity))
    }

    pub(crate) fn enrol(&mut self, enrolment: Enrolment) -> Result<EnrolmentId, Refusal> {
        let (slot, latent) = (self.slot(enrolment.slot)?, self.latent()?);
        if !(-1.0..=1.0).contains(&enrolment.threshold) {
            return Err(Fault::Threshold.into());
        }
        let prototype = self.scanner.enrolled(latent, enrolment.scans, &enrolment.prototype)?;
        norm(&prototype).map_err(|_| Fault::Degenerate)?;
        let id = self.random()?;
        self.change(|vault| {
            if let (Some(place), Some(misses)) = (vault.slots.get_mut(slot), vault.misses.get_mut(slot)) {
                *place = Some(Slot::new(enrolment.label, id, enrolment.threshold, &prototype));
                *misses = 0;
            }
        })?;
        self.scanner.drop_enrolment();
        Ok(EnrolmentId { id })
    }

    pub(crate) fn rotate(&mut self, SlotNumber { slot }: SlotNumber) -> Result<EnrolmentId, Refusal> {
        let slot = self.occupied(slot)?;
        let id = self.random()?;
        self.change(|vault| {
            if let Some(Some(enrolment)) = vault.slots.get_mut(slot) {
                enrolment.id = id;
            }
        })?;
        Ok(EnrolmentId { id })
    }

    pub(crate) fn reset_attempts(&mut self, SlotNumber { slot }: SlotNumber) -> Result<(), Refusal> {
        let slot = self.slot(slot)?;
        self.change(|vault| {
            if let Some(misses) = vault.misses.get_mut(slot) {
                *misses = 0;
            }
        })
    }

    pub(crate) fn revoke(&mut self, SlotNumber { slot }: SlotNumber) -> Result<(), Refusal> {
        let slot = self.occupied(slot)?;
        self.change(|vault| {
            if let Some(place) = vault.slots.get_mut(slot) {
                *place = None;
            }
        })
    }

    pub(crate) fn set_policy(&mut self, policy: Policy) -> Result<(), Refusal> {
        self.change(|vault| {
            if let Some(identity) = &mut vault.identity {
                identity.allow_export = policy.allow_export.into();
            }
        })
    }

    pub(crate) fn list_slots(&mut self, (): ()) -> Result<[SlotInfo; SLOTS], Refusal> {
        let vault = self.records.vault();
        let mut list = [SlotInfo { enrolment: None, misses: 0, disabled: false }; SLOTS];
        for ((info, slot), misses) in list.iter_mut().zip(&vault.slots).zip(vault.misses) {
            let enrolment =
                slot.as_ref().map(|slot| SlotEnrolment { label: slot.label, id: slot.id, threshold: slot.threshold });
            *info = SlotInfo { enrolment, misses, disabled: Self::is_disabled(misses) };
        }
        Ok(list)
    }

    pub(crate) fn wipe(&mut self, (): ()) -> Result<(), Refusal> {
        self.consent(Action::Wipe)?;
        self.scanner.clear();
        Ok(self.records.wipe(&mut self.board)?)
    }

    /// Asks the person at the token.
    pub(crate) fn consent(&mut self, action: Action) -> Result<(), Refusal> {
        if self.board.confirm(action) { Ok(()) } else { Err(Fault::NotConfirmed.into()) }
    }

    fn change(&mut self, change: impl FnOnce(&mut Vault)) -> Result<(), Refusal> {
        Ok(self.records.change(&mut self.board, change)?)
    }

    fn occupied(&self, slot: u8) -> Result<usize, Refusal> {
        let slot = self.slot(slot)?;
        match self.records.vault().slots.get(slot) {
            Some(Some(_)) => Ok(slot),
            _ => Err(Fault::SlotEmpty.into()),
        }
    }

    fn random<const N: usize>(&mut self) -> Result<[u8; N], Refusal> {
        let mut bytes = [0; N];
        self.board.entropy(&mut bytes).map_err(|_| Fault::Entropy)?;
        Ok(bytes)
    }
}
