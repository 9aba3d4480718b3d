//! Everything that a token remembers and keeps in memory: one value.

use neural_vault_core::key::{CLEARED_STACK, DeviceSecret};
use neural_vault_core::wire::{AdminKey, Label, SLOTS};
use serde::{Deserialize, Serialize};
use zeroize::zeroize_stack;

use crate::limits::MISSES_IN_ALL;
use crate::prototypes::{PLACES, Stored};

/// Longest encoding of a [`Vault`] in bytes, a multiple of 16; postcard's integers take up to 3 or 5 bytes.
pub(crate) const VAULT_LENGTH: usize = {
    let identity = 32 + 32 + 32 + 1 + 1;
    let false_matches = 5 + 5 + 3 + 4;
    let accepted = 1 + 4;
    let prototype = 1 + 3 + 5 + 16;
    let slot = 16 + 16 + 4 + false_matches + 1 + (1 + accepted) + prototype;
    (1 + identity + SLOTS * (1 + slot)).next_multiple_of(16)
};

/// Everything persistent, except prototypes.
#[derive(Serialize)]
pub(crate) struct Vault {
    /// `None` on a blank token.
    pub(crate) identity: Option<Identity>,
    pub(crate) slots: [Option<Slot>; SLOTS],
    /// Misses on any slots since the last accept or reset, kept in the log; an attempt counts as a miss until it is over.
    #[serde(skip)]
    pub(crate) misses: u8,
}

/// What provisioning gave the token.
#[derive(Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) device_secret: DeviceSecret,
    pub(crate) admin_key: AdminKey,
    pub(crate) model: [u8; 32],
    pub(crate) window: u8,
    /// Whether keys may leave, 0 or 1. With a `bool`, a blank vault would not be all zeros, and its copy would take flash.
    pub(crate) allow_export: u8,
}

/// An enrolment.
#[derive(Serialize, Deserialize)]
pub(crate) struct Slot {
    pub(crate) label: Label,
    pub(crate) id: [u8; 16],
    pub(crate) threshold: f32,
    /// What was measured of the threshold's false match rate.
    pub(crate) false_matches: FalseMatches,
    /// Attempts that the false match rate allows.
    pub(crate) budget: u8,
    /// The risk that the administrator took instead, if any.
    pub(crate) accepted: Option<AcceptedRisk>,
    /// Where its prototype is.
    pub(crate) prototype: Stored,
}

/// False matches of a threshold among impostor trials.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct FalseMatches {
    /// Impostor trials that were accepted.
    pub(crate) matches: u32,
    /// Impostor trials.
    pub(crate) trials: u32,
    /// Persons, or labels, that the impostor trials come from.
    pub(crate) persons: u16,
    /// Upper end of the 95 % Clopper-Pearson interval of the false match rate; 1 without trials.
    pub(crate) bound: f32,
}

/// A risk that the administrator takes for an enrolment.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct AcceptedRisk {
    /// Attempts.
    pub(crate) attempts: u8,
    /// The chance that a stranger is accepted within them.
    pub(crate) chance: f32,
}

impl Vault {
    pub(crate) const BLANK: Self = Self { identity: None, slots: [const { None }; SLOTS], misses: 0 };

    /// Reads the vault from its encoding, field by field: as a whole it would be on the stack several times.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        let mut rest = read_into(&mut self.identity, bytes)?;
        for slot in &mut self.slots {
            rest = read_into(slot, rest)?;
        }
        Ok(())
    }

    /// Makes the vault blank, and clears its memory.
    pub(crate) fn clear(&mut self) {
        self.identity = None;
        self.slots = [const { None }; SLOTS];
        self.misses = 0;
    }

    /// Misses that the token allows: the smallest budget of its enrolments.
    pub(crate) fn budget(&self) -> u8 {
        self.slots.iter().flatten().map(Slot::attempts).fold(MISSES_IN_ALL, u8::min)
    }

    /// Which places hold a prototype.
    pub(crate) fn places(&self) -> [bool; PLACES] {
        let mut used = [false; PLACES];
        for slot in self.slots.iter().flatten() {
            if let Some(used) = used.get_mut(usize::from(slot.prototype.place)) {
                *used = true;
            }
        }
        used
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
    /// Misses that this enrolment allows.
    fn attempts(&self) -> u8 {
        self.accepted.map_or(self.budget, |risk| risk.attempts)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_vault_fits_its_snapshot() {
        let longest = || Slot {
            label: Label::new("sixteen letters.").unwrap(),
            id: [0xff; 16],
            threshold: -1.0,
            false_matches: FalseMatches { matches: u32::MAX, trials: u32::MAX, persons: u16::MAX, bound: 1.0 },
            budget: u8::MAX,
            accepted: Some(AcceptedRisk { attempts: u8::MAX, chance: 1.0 }),
            prototype: Stored { place: u8::MAX, components: u16::MAX, generation: u32::MAX, tag: [0xff; 16] },
        };
        let identity = Identity {
            device_secret: DeviceSecret::from_bytes(&[0xff; 32]),
            admin_key: AdminKey::from_bytes(&[0xff; 32]),
            model: [0xff; 32],
            window: u8::MAX,
            allow_export: u8::MAX,
        };
        let vault = Vault { identity: Some(identity), slots: [(); SLOTS].map(|()| Some(longest())), misses: u8::MAX };
        let mut bytes = [0; VAULT_LENGTH];
        let used = postcard::to_slice(&vault, &mut bytes).unwrap().len();
        assert_eq!(used.next_multiple_of(16), VAULT_LENGTH);
        let mut read = Vault::BLANK;
        read.read(&bytes).unwrap();
        assert_eq!(read.slots[3].as_ref().unwrap().prototype, longest().prototype);
    }

    #[test]
    fn the_smallest_budget_of_all_slots_counts_and_an_accepted_risk_replaces_one() {
        let slot = |budget, accepted: Option<u8>| {
            let accepted = accepted.map(|attempts| AcceptedRisk { attempts, chance: 0.5 });
            let false_matches = FalseMatches { matches: 0, trials: 224, persons: 8, bound: 0.0163 };
            let prototype = Stored { place: 0, components: 16, generation: 1, tag: [0; 16] };
            let label = Label::new("alice").unwrap();
            Some(Slot { label, id: [0; 16], threshold: 0.5, false_matches, budget, accepted, prototype })
        };
        let budget = |slots| Vault { slots, ..Vault::BLANK }.budget();
        assert_eq!(budget([const { None }; SLOTS]), MISSES_IN_ALL);
        assert_eq!(budget([None, slot(7, None), None, slot(3, None)]), 3);
        assert_eq!(budget([slot(7, None), slot(0, Some(9)), None, None]), 7);
        assert_eq!(budget([slot(7, Some(2)), None, None, None]), 2);
        assert_eq!(budget([slot(0, None), slot(50, None), None, None]), 0);
    }
}
