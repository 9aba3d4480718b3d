//! The vault in memory and the store on flash, kept consistent.

use neural_vault_core::wire::Fault;

use crate::board::Board;
use crate::seal::{NONCE, Sealer};
use crate::slot_index::SlotIndex;
use crate::store::{Buffer, Store};
use crate::vault::Vault;

/// The vault, and the store that keeps it.
pub(crate) struct Records<'m> {
    vault: &'m mut Vault,
    buffer: &'m mut Buffer,
    sealer: Result<Sealer, Fault>,
    store: Result<Store, Fault>,
}

impl<'m> Records<'m> {
    /// Reads the records, unless the token failed its self-test. If they are damaged, [`Records::sound`] returns the reason.
    pub(crate) fn open<B: Board>(
        board: &mut B,
        vault: &'m mut Vault,
        buffer: &'m mut Buffer,
        self_test: Result<(), Fault>,
    ) -> Self {
        let sealer = self_test.and_then(|()| Sealer::new(&board.secret().map_err(|_| Fault::NoSecret)?));
        let mut records = Self { vault, buffer, sealer, store: Err(Fault::StorageFailed) };
        records.reread(board);
        records
    }

    /// What the token remembers; blank when the records are not sound.
    pub(crate) fn vault(&self) -> &Vault {
        self.vault
    }

    /// Number of the last change; 0 when the records are not sound.
    pub(crate) fn epoch(&self) -> u32 {
        self.store.map_or(0, |store| store.epoch)
    }

    /// Whether the records can be trusted.
    pub(crate) fn sound(&self) -> Result<(), Fault> {
        self.store.map(|_| ())
    }

    /// Changes the vault: in memory and on flash if this returns `Ok`, not at all otherwise.
    pub(crate) fn change<B: Board>(
        &mut self,
        board: &mut B,
        change: impl FnOnce(&mut Vault) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.update(board, self.store?, change, Store::commit)
    }

    /// Changes a slot's count of misses, as [`Records::change`] does.
    pub(crate) fn set_misses<B: Board>(&mut self, board: &mut B, slot: SlotIndex, misses: u8) -> Result<(), Fault> {
        let change = |vault: &mut Vault| {
            *slot.get_mut(&mut vault.misses) = misses;
            Ok(())
        };
        self.update(board, self.store?, change, Store::log_misses)
    }

    /// Erases all records, sound or not.
    pub(crate) fn wipe<B: Board>(&mut self, board: &mut B) -> Result<(), Fault> {
        // Without sound records, the new epoch continues from the board's counter, which must not go back.
        let store = self.store.unwrap_or(Store::blank(floor(board)));
        let clear = |vault: &mut Vault| {
            vault.clear();
            Ok(())
        };
        self.update(board, store, clear, Store::commit)
    }

    /// Makes a change in memory, then with `write` on the flash. If either fails, reads the vault from the flash again.
    fn update<B: Board>(
        &mut self,
        board: &mut B,
        mut store: Store,
        change: impl FnOnce(&mut Vault) -> Result<(), Fault>,
        write: impl FnOnce(&mut Store, &mut B::Flash, &Sealer, &[u8; NONCE], &Vault, &mut Buffer) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let sealer = self.sealer.as_ref().map_err(|fault| *fault)?;
        let nonce = nonce(board)?;
        let outcome =
            change(self.vault).and_then(|()| write(&mut store, board.flash(), sealer, &nonce, self.vault, self.buffer));
        self.store = Ok(store);
        match outcome {
            Ok(()) => board.raise_epoch_floor(store.epoch),
            Err(_) => self.reread(board),
        }
        outcome
    }

    fn reread<B: Board>(&mut self, board: &mut B) {
        let floor = floor(board);
        self.store = match &self.sealer {
            Ok(sealer) => Store::mount(board.flash(), sealer, floor, self.vault, self.buffer),
            Err(fault) => {
                self.vault.clear();
                Err(*fault)
            }
        };
    }
}

/// The lowest epoch that records may have; zero on a board without a counter.
fn floor<B: Board>(board: &mut B) -> u32 {
    board.epoch_floor().unwrap_or(0)
}

fn nonce<B: Board>(board: &mut B) -> Result<[u8; NONCE], Fault> {
    let mut nonce = [0; NONCE];
    board.entropy().draw(&mut nonce).map_err(|_| Fault::Entropy)?;
    Ok(nonce)
}
