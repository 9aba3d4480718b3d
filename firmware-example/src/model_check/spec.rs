//! What a token must do: the small model that the program is compared with.

use core::fmt;
use std::vec;
use std::vec::Vec;

use neural_vault_core::wire::{Fault, SLOTS};

use super::board::TestBoard;
use super::device::{BUDGET, Command, SLOT};
use crate::board::Board;
use crate::limits::MISSES_IN_A_ROW;
use crate::records::Records;
use crate::vault::VAULT_LENGTH;

/// Everything that a token remembers.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Logical {
    /// The vault as it is stored, secrets and places of prototypes included.
    vault: Vec<u8>,
    pub(super) is_blank: bool,
    confirms: bool,
    /// Identifiers of the enrolments.
    ids: [Option<[u8; 16]>; SLOTS],
    pub(super) misses: u8,
    pub(super) generation: u32,
}

impl Logical {
    /// What the records in memory say; `None` when they are not sound.
    pub(super) fn of(records: &Records<'_>) -> Option<Self> {
        records.sound().ok()?;
        let vault = records.vault();
        let mut bytes = vec![0; VAULT_LENGTH];
        postcard::to_slice(vault, &mut bytes).unwrap();
        let identity = vault.identity.as_ref();
        Some(Self {
            vault: bytes,
            is_blank: identity.is_none(),
            confirms: identity.is_some_and(|identity| identity.policy.policy().confirm_challenge),
            ids: vault.slots.each_ref().map(|slot| slot.as_ref().map(|slot| slot.id)),
            misses: vault.misses,
            generation: records.generation(),
        })
    }

    /// Its bytes, the same for the same value.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.vault.clone();
        bytes.push(self.misses);
        bytes.extend(self.generation.to_le_bytes());
        bytes
    }

    /// This with one more miss.
    pub(super) fn paid(&self) -> Self {
        Self { misses: self.misses + 1, ..self.clone() }
    }

    fn has_enrolment(&self) -> bool {
        self.ids.iter().any(Option::is_some)
    }

    /// Misses that are allowed.
    fn budget(&self) -> u8 {
        if self.has_enrolment() { BUDGET } else { crate::limits::MISSES_IN_ALL }
    }
}

impl fmt::Debug for Logical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = self.ids.map(|id| id.map(|id| u32::from_le_bytes([id[0], id[1], id[2], id[3]])));
        let Self { is_blank, confirms, misses, generation, .. } = self;
        write!(
            f,
            "blank {is_blank}, confirms {confirms}, {misses} misses, generation {generation}, enrolled {ids:08x?}"
        )
    }
}

/// Whether a command that was not interrupted did what it must.
///
/// `old` and `new` are the records before and after it, `rows` the misses in a row.
pub(super) fn judge(
    command: Command,
    verdict: Result<(), Fault>,
    old: &Logical,
    new: &Logical,
    rows: (u8, u8),
) -> Result<(), &'static str> {
    let expected = expected(command, old, rows.0);
    let same_vault = |what: &'static str| if old.vault == new.vault { Ok(()) } else { Err(what) };
    check(verdict == expected, "another verdict")?;
    let attempt = command.is_attempt();
    check(attempt || rows.0 == rows.1, "the misses in a row changed")?;
    match (command, verdict) {
        (_, Err(Fault::Rejected)) => {
            check(rows.1 == rows.0 + 1, "a rejection is not counted in a row")?;
            check(*new == old.paid(), "a rejection is not counted, or changes something else")
        }
        (_, Err(_)) => check(new == old && rows.0 == rows.1, "what is refused changes something"),
        (Command::Verify(_) | Command::VerifyStranger | Command::Challenge, Ok(())) => {
            check(
                new.misses == 0 && rows.1 == 0 && new.generation == old.generation,
                "an accept restores no attempts",
            )?;
            same_vault("an accept changes something else")
        }
        (Command::ResetAttempts, Ok(())) => {
            check(new.misses == 0 && new.generation == old.generation, "a reset restores no attempts")?;
            same_vault("a reset changes something else")
        }
        (Command::Wipe, Ok(())) => {
            let next = (old.generation + 1).min(TestBoard::LAST_GENERATION);
            check(new.is_blank && new.misses == 0 && !new.has_enrolment(), "a wiped token is not blank")?;
            check(new.generation == next, "a wipe begins no generation")
        }
        (Command::SetPolicy, Ok(())) => {
            check(new.confirms != old.confirms && new.ids == old.ids, "the policy is not set")?;
            check((new.misses, new.generation) == (old.misses, old.generation), "a policy changes something else")
        }
        (Command::Provision | Command::Enrol(_) | Command::Rotate | Command::Revoke, Ok(())) => {
            check(new.generation == old.generation + 1, "it begins no generation")?;
            check(new.misses == old.misses && !new.is_blank, "it changes the misses, or leaves a blank token")?;
            let changed = match command {
                Command::Provision => None,
                Command::Enrol(slot) => Some(slot),
                _ => Some(SLOT),
            };
            (0..).zip(old.ids.iter().zip(&new.ids)).try_for_each(|(slot, (old, new))| match command {
                _ if Some(slot) != changed => check(old == new, "another slot is changed"),
                Command::Revoke => check(old.is_some() && new.is_none(), "it is not revoked"),
                _ => check(new.is_some() && old != new, "there is no new identifier"),
            })
        }
    }
}

/// The verdict that a command must have.
fn expected(command: Command, old: &Logical, row: u8) -> Result<(), Fault> {
    let is_used_up = old.generation + 1 >= TestBoard::LAST_GENERATION;
    let enrolled = |slot: u8| old.ids[usize::from(slot)].is_some();
    match command {
        Command::Wipe => Ok(()),
        Command::Provision if !old.is_blank => Err(Fault::NotBlank),
        _ if old.is_blank && command != Command::Provision => Err(Fault::NotProvisioned),
        Command::Rotate | Command::Revoke if !enrolled(SLOT) => Err(Fault::SlotEmpty),
        Command::Provision | Command::Enrol(_) | Command::Rotate | Command::Revoke if is_used_up => {
            Err(Fault::GenerationsUsedUp)
        }
        _ if !command.is_attempt() => Ok(()),
        _ if row >= MISSES_IN_A_ROW => Err(Fault::PowerCycleNeeded),
        _ if old.misses >= old.budget() => Err(Fault::BudgetUsedUp),
        Command::VerifyStranger => Err(Fault::Rejected),
        _ if enrolled(command.slot()) => Ok(()),
        _ => Err(Fault::Rejected),
    }
}

fn check(holds: bool, what: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(what) }
}
