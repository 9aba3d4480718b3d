//! Attempts: counted on flash before a probe is compared, and limited in a row and by the token's budget.

use core::hint::black_box;

use neural_vault_core::verify::AttemptCounter;
use neural_vault_core::wire::Fault;

use crate::board::Board;
use crate::limits::MISSES_IN_A_ROW;
use crate::records::Records;

/// The token's attempt counter, for an attempt on one slot.
///
/// One count serves all slots: a stranger's chance adds up over every attempt, whichever slot it is made on.
pub(crate) struct Attempts<'a, 'm, B> {
    pub(crate) board: &'a mut B,
    pub(crate) records: &'a mut Records<'m>,
    pub(crate) row: &'a mut u8,
    /// Whether the probe is compared with an enrolment. Otherwise it is rejected and restores no attempt, whatever it is.
    pub(crate) comparable: bool,
    /// The budget of the slot's own enrolment.
    pub(crate) budget: u8,
}

impl<B: Board> AttemptCounter for Attempts<'_, '_, B> {
    type Error = Fault;

    fn remaining(&mut self) -> Result<u32, Fault> {
        self.records.sound()?;
        if *self.row >= MISSES_IN_A_ROW {
            return Err(Fault::PowerCycleNeeded);
        }
        let vault = self.records.vault();
        Ok(u32::from(vault.budget().saturating_sub(vault.misses)))
    }

    fn persist_decrement(&mut self) -> Result<(), Fault> {
        *self.row = self.row.saturating_add(1);
        let misses = self.records.vault().misses.checked_add(1).ok_or(Fault::BudgetUsedUp)?;
        // Once more, by the slot's own budget: one skipped branch, here or in the search for the smallest budget, gives no
        // attempt. `black_box` keeps the compiler from inferring it from the first check.
        if black_box(misses) > self.budget {
            return Err(Fault::BudgetUsedUp);
        }
        self.records.set_misses(self.board, misses)
    }

    fn restore(&mut self) -> Result<(), Fault> {
        if !self.comparable {
            return Err(Fault::Rejected);
        }
        self.records.set_misses(self.board, 0)?;
        *self.row = 0;
        Ok(())
    }
}
