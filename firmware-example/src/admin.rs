//! Commands of the administrator: each except `provision` needs a tag for its place in the session and its own bytes.

use neural_vault_core::challenge::{ChallengeKey, ChallengeKeyBuffer, derive_challenge_key};
use neural_vault_core::encoder::Encoder;
use neural_vault_core::key::DeviceSecret;
use neural_vault_core::verify::{self, Threshold};
use neural_vault_core::wire::*;
use neural_vault_session::StaticKey;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::board::{Action, Board};
use crate::consent::consent;
use crate::limits::{SCRATCH, WINDOW};
use crate::machine::Machine;
use crate::policy::StoredPolicy;
use crate::slot_index::SlotIndex;
use crate::vault::{Identity, Slot, StoredRisk, Vault};

impl<B: Board> Machine<'_, B> {
    /// Reads an admin command after verifying its tag for this place in the session.
    ///
    /// Records that are damaged or rolled back give no admin key to verify a tag with: only a wipe is possible then, with
    /// consent at the token. A flash that fails is no reason to do without the tag: it may work again.
    pub(crate) fn authorised<'f, E: Endpoint>(
        &mut self,
        number: u32,
        packet: &Packet<'f>,
    ) -> Result<E::Request<'f>, Refusal> {
        let lost = matches!(self.records.sound(), Err(Fault::StorageDamaged | Fault::StorageRolledBack));
        let orphaned = lost && E::KEY.const_cmp(&Wipe::KEY);
        if !orphaned {
            let key = &self.identity()?.admin_key;
            let session = self.keys.session.as_ref().ok_or(Fault::HandshakeNeeded)?.hash();
            let (tag, command) = packet.message.split_first_chunk::<TAG_LENGTH>().ok_or(Fault::Malformed)?;
            if !bool::from(command_tag(key, &E::KEY, SessionPlace { session, number }, command).ct_eq(tag)) {
                return Err(Fault::NotAuthorised.into());
            }
        }
        Ok(packet.read()?)
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
        let (window, dims) = (usize::from(provisioning.window), model.dims());
        // The fewest frames of a scan take no memory, the frames of a window do.
        let max = if dims.is_connectome() { usize::from(u8::MAX) } else { WINDOW.min(dims.max_window()) };
        if window == 0 || window > max || Encoder::scratch_len(&dims, window) > SCRATCH {
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
        // The key that this session was opened under: the host has seen its fingerprint.
        let static_key = StaticKey::from_bytes(self.static_key()?.expose_secret());
        let identity = Identity {
            device_secret,
            static_key,
            admin_key: provisioning.admin_key,
            model: provisioning.model,
            window: provisioning.window,
            policy: StoredPolicy::new(provisioning.policy),
        };
        self.renew(|vault| {
            vault.identity = Some(identity);
            Ok(())
        })?;
        self.keys.unprovisioned = None;
        Ok(())
    }

    pub(crate) fn enrol(&mut self, enrolment: Enrolment) -> Result<Enrolled, Refusal> {
        let slot = SlotIndex::new(enrolment.slot)?;
        let id = self.enrolment_id()?;
        let stored = self.store(slot, id, &enrolment);
        self.scanner.close();
        stored?;
        self.scanner.drop_enrolment();
        self.enrolled(slot, id)
    }

    /// Stores the scans taken as the enrolment of a slot. The prototype then lies in the memory of scans.
    fn store(&mut self, slot: SlotIndex, id: [u8; 16], enrolment: &Enrolment) -> Result<(), Refusal> {
        let (form, model) = (self.form()?, self.identity()?.model);
        let threshold = Threshold::new(enrolment.threshold).map_err(|_| Fault::Threshold)?;
        let taken = self.scanner.enrolled(form, enrolment.scans, &enrolment.prototype)?;
        verify::Enrolment::new(taken.components, threshold, &model, &id).map_err(|_| Fault::Degenerate)?;
        let &Enrolment { label, frames, false_matches, .. } = enrolment;
        let budget = false_matches.attempts(enrolment.accepted_risk).map_err(|_| Fault::Budget)?;
        let accepted_risk = StoredRisk::new(enrolment.accepted_risk);
        let threshold = threshold.cosine();
        Ok(self.records.renew_with(&mut self.board, taken.content, |vault, prototype| {
            *slot.get_mut(&mut vault.slots) =
                Some(Slot { label, id, threshold, frames, false_matches, budget, accepted_risk, prototype });
            Ok(())
        })?)
    }

    pub(crate) fn rotate(&mut self, SlotNumber { slot }: SlotNumber) -> Result<Enrolled, Refusal> {
        let slot = self.occupied(slot)?;
        let id = self.enrolment_id()?;
        self.renew(|vault| {
            slot.get_mut(&mut vault.slots).as_mut().ok_or(Fault::SlotEmpty)?.id = id;
            Ok(())
        })?;
        self.enrolled(slot, id)
    }

    pub(crate) fn reset_attempts(&mut self, (): ()) -> Result<AttemptsReset, Refusal> {
        let (misses, locked) = (self.records.vault().misses, self.state() == State::Locked);
        self.records.set_misses(&mut self.board, 0)?;
        Ok(AttemptsReset { misses, locked })
    }

    pub(crate) fn revoke(&mut self, SlotNumber { slot }: SlotNumber) -> Result<(), Refusal> {
        let slot = self.occupied(slot)?;
        self.renew(|vault| {
            *slot.get_mut(&mut vault.slots) = None;
            Ok(())
        })
    }

    pub(crate) fn set_policy(&mut self, policy: Policy) -> Result<(), Refusal> {
        if policy.allow_export && !self.policy()?.allow_export {
            return Err(Fault::ExportGivenUp.into());
        }
        self.change(|vault| {
            vault.identity.as_mut().ok_or(Fault::NotProvisioned)?.policy = StoredPolicy::new(policy);
            Ok(())
        })
    }

    pub(crate) fn list_slots(&mut self, (): ()) -> Result<[SlotInfo; SLOTS], Refusal> {
        let vault = self.records.vault();
        Ok(SlotIndex::ALL.map(|slot| {
            let slot = slot.get(&vault.slots).as_ref()?;
            let (false_matches, accepted_risk) = (slot.false_matches, slot.accepted_risk.risk());
            let &Slot { label, id, threshold, frames, budget, .. } = slot;
            Some(SlotEnrolment { label, id, threshold, frames, false_matches, budget, accepted_risk })
        }))
    }

    pub(crate) fn wipe(&mut self, (): ()) -> Result<(), Refusal> {
        self.consent(Action::Wipe)?;
        self.scanner.clear();
        let was_provisioned = self.identity().is_ok();
        let outcome = self.records.wipe(&mut self.board);
        if outcome.is_ok() || (was_provisioned && self.identity().is_err()) {
            // A blank token draws another key, and this session was opened under the old one.
            self.keys.unprovisioned = None;
            self.ends_session = true;
        }
        Ok(outcome?)
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

    /// What the administrator learns of a new enrolment or identifier: with it, the key that checks challenges.
    ///
    /// The prototype is opened in the memory of scans: an open or complete scan is dropped.
    pub(crate) fn enrolled(&mut self, slot: SlotIndex, id: [u8; 16]) -> Result<Enrolled, Refusal> {
        let form = self.form()?;
        let prototype = self.scanner.empty(form.components())?;
        let opened = self.records.prototype(&mut self.board, slot, true, form, prototype);
        let mut buffer = ChallengeKeyBuffer::empty();
        let key = opened.and_then(|()| {
            let identity = self.records.vault().identity.as_ref().ok_or(Fault::NotProvisioned)?;
            derive_challenge_key(prototype, &identity.device_secret, &identity.model, &id, &mut buffer)
                .map_err(|_| Fault::StorageDamaged)
        });
        self.scanner.close();
        Ok(Enrolled { id, challenge_key: ChallengeKey::from_bytes(key?.expose_secret()) })
    }

    fn enrolment_id(&mut self) -> Result<[u8; 16], Refusal> {
        let mut id = [0; 16];
        self.draw(&mut id)?;
        Ok(id)
    }

    /// Fills `bytes` with random bytes in place, so that no copy of them is left elsewhere.
    pub(crate) fn draw(&mut self, bytes: &mut [u8]) -> Result<(), Refusal> {
        self.board.entropy().draw(bytes).map_err(|error| Fault::from(error).into())
    }
}
