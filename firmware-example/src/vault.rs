//! What a token remembers: one value, sealed as a whole.

use neural_vault_core::wire::{Label, SLOTS};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use crate::memory::LATENT;

/// Longest encoding of a [`Vault`] in bytes, a multiple of 16.
pub(crate) const VAULT_LENGTH: usize = {
    let identity = 1 + 32 + 32 + 32 + 1 + 1;
    let slot = 1 + 16 + 16 + 4 + 4 * LATENT;
    (identity + SLOTS + SLOTS * slot).next_multiple_of(16)
};

/// Everything persistent.
#[derive(Serialize)]
pub(crate) struct Vault {
    /// None on a blank token.
    pub(crate) identity: Option<Identity>,
    /// Misses of each slot since its last reset; attempts not yet judged count.
    pub(crate) misses: [u8; SLOTS],
    pub(crate) slots: [Option<Slot>; SLOTS],
}

/// What provisioning gave the token.
#[derive(Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) device_secret: [u8; 32],
    pub(crate) admin_key: [u8; 32],
    pub(crate) model: [u8; 32],
    pub(crate) window: u8,
    /// Whether keys may leave, 0 or 1: with a `bool`, blank memory would not be all zeros and take flash to copy.
    pub(crate) allow_export: u8,
}

/// An enrolment.
#[derive(Serialize, Deserialize)]
pub(crate) struct Slot {
    pub(crate) label: Label,
    pub(crate) id: [u8; 16],
    pub(crate) threshold: f32,
    prototype: [[f32; 32]; LATENT / 32],
}

impl Vault {
    pub(crate) const BLANK: Self = Self { identity: None, misses: [0; SLOTS], slots: [const { None }; SLOTS] };

    /// Becomes what `bytes` encode, field by field: a whole vault would lie on the stack several times over.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        let mut rest;
        (self.identity, rest) = postcard::take_from_bytes(bytes)?;
        (self.misses, rest) = postcard::take_from_bytes(rest)?;
        for slot in &mut self.slots {
            (*slot, rest) = postcard::take_from_bytes(rest)?;
        }
        Ok(())
    }

    /// Back to blank, nothing left in memory.
    pub(crate) fn clear(&mut self) {
        if let Some(identity) = &mut self.identity {
            identity.device_secret.zeroize();
            identity.admin_key.zeroize();
        }
        for slot in self.slots.iter_mut().flatten() {
            slot.prototype.as_flattened_mut().zeroize();
        }
        self.identity = None;
        self.misses = [0; SLOTS];
        self.slots = [const { None }; SLOTS];
    }
}

impl Slot {
    /// A slot with the first components of `prototype`, as many as there is room for.
    pub(crate) fn new(label: Label, id: [u8; 16], threshold: f32, prototype: &[f32]) -> Self {
        let mut slot = Self { label, id, threshold, prototype: [[0.0; 32]; LATENT / 32] };
        for (place, component) in slot.prototype.as_flattened_mut().iter_mut().zip(prototype) {
            *place = *component;
        }
        slot
    }

    /// The prototype's first `latent` components.
    pub(crate) fn prototype(&self, latent: usize) -> &[f32] {
        self.prototype.as_flattened().get(..latent).unwrap_or_default()
    }
}
