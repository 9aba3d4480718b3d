//! Attempts: counted on flash before a probe is compared, five in a row, fifty in all.

use neural_vault_core::verify::AttemptCounter;
use neural_vault_core::wire::Fault;

use crate::board::Board;
use crate::records::Records;
use crate::vault::SlotIndex;

/// Misses in a row, on any slots, before the token wants its power taken away.
pub const MISSES_IN_A_ROW: u8 = 5;

/// Misses of a slot before an administrator must reset it.
pub const MISSES_IN_ALL: u8 = 50;

/// The counter of one slot, whether it is enrolled or empty.
pub(crate) struct Attempts<'a, 'm, B> {
    pub(crate) board: &'a mut B,
    pub(crate) records: &'a mut Records<'m>,
    pub(crate) row: &'a mut u8,
    pub(crate) slot: SlotIndex,
    /// An empty slot gives nothing back, whatever its stand-in was compared with.
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
        let misses = self.misses().checked_add(1).ok_or(Fault::SlotDisabled)?;
        self.records.set_misses(self.board, self.slot, misses)
    }

    fn restore(&mut self) -> Result<(), Fault> {
        if !self.enrolled {
            return Err(Fault::Rejected);
        }
        let misses = self.misses().checked_sub(1).ok_or(Fault::StorageDamaged)?;
        self.records.set_misses(self.board, self.slot, misses)?;
        *self.row = 0;
        Ok(())
    }
}
