//! Records on NOR flash: a power cut leaves either the old state or the new one, and damage never the old one.
//!
//! # Layout
//! Two banks of [`BANK`] bytes, one of them live, then five places for prototypes. All records have fixed places; all
//! lengths are multiples of 16:
//!
//! | offset in a bank | bytes | content |
//! |---|---|---|
//! | 0 | 544 | record of kind 1, the snapshot: everything that the token remembers, except misses and prototypes |
//! | 544 | 16 | its commit: zeros, once it and the first record of the log are written |
//! | 560 | 16 | settled: zeros, once the counter is raised and everything older is erased |
//! | 576 + 80 i | 64 | record of kind 2: the misses, in a log of up to 95 records of which one is live |
//! | 640 + 80 i | 16 | its commit |
//!
//! | offset in a prototype's place | bytes | content |
//! |---|---|---|
//! | 0 | 48 + n | record of kind 3, the prototype: n bytes, rounded up to a multiple of 16 |
//! | 48 + n | 16 | its commit |
//!
//! A prototype of m components, up to 8,192, is 4 m bytes, each component a float32; of a connectome model it is 4 + m: a scale
//! in float32, and for each component an int8 code of it. Floats are little-endian.
//!
//! | offset in a record | bytes | content |
//! |---|---|---|
//! | 0 | 16 | nonce, random |
//! | 16 | 4 | kind |
//! | 20 | 4 | generation of the sealing key |
//! | 24 | 4 | epoch: one more than that of the record before; 0 in a prototype |
//! | 28 | 4 | place: its own offset on the flash |
//! | 32 | n | sealed content |
//! | 32 + n | 16 | tag; it authenticates the four fields before the content and, in the log, the snapshot's tag |
//!
//! A snapshot holds place, generation and tag of each of its prototypes.
//!
//! # Changes
//! Misses are **appended** to the log: the next record is written and committed, then the one before it is overwritten
//! with zeros. Every other change, and misses when the log is full or its end torn, is **committed**: the snapshot is
//! written into the other bank, which is erased, with a log of one record; then its commit; then the counter outside the
//! flash is raised, if the board has one; then the old bank and all prototypes that the new snapshot does not name are
//! erased; then it is settled. A new prototype is written before the snapshot that names it.
//!
//! Each enrolment, rotation, revocation, provisioning and wipe begins a new **generation**, with a sealing key of its own.
//! Where a counter outside the flash keeps its number, no earlier generation is accepted any more.
//!
//! # After a power cut
//! | found | means |
//! |---|---|
//! | a snapshot without commit | it was being written: the change did not happen; it is erased |
//! | one snapshot, not settled | committed: it is live, and the start finishes what a commit does after that |
//! | two snapshots, the later not settled | the same |
//! | a snapshot, not settled, and a damaged one | the same: the damaged one is the old one, half erased |
//! | a snapshot, settled, and another, damaged or not | not a power cut: [`Fault::StorageDamaged`] |
//! | a damaged snapshot alone, or two | the same |
//! | in the log, a record without commit after the live one | it was being written; the next change is a commit |
//! | in the log, a sound record after one that is not destroyed | the later one is live, the earlier one is destroyed |
//! | a log without a live record, or with anything else | not a power cut: [`Fault::StorageDamaged`] |
//! | a prototype that no snapshot names | it was being written or erased: it is erased |
//! | a prototype that is not the one that the snapshot names | not a power cut: [`Fault::StorageDamaged`] |
//! | no committed snapshot | blank; with a counter above zero [`Fault::StorageRolledBack`] |
//! | a generation below the counter | [`Fault::StorageRolledBack`] |
//! | a generation one above the counter | it was not raised yet: it is raised |
//! | a generation further above the counter | a wipe of damaged records was cut while it raised the counter: [`Fault::StorageDamaged`] |
//!
//! # Damage
//! Nothing that is committed is ever taken for something that is not: a commit is 128 zero bits, and one that is not
//! entirely erased counts. So a changed bit leads to the state that the token was in, or to a disabled token; it never
//! leads back to an earlier state. While records are damaged, nothing is written or erased, so that the damage stays detectable until
//! the wipe that replaces it is committed; but of two sound snapshots, the later of which claims to be settled, the wipe erases
//! the earlier one first, and where it is cut then, the token is in its later state again.
//!
//! If the flash or the counter fails, the change fails, and the state is read from the flash again; if that fails too, the
//! token is disabled, and the next start finishes the work.

use neural_vault_core::wire::Fault;
use zeroize::Zeroize;

