//! Everything that a token remembers: one value, sealed as a whole.

use neural_vault_core::key::{CLEARED_STACK, DeviceSecret};
use neural_vault_core::verify::Threshold;
use neural_vault_core::wire::{AcceptedRisk, AdminKey, Enrolment, FalseMatches, Fault, Label, SLOTS};
use neural_vault_session::StaticKey;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, zeroize_stack};

use crate::limits::LATENT;
use crate::policy::StoredPolicy;

/// Longest encoding of a [`Vault`] in bytes, a multiple of 16.
pub(crate) const VAULT_LENGTH: usize = {
    let identity = 1 + 32 + 32 + 32 + 1 + 1 + 32;
    let slot = 1 + 16 + 16 + 4 + (5 + 5 + 3 + 4) + 6 + 1 + 4 * LATENT;
    (identity + SLOTS + SLOTS * slot).next_multiple_of(16)
};

/// Everything persistent.
#[derive(Serialize)]
pub(crate) struct Vault {
    /// `None` on a blank token.
    pub(crate) identity: Option<Identity>,
    /// Misses of each slot since its last reset; an attempt counts as a miss until the probe was compared.
    pub(crate) misses: [u8; SLOTS],
    pub(crate) slots: [Option<Slot>; SLOTS],
}

/// What provisioning gave the token.
#[derive(Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) device_secret: DeviceSecret,
    pub(crate) admin_key: AdminKey,
    pub(crate) model: [u8; 32],
    pub(crate) window: u8,
    pub(crate) policy: StoredPolicy,
    /// The key that hosts know the token by.
    #[serde(with = "static_key")]
    pub(crate) static_key: StaticKey,
}

/// Serialisation of a static key, as its 32 bytes.
mod static_key {
    use neural_vault_session::StaticKey;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use zeroize::Zeroizing;

    pub(super) fn serialize<S: Serializer>(key: &StaticKey, serializer: S) -> Result<S::Ok, S::Error> {
        key.expose_secret().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StaticKey, D::Error> {
        Ok(StaticKey::from_bytes(&Zeroizing::new(<[u8; 32]>::deserialize(deserializer)?)))
    }
}

/// An enrolment.
#[derive(Serialize, Deserialize)]
pub(crate) struct Slot {
    pub(crate) label: Label,
    pub(crate) id: [u8; 16],
    pub(crate) threshold: f32,
    pub(crate) false_matches: FalseMatches,
    pub(crate) accepted_risk: Option<AcceptedRisk>,
    pub(crate) budget: u8,
    prototype: [[f32; 32]; LATENT / 32],
}

impl Vault {
    pub(crate) const BLANK: Self = Self { identity: None, misses: [0; SLOTS], slots: [const { None }; SLOTS] };

    /// Reads the vault from its encoding, field by field: as a whole it would be on the stack several times.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        let mut rest = read_into(&mut self.identity, bytes)?;
        rest = read_into(&mut self.misses, rest)?;
        for slot in &mut self.slots {
            rest = read_into(slot, rest)?;
        }
        Ok(())
    }

    /// Makes the vault blank, and clears its memory.
    pub(crate) fn clear(&mut self) {
        self.identity = None;
        self.misses = [0; SLOTS];
        self.slots = [const { None }; SLOTS];
    }
}

/// Reads one field; returns the bytes after it.
///
/// The stack is cleared after each field. The value of an empty slot, for example, is moved with its unused bytes, which
/// would otherwise be what the field before left on the stack, secrets included.
fn read_into<'b, T: Deserialize<'b>>(field: &mut T, bytes: &'b [u8]) -> postcard::Result<&'b [u8]> {
    #[inline(never)]
    fn read<'b, T: Deserialize<'b>>(field: &mut T, bytes: &'b [u8]) -> postcard::Result<&'b [u8]> {
        let rest;
        (*field, rest) = postcard::take_from_bytes(bytes)?;
        Ok(rest)
    }
    let rest = read(field, bytes);
    zeroize_stack::<CLEARED_STACK>();
    rest
}

impl Slot {
    /// An enrolment with this prototype, followed by zeros.
    pub(crate) fn new(
        enrolment: &Enrolment,
        id: [u8; 16],
        threshold: Threshold,
        prototype: &[f32],
    ) -> Result<Self, Fault> {
        let Enrolment { label, false_matches, accepted_risk, .. } = *enrolment;
        let budget = false_matches.attempts(accepted_risk).map_err(|_| Fault::Budget)?;
        let threshold = threshold.cosine();
        let empty = [[0.0; 32]; LATENT / 32];
        let mut slot = Self { label, id, threshold, false_matches, accepted_risk, budget, prototype: empty };
        let place = slot.prototype.as_flattened_mut().get_mut(..prototype.len()).ok_or(Fault::ModelTooLarge)?;
        place.copy_from_slice(prototype);
        Ok(slot)
    }

    /// The prototype's first `latent` components.
    pub(crate) fn prototype(&self, latent: usize) -> Result<&[f32], Fault> {
        self.prototype.as_flattened().get(..latent).ok_or(Fault::ModelTooLarge)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.prototype.as_flattened_mut().zeroize();
    }
}
