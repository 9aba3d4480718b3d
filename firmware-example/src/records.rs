//! The vault in memory and the store on flash, kept equal.

use neural_vault_core::wire::Fault;

use crate::board::Board;
use crate::seal::{NONCE, Sealer};
use crate::store::{Buffer, Store};
use crate::vault::Vault;

/// What the token remembers, and where.
pub(crate) struct Records<'m> {
    vault: &'m mut Vault,
    buffer: &'m mut Buffer,
    sealer: Sealer,
    store: Result<Store, Fault>,
}

impl<'m> Records<'m> {
    /// Reads the records; damage is kept for [`Records::sound`] to tell.
    pub(crate) fn open<B: Board>(board: &mut B, vault: &'m mut Vault, buffer: &'m mut Buffer) -> Self {
        let sealer = Sealer::new(board.secret());
        let mut records = Self { vault, buffer, sealer, store: Err(Fault::StorageFailed) };
        records.reread(board);
        records
    }

    /// What the token remembers; blank when the records are not sound.
    pub(crate) fn vault(&self) -> &Vault {
        self.vault
    }

    /// Number of the last change.
    pub(crate) fn epoch(&self) -> u32 {
        self.store.map_or(0, |store| store.epoch)
    }

    /// Whether the records can be trusted.
    pub(crate) fn sound(&self) -> Result<(), Fault> {
        self.store.map(|_| ())
    }

    /// Changes what the token remembers: on flash when this returns `Ok`, not at all otherwise.
    pub(crate) fn change<B: Board>(&mut self, board: &mut B, change: impl FnOnce(&mut Vault)) -> Result<(), Fault> {
        let mut store = self.store?;
        let nonce = nonce(board)?;
        change(self.vault);
        let outcome = store.commit(board.flash(), &self.sealer, &nonce, self.vault, self.buffer);
        self.settle(board, store, outcome)
    }

    /// Changes a slot's count of misses, as [`Records::change`] does.
    pub(crate) fn set_misses<B: Board>(&mut self, board: &mut B, slot: usize, misses: u8) -> Result<(), Fault> {
        let mut store = self.store?;
        let nonce = nonce(board)?;
        if let Some(count) = self.vault.misses.get_mut(slot) {
            *count = misses;
        }
        let outcome = store.log_misses(board.flash(), &self.sealer, &nonce, self.vault, self.buffer);
        self.settle(board, store, outcome)
    }

    /// Destroys all records, sound or not.
    pub(crate) fn wipe<B: Board>(&mut self, board: &mut B) -> Result<(), Fault> {
        let floor = board.epoch_floor().unwrap_or(0);
        self.store = Ok(self.store.unwrap_or(Store::blank(floor)));
        self.change(board, Vault::clear)
    }

    fn settle<B: Board>(&mut self, board: &mut B, store: Store, outcome: Result<(), Fault>) -> Result<(), Fault> {
        self.store = Ok(store);
        match outcome {
            Ok(()) => board.raise_epoch_floor(store.epoch),
            Err(_) => self.reread(board),
        }
        outcome
    }

    fn reread<B: Board>(&mut self, board: &mut B) {
        let floor = board.epoch_floor().unwrap_or(0);
        self.store = Store::mount(board.flash(), &self.sealer, floor, self.vault, self.buffer);
    }
}

fn nonce<B: Board>(board: &mut B) -> Result<[u8; NONCE], Fault> {
    let mut nonce = [0; NONCE];
    board.entropy(&mut nonce).map_err(|_| Fault::Entropy)?;
    Ok(nonce)
}