use crate::board::Board;
use crate::flash;
use crate::limits::PROTOTYPE;
use crate::log::Log;
use crate::prototypes::{self, Prototypes};
use crate::seal::{NONCE, Sealer};
pub use crate::snapshot::BANK;
use crate::snapshot::{self, Bank, Snapshot};
use crate::vault::Vault;

/// Bytes of flash that the records take, from its start.
pub const REGION: u32 = 2 * BANK + PROTOTYPES.length();

/// The places of the prototypes.
pub(crate) const PROTOTYPES: Prototypes = Prototypes::new(2 * BANK, PROTOTYPE);

/// Memory for one record while it is read or written.
pub(crate) struct Buffer {
    snapshot: [u8; snapshot::BODY],
    pub(crate) prototype: [u8; prototypes::BODY],
}

/// The live records on the flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Store {
    live: Snapshot,
    log: Log,
}

impl Buffer {
    pub(crate) const fn new() -> Self {
        Self { snapshot: [0; snapshot::BODY], prototype: [0; prototypes::BODY] }
    }

    pub(crate) fn clear(&mut self) {
        self.snapshot.zeroize();
        self.prototype.zeroize();
    }
}

impl Store {
    /// Finds the records, finishes what a power cut interrupted, and reads them into `vault`, blank where there are none.
    ///
    /// # Errors
    /// The flash or the counter failed, or the records are damaged or rolled back; `vault` is then blank.
    pub(crate) fn mount<B: Board>(board: &mut B, vault: &mut Vault, buffer: &mut Buffer) -> Result<Self, Fault> {
        vault.clear();
        let mounted = Self::find(board, vault, buffer);
        buffer.clear();
        if mounted.is_err() {
            vault.clear();
        }
        mounted
    }

    fn find<B: Board>(board: &mut B, vault: &mut Vault, buffer: &mut Buffer) -> Result<Self, Fault> {
        let counter = board.generation();
        let Some(live) = choose(banks(board, buffer)?)? else {
            if counter.is_some_and(|counter| counter > 0) {
                return Err(Fault::StorageRolledBack);
            }
            flash::erase(board.flash(), 0, REGION)?;
            return Ok(Self { live: Snapshot::unwritten(BANK, 0, 0), log: Log::CLOSED });
        };
        match counter.map(|counter| (live.generation.checked_sub(counter), counter)) {
            None | Some((Some(0 | 1), _)) => {}
            Some((None, _)) => return Err(Fault::StorageRolledBack),
            Some(_) => return Err(Fault::StorageDamaged),
        }
        // The search has left the second bank's snapshot in the buffer.
        let Bank::Sound(_) = Snapshot::find(board, live.bank, &mut buffer.snapshot)? else {
            return Err(Fault::StorageFailed);
        };
        Snapshot::decode(&mut buffer.snapshot, vault)?;
        let sealer = Sealer::new(&board.secret()?, live.generation)?;
        let (log, misses) = Log::find(board.flash(), &sealer, &live.log())?;
        vault.misses = misses;
        check_prototypes(board, vault, buffer)?;
        // All records are sound. Before that, nothing is written.
        let mut store = Self { live, log };
        log.finish(board.flash(), &live.log())?;
        store.finish(board, vault)?;
        Ok(store)
    }

    /// A store whose next commit replaces records that are not sound. Until then they stay unsound, wherever it is cut.
    ///
    /// # Errors
    /// The flash failed.
    pub(crate) fn unsound<B: Board>(board: &mut B, buffer: &mut Buffer) -> Result<Self, Fault> {
        let banks = banks(board, buffer);
        buffer.clear();
        let (bank, sound) = kept(banks?);
        let counter = board.generation().unwrap_or(0);
        let (generation, epoch) = sound.map_or((0, 0), |snapshot| (snapshot.generation, snapshot.epoch));
        // A log adds less than this to the epoch of its snapshot.
        let epoch = epoch.saturating_add(BANK);
        Ok(Self { live: Snapshot::unwritten(bank, generation.max(counter), epoch), log: Log::CLOSED })
    }

    /// Number of the latest change.
    pub(crate) fn epoch(&self) -> u32 {
        self.live.epoch.saturating_add(self.log.live)
    }

    /// Generation of the records.
    pub(crate) fn generation(&self) -> u32 {
        self.live.generation
    }

