//! Everything that a token remembers and keeps in memory: one value.

use neural_vault_core::key::DeviceSecret;
use neural_vault_core::secret::CLEARED_STACK;
use neural_vault_core::wire::{AcceptedRisk, AdminKey, FalseMatches, Label, SLOTS};
use neural_vault_session::StaticKey;
use serde::{Deserialize, Serialize};
use zeroize::zeroize_stack;

use crate::limits::MISSES_IN_ALL;
use crate::policy::StoredPolicy;
use crate::prototypes::{PLACES, Stored};

/// Longest encoding of a [`Vault`] in bytes; postcard's integers take up to 3 or 5 bytes.
const LONGEST: usize = {
    let identity = 32 + 32 + 32 + 1 + 1 + 32;
    let false_matches = 5 + 5 + 3 + 4;
    let accepted_risk = 1 + 4;
    let prototype = 1 + 3 + 5 + 16;
    let slot = 16 + 16 + 4 + 5 + false_matches + 1 + accepted_risk + prototype;
    1 + identity + SLOTS * (1 + slot)
};

/// Bytes that a vault takes in a snapshot, a multiple of 16.
pub(crate) const VAULT_LENGTH: usize = LONGEST.next_multiple_of(16);

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
    /// Frames of a probe; 0 for any number.
    pub(crate) frames: u32,
    /// How often its threshold was seen to accept others.
    pub(crate) false_matches: FalseMatches,
    /// Misses that it allows, by its false match rate or by the risk that the administrator accepted.
    pub(crate) budget: u8,
    /// That risk.
    pub(crate) accepted_risk: StoredRisk,
    /// Where its prototype is.
    pub(crate) prototype: Stored,
}

/// The risk that the administrator accepted with an enrolment; no attempts mean none. With an `Option`, a blank vault would not
/// be all zeros, and its copy would take flash.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct StoredRisk {
    attempts: u8,
    chance: f32,
}

impl StoredRisk {
    pub(crate) fn new(risk: Option<AcceptedRisk>) -> Self {
        risk.map_or(Self { attempts: 0, chance: 0.0 }, |AcceptedRisk { attempts, chance }| Self { attempts, chance })
    }

    pub(crate) fn risk(self) -> Option<AcceptedRisk> {
        let Self { attempts, chance } = self;
        (attempts > 0).then_some(AcceptedRisk { attempts, chance })
    }
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
        self.slots.iter().flatten().map(|slot| slot.budget).fold(MISSES_IN_ALL, u8::min)
    }

    /// Frames of a probe, where all enrolments that ask for a number ask for this one; else 0.
    pub(crate) fn frames(&self) -> u32 {
        let mut lengths = self.slots.iter().flatten().map(|slot| slot.frames).filter(|frames| *frames > 0);
        let first = lengths.next().unwrap_or(0);
        if lengths.all(|frames| frames == first) { first } else { 0 }
    }

    /// The largest risk that the administrator accepted with an enrolment.
    pub(crate) fn accepted_risk(&self) -> Option<AcceptedRisk> {
        let risks = self.slots.iter().flatten().filter_map(|slot| slot.accepted_risk.risk());
        risks.reduce(|most, risk| if risk.chance > most.chance { risk } else { most })
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
/// The stack is cleared before each field. The value of an empty slot, for example, is moved with its unused bytes, which
/// would otherwise be what was on the stack before, secrets included.
fn read_into<'b, T: Deserialize<'b>>(field: &mut T, bytes: &'b [u8]) -> postcard::Result<&'b [u8]> {
    #[inline(never)]
    fn read<'b, T: Deserialize<'b>>(field: &mut T, bytes: &'b [u8]) -> postcard::Result<&'b [u8]> {
        let rest;
        (*field, rest) = postcard::take_from_bytes(bytes)?;
        Ok(rest)
    }
    zeroize_stack::<CLEARED_STACK>();
    read(field, bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use neural_vault_core::wire::Policy;

    use super::*;

    #[test]
    fn the_longest_vault_fits_its_snapshot() {
        let longest = || Slot {
            label: Label::new("sixteen letters.").unwrap(),
            id: [0xff; 16],
            threshold: -1.0,
            frames: u32::MAX,
            false_matches: FalseMatches { matches: u32::MAX, trials: u32::MAX, persons: u16::MAX, bound: 1.0 },
            budget: u8::MAX,
            accepted_risk: StoredRisk::new(Some(AcceptedRisk { attempts: u8::MAX, chance: 1.0 })),
            prototype: Stored { place: u8::MAX, bytes: u16::MAX, generation: u32::MAX, tag: [0xff; 16] },
        };
        let identity = Identity {
            device_secret: DeviceSecret::from_bytes(&[0xff; 32]),
            admin_key: AdminKey::from_bytes(&[0xff; 32]),
            model: [0xff; 32],
            window: u8::MAX,
            policy: StoredPolicy::new(Policy { allow_export: true, confirm_verify: true, confirm_challenge: true }),
            static_key: StaticKey::from_bytes(&[0xff; 32]),
        };
        let vault = Vault { identity: Some(identity), slots: [(); SLOTS].map(|()| Some(longest())), misses: u8::MAX };
        let mut bytes = [0; VAULT_LENGTH];
        let used = postcard::to_slice(&vault, &mut bytes).unwrap().len();
        assert_eq!(used, LONGEST);
        let mut read = Vault::BLANK;
        read.read(&bytes).unwrap();
        assert_eq!(read.slots[3].as_ref().unwrap().prototype, longest().prototype);
    }

    #[test]
    fn the_smallest_budget_counts_and_the_largest_risk_and_a_length_that_all_share_are_shown() {
        let slot = |budget, chance: Option<f32>| {
            let accepted_risk = StoredRisk::new(chance.map(|chance| AcceptedRisk { attempts: budget, chance }));
            let false_matches = FalseMatches { matches: 0, trials: 224, persons: 8, bound: 0.0163 };
            let prototype = Stored { place: 0, bytes: 64, generation: 1, tag: [0; 16] };
            let label = Label::new("alice").unwrap();
            Some(Slot {
                label,
                id: [0; 16],
                threshold: 0.5,
                frames: 0,
                false_matches,
                budget,
                accepted_risk,
                prototype,
            })
        };
        let vault = |slots| Vault { slots, ..Vault::BLANK };
        assert_eq!(vault([const { None }; SLOTS]).budget(), MISSES_IN_ALL);
        let asking = |frames: [Option<u32>; SLOTS]| {
            let asking = |frames: Option<u32>| frames.map(|frames| Slot { frames, ..slot(7, None).unwrap() });
            vault(frames.map(asking)).frames()
        };
        assert_eq!(asking([None, None, None, None]), 0);
        assert_eq!(asking([None, Some(25), Some(0), Some(25)]), 25);
        assert_eq!(asking([None, Some(25), Some(0), Some(26)]), 0);
        let risky = vault([slot(7, Some(0.25)), None, slot(9, Some(0.5)), slot(3, None)]);
        assert_eq!((risky.budget(), risky.accepted_risk()), (3, Some(AcceptedRisk { attempts: 9, chance: 0.5 })));
        assert_eq!(vault([slot(7, None), None, slot(9, None), None]).accepted_risk(), None);
        let alike = vault([slot(7, Some(0.5)), slot(9, Some(0.5)), None, None]);
        assert_eq!(alike.accepted_risk(), Some(AcceptedRisk { attempts: 7, chance: 0.5 }), "the first of two");
    }
}
