//! The vault in memory and the store on flash, kept consistent.

use neural_vault_core::wire::Fault;

use crate::board::Board;
use crate::form::Form;
use crate::prototypes::Stored;
use crate::seal::Sealer;
use crate::slot_index::SlotIndex;
use crate::store::{Buffer, PROTOTYPES, Store, nonce};
use crate::vault::Vault;

/// The vault, and the store that keeps it.
pub(crate) struct Records<'m> {
    vault: &'m mut Vault,
    buffer: &'m mut Buffer,
    /// The outcome of the self-test at the start. After a failure, not even a wipe writes anything.
    self_test: Result<(), Fault>,
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
        let store = self_test.and_then(|()| Store::mount(board, vault, buffer));
        Self { vault, buffer, self_test, store }
    }

    /// What the token remembers; blank when the records are not sound.
    pub(crate) fn vault(&self) -> &Vault {
        self.vault
    }

    /// Number of the last change; 0 when the records are not sound.
    pub(crate) fn epoch(&self) -> u32 {
        self.store.map_or(0, |store| store.epoch())
    }

    /// Number of wipes, revocations, rotations and enrolments; 0 when the records are not sound.
    pub(crate) fn generation(&self) -> u32 {
        self.store.map_or(0, |store| store.generation())
    }

    /// Whether the records can be trusted.
    pub(crate) fn sound(&self) -> Result<(), Fault> {
        self.store.map(|_| ())
    }

    /// Opens a slot's prototype into `components`; where that is not `comparable`, or the slot is empty, the unit vector along
    /// the first axis in its place, after the same work.
    ///
    /// # Errors
    /// It does not open, or has another form.
    pub(crate) fn prototype<B: Board>(
        &mut self,
        board: &mut B,
        slot: SlotIndex,
        comparable: bool,
        form: Form,
        components: &mut [f32],
    ) -> Result<(), Fault> {
        let store = self.store?;
        let stored = slot.get(&self.vault.slots).as_ref().map(|slot| slot.prototype);
        let generation = stored.map_or(store.generation(), |stored| stored.generation);
        let sealer = Sealer::new(&board.secret()?, generation)?;
        let body = &mut self.buffer.prototype;
        let content = match stored {
            None => PROTOTYPES.read_nothing(board.flash(), &sealer, form.bytes(), body),
            Some(stored) if usize::from(stored.bytes) != form.bytes() => Err(Fault::StorageDamaged),
            Some(stored) => PROTOTYPES.read(board.flash(), &sealer, &stored, body),
        };
        let outcome = content.and_then(|content| {
            if stored.is_none() || !comparable {
                form.store_first_axis(content)?;
            }
            form.restore(content, components)
        });
        self.buffer.clear();
        outcome
    }

    /// Changes the vault: in memory and on flash if this returns `Ok`, else not at all or, after a failure of the flash
    /// or the counter, as the records that are then read again say.
    pub(crate) fn change<B: Board>(
        &mut self,
        board: &mut B,
        change: impl FnOnce(&mut Vault) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.update(board, self.store?, |board, store, vault, buffer| {
            change(vault)?;
            store.commit(board, store.generation(), vault, buffer)
        })
    }

    /// As [`Records::change`], in a new generation: with a counter outside the flash, nothing older opens again.
    pub(crate) fn renew<B: Board>(
        &mut self,
        board: &mut B,
        change: impl FnOnce(&mut Vault) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.update(board, self.store?, |board, store, vault, buffer| {
            change(vault)?;
            store.commit(board, next::<B>(store)?, vault, buffer)
        })
    }

    /// Writes a prototype, then changes the vault, which must name it, as [`Records::renew`] does.
    pub(crate) fn renew_with<B: Board>(
        &mut self,
        board: &mut B,
        prototype: &[u8],
        change: impl FnOnce(&mut Vault, Stored) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.update(board, self.store?, |board, store, vault, buffer| {
            let generation = next::<B>(store)?;
            let free = vault.places().iter().position(|used| !used).ok_or(Fault::StorageDamaged)?;
            let (nonce, sealer) = (nonce(board)?, Sealer::new(&board.secret()?, generation)?);
            let place = (free as u8, generation);
            let stored = PROTOTYPES.write(board.flash(), &sealer, place, &nonce, prototype, &mut buffer.prototype)?;
            change(vault, stored)?;
            store.commit(board, generation, vault, buffer)
        })
    }

    /// Changes the count of misses, as [`Records::change`] does.
    pub(crate) fn set_misses<B: Board>(&mut self, board: &mut B, misses: u8) -> Result<(), Fault> {
        self.update(board, self.store?, |board, store, vault, buffer| {
            vault.misses = misses;
            store.log_misses(board, vault, buffer)
        })
    }

    /// Erases all records, sound or not. The last generation is kept for this.
    pub(crate) fn wipe<B: Board>(&mut self, board: &mut B) -> Result<(), Fault> {
        self.self_test?;
        let store = match self.store {
            Ok(store) => store,
            Err(_) => Store::unsound(board, self.buffer)?,
        };
        self.update(board, store, |board, store, vault, buffer| {
            vault.clear();
            let generation = store.generation().saturating_add(1).min(B::LAST_GENERATION);
            store.commit(board, generation, vault, buffer)
        })
    }

    /// Makes a change in memory and on the flash. If either fails, reads the vault from the flash again.
    fn update<B: Board>(
        &mut self,
        board: &mut B,
        mut store: Store,
        change: impl FnOnce(&mut B, &mut Store, &mut Vault, &mut Buffer) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let outcome = change(board, &mut store, self.vault, self.buffer);
        self.store = match outcome {
            Ok(()) => Ok(store),
            Err(_) => Store::mount(board, self.vault, self.buffer),
        };
        outcome
    }
}

/// The generation after a store's.
fn next<B: Board>(store: &Store) -> Result<u32, Fault> {
    let next = store.generation().checked_add(1).filter(|next| *next < B::LAST_GENERATION);
    next.ok_or(Fault::GenerationsUsedUp)
}