    /// Writes `vault` as a new snapshot of a generation, and erases everything older.
    ///
    /// # Errors
    /// The flash, the counter or the generator failed: only [`Store::mount`] can tell which state the flash holds.
    pub(crate) fn commit<B: Board>(
        &mut self,
        board: &mut B,
        generation: u32,
        vault: &Vault,
        buffer: &mut Buffer,
    ) -> Result<(), Fault> {
        let nonces = [nonce(board)?, nonce(board)?];
        let epoch = self.epoch().checked_add(1).ok_or(Fault::StorageFailed)?;
        let mut new = Snapshot::unwritten(self.live.other(), generation, epoch);
        let sealer = Sealer::new(&board.secret()?, generation)?;
        flash::erase(board.flash(), new.bank, BANK)?;
        let written = new.write(board.flash(), &sealer, &nonces, vault, &mut buffer.snapshot);
        buffer.clear();
        written?;
        *self = Self { live: new, log: Log::NEW };
        self.finish(board, vault)
    }

    /// Logs the misses of `vault`; the rest of it must equal the live snapshot.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub(crate) fn log_misses<B: Board>(
        &mut self,
        board: &mut B,
        vault: &Vault,
        buffer: &mut Buffer,
    ) -> Result<(), Fault> {
        let parent = self.live.log();
        if !self.log.has_room(&parent) {
            return self.commit(board, self.live.generation, vault, buffer);
        }
        let nonce = nonce(board)?;
        let sealer = Sealer::new(&board.secret()?, self.live.generation)?;
        self.log.append(board.flash(), &sealer, &parent, &nonce, vault.misses)
    }

    /// Raises the counter, erases what is older than the live snapshot, and settles it.
    fn finish<B: Board>(&mut self, board: &mut B, vault: &Vault) -> Result<(), Fault> {
        let generation = self.live.generation;
        // By more than one where the records that a wipe replaces were damaged before the counter was raised for them.
        while let Some(counter) = board.generation().filter(|counter| *counter < generation) {
            let next = counter + 1;
            board.raise_generation(next).map_err(|_| Fault::StorageFailed)?;
            if board.generation() != Some(next) {
                return Err(Fault::StorageFailed);
            }
        }
        flash::erase(board.flash(), self.live.other(), BANK)?;
        PROTOTYPES.erase_unused(board.flash(), &vault.places())?;
        self.live.settle(board.flash())
    }
}

/// 16 random bytes.
pub(crate) fn nonce<B: Board>(board: &mut B) -> Result<[u8; NONCE], Fault> {
    let mut nonce = [0; NONCE];
    board.entropy().draw(&mut nonce)?;
    Ok(nonce)
}

fn banks<B: Board>(board: &mut B, buffer: &mut Buffer) -> Result<[Bank; 2], Fault> {
    Ok([Snapshot::find(board, 0, &mut buffer.snapshot)?, Snapshot::find(board, BANK, &mut buffer.snapshot)?])
}

/// Whether every prototype that the vault names opens. How long this takes does not tell how many they are.
fn check_prototypes<B: Board>(board: &mut B, vault: &Vault, buffer: &mut Buffer) -> Result<(), Fault> {
    let Some(enrolled) = vault.slots.iter().flatten().next() else {
        return Ok(());
    };
    for slot in &vault.slots {
        let stored = slot.as_ref().map(|slot| &slot.prototype);
        let sealer = Sealer::new(&board.secret()?, stored.unwrap_or(&enrolled.prototype).generation)?;
        match stored {
            Some(stored) => {
                PROTOTYPES.read(board.flash(), &sealer, stored, &mut buffer.prototype)?;
            }
            None => {
                let bytes = enrolled.prototype.bytes.into();
                PROTOTYPES.read_nothing(board.flash(), &sealer, bytes, &mut buffer.prototype)?;
            }
        }
    }
    Ok(())
}

/// The live snapshot by the table above, if there is one.
fn choose(banks: [Bank; 2]) -> Result<Option<Snapshot>, Fault> {
    match banks {
        [Bank::Empty, Bank::Empty] => Ok(None),
        [Bank::Sound(only), Bank::Empty] | [Bank::Empty, Bank::Sound(only)] => Ok(Some(only)),
        [Bank::Sound(new), Bank::Damaged] | [Bank::Damaged, Bank::Sound(new)] if !new.settled => Ok(Some(new)),
        [Bank::Sound(new), Bank::Sound(old)] | [Bank::Sound(old), Bank::Sound(new)]
            if new.epoch > old.epoch && !new.settled =>
        {
            Ok(Some(new))
        }
        _ => Err(Fault::StorageDamaged),
    }
}

