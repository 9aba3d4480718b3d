//! Attempts: counted on flash before a probe is compared, and limited in a row and in all.

use neural_vault_core::verify::AttemptCounter;
use neural_vault_core::wire::Fault;

use crate::board::Board;
use crate::limits::{MISSES_IN_A_ROW, MISSES_IN_ALL};
use crate::records::Records;
use crate::slot_index::SlotIndex;

/// The attempt counter of one slot, enrolled or empty.
pub(crate) struct Attempts<'a, 'm, B> {
    pub(crate) board: &'a mut B,
    pub(crate) records: &'a mut Records<'m>,
    pub(crate) row: &'a mut u8,
    pub(crate) slot: SlotIndex,
    /// Whether the slot is enrolled. An empty one rejects and restores no attempt, whatever the probe.
    pub(crate) enrolled: bool,
}

impl<B> Attempts<'_, '_, B> {
    fn misses(&self) -> u8 {
        *self.slot.get(&self.records.vault().misses)
    }
}

impl<B: Board> AttemptCounter for Attempts<'_, '_, B> {
    type Error = Fault;

    fn remaining(&mut self) -> Result<u32, Fault> {
        self.records.sound()?;
        if *self.row >= MISSES_IN_A_ROW {
            return Err(Fault::PowerCycleNeeded);
        }
        Ok(u32::from(MISSES_IN_ALL.saturating_sub(self.misses())))
    }

    fn persist_decrement(&mut self) -> Result<(), Fault> {
        *self.row = self.row.saturating_add(1);
        let misses = self.misses().checked_add(1).ok_or(Fault::BudgetUsedUp)?;
        self.records.set_misses(self.board, self.slot, misses)
    }

    fn restore(&mut self) -> Result<(), Fault> {
        if !self.enrolled {
            return Err(Fault::Rejected);
        }
        let misses = 0;
        self.records.set_misses(self.board, self.slot, misses)?;
        *self.row = 0;
        Ok(())
    }
}