/// The bank that stays until unsound records are replaced, the one that makes them unsound, and the latest sound snapshot.
fn kept(banks: [Bank; 2]) -> (u32, Option<Snapshot>) {
    match banks {
        [Bank::Sound(first), Bank::Sound(second)] if first.epoch > second.epoch => (0, Some(first)),
        [Bank::Damaged, Bank::Sound(settled)] if settled.settled => (0, Some(settled)),
        [Bank::Sound(settled), Bank::Damaged] if settled.settled => (BANK, Some(settled)),
        [_, Bank::Sound(sound)] | [Bank::Sound(sound), _] => (sound.bank, Some(sound)),
        [Bank::Damaged, _] => (0, None),
        [Bank::Empty, _] => (BANK, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_that_is_cleared_holds_no_byte_of_a_record() {
        let mut buffer = Buffer::new();
        buffer.snapshot.fill(0x5a);
        buffer.prototype.fill(0x5a);
        buffer.clear();
        assert!(buffer.snapshot.iter().chain(&buffer.prototype).all(|byte| *byte == 0));
    }

    fn snapshot(bank: u32, epoch: u32, settled: bool) -> Snapshot {
        let mut snapshot = Snapshot::unwritten(bank, 1, epoch);
        snapshot.settled = settled;
        snapshot
    }

    #[test]
    fn the_live_snapshot_is_the_later_one_that_is_not_settled_or_the_only_one() {
        let (new, old) = (snapshot(0, 8, false), snapshot(BANK, 7, true));
        let settled = snapshot(0, 8, true);
        let both = |first, second| [choose([first, second]), choose([second, first])];
        assert_eq!(both(Bank::Empty, Bank::Empty), [Ok(None); 2]);
        for only in [new, settled] {
            assert_eq!(both(Bank::Sound(only), Bank::Empty), [Ok(Some(only)); 2]);
        }
        assert_eq!(both(Bank::Sound(new), Bank::Damaged), [Ok(Some(new)); 2]);
        assert_eq!(both(Bank::Sound(new), Bank::Sound(old)), [Ok(Some(new)); 2]);
        let unsettled = snapshot(BANK, 7, false);
        assert_eq!(both(Bank::Sound(new), Bank::Sound(unsettled)), [Ok(Some(new)); 2]);
        let damaged = [Err(Fault::StorageDamaged); 2];
        assert_eq!(both(Bank::Sound(settled), Bank::Damaged), damaged);
        assert_eq!(both(Bank::Sound(settled), Bank::Sound(old)), damaged);
        assert_eq!(both(Bank::Sound(settled), Bank::Sound(unsettled)), damaged);
        // Two of one change are no power cut.
        assert_eq!(both(Bank::Sound(new), Bank::Sound(snapshot(BANK, 8, false))), damaged);
        assert_eq!(both(Bank::Damaged, Bank::Damaged), damaged);
        assert_eq!(both(Bank::Damaged, Bank::Empty), damaged);
    }

    #[test]
    fn the_bank_that_makes_records_unsound_stays_until_they_are_replaced() {
        let settled = |bank| snapshot(bank, 8, true);
        let unsettled = |bank| snapshot(bank, 7, false);
        for (banks, bank, sound) in [
            // Of two sound snapshots the later one: alone, the other would be the state again.
            ([Bank::Sound(settled(0)), Bank::Sound(unsettled(BANK))], 0, Some(settled(0))),
            ([Bank::Sound(unsettled(0)), Bank::Sound(settled(BANK))], BANK, Some(settled(BANK))),
            ([Bank::Sound(unsettled(0)), Bank::Sound(unsettled(BANK))], BANK, Some(unsettled(BANK))),
            // Beside a settled snapshot nothing may lie, so what is damaged says that something did.
            ([Bank::Damaged, Bank::Sound(settled(BANK))], 0, Some(settled(BANK))),
            ([Bank::Sound(settled(0)), Bank::Damaged], BANK, Some(settled(0))),
            // These are sound but for their log, their prototypes or the counter.
            ([Bank::Damaged, Bank::Sound(unsettled(BANK))], BANK, Some(unsettled(BANK))),
            ([Bank::Sound(unsettled(0)), Bank::Damaged], 0, Some(unsettled(0))),
            ([Bank::Empty, Bank::Sound(settled(BANK))], BANK, Some(settled(BANK))),
            ([Bank::Sound(settled(0)), Bank::Empty], 0, Some(settled(0))),
            ([Bank::Damaged, Bank::Damaged], 0, None),
            ([Bank::Damaged, Bank::Empty], 0, None),
            ([Bank::Empty, Bank::Damaged], BANK, None),
            ([Bank::Empty, Bank::Empty], BANK, None),
        ] {
            assert_eq!(kept(banks), (bank, sound));
        }
    }
}
