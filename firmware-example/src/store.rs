//! Records on NOR flash: a power cut leaves either the old state or the new one.
//!
//! # Layout
//! Two banks of [`BANK`] bytes, one of them live. It holds a sealed snapshot of everything the token remembers, then a log
//! of sealed attempt counters, each of which replaces those before. All records have fixed places and lengths, multiples
//! of 16:
//!
//! | offset | bytes | content |
//! |---|---|---|
//! | 0 | 16 | nonce, random |
//! | 16 | 4 | epoch: one more than that of the record before |
//! | 20 | 4 | kind: 1 snapshot, 2 counters |
//! | 24 | 8 | zero |
//! | 32 | n | sealed content: 2304 bytes of a snapshot, 16 of counters |
//! | 32 + n | 16 | tag; kind and epoch are authenticated with it |
//! | 48 + n | 16 | commit: zeros, written after everything before it is on the flash |
//!
//! # Changes
//! Counters are **appended** to the log. Every other change, and counters when the log is full or its end torn, is
//! **committed**: the other bank is erased, the snapshot is written into it, then its commit, then the old bank is erased.
//!
//! # After a power cut
//! | found | means |
//! |---|---|
//! | a record without commit | it was being written: the change did not happen; the next change is a commit |
//! | two banks with a committed snapshot | the erasure of the old one was cut: the later epoch is live, the other erased |
//! | a committed record that does not open, or opens out of order | not a power cut: [`Fault::StorageDamaged`] |
//! | no committed snapshot, nothing damaged | blank |
//! | an epoch below the board's counter | [`Fault::StorageRolledBack`] |
//!
//! Every write is read back. If the flash fails, the change fails, and the state is read from the flash again.

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use neural_vault_core::wire::{Fault, SLOTS};
use zeroize::Zeroize;

use crate::record::{ALIGNMENT, ERASED, Found, Kind, read};
use crate::seal::{NONCE, Sealer};
use crate::vault::{VAULT_LENGTH, Vault};

/// Bytes of a bank, a whole number of the flash's erase units.
pub const BANK: u32 = 8192;

/// Bytes of flash that the records take, from its start.
pub const REGION: u32 = 2 * BANK;

const SNAPSHOT: Kind<VAULT_LENGTH> = Kind::new(1);
const COUNTERS: Kind<ALIGNMENT> = Kind::new(2);

/// Memory for one snapshot while it is read or written.
pub(crate) struct Buffer([u8; SNAPSHOT.body()]);

impl Buffer {
    pub(crate) const fn new() -> Self {
        Self([0; SNAPSHOT.body()])
    }
}

/// Where on the flash the live records are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Store {
    /// Start of the live bank.
    bank: u32,
    /// Offset of the next counters in the bank.
    end: u32,
    /// Epoch of the latest record.
    pub(crate) epoch: u32,
}

impl Store {
    /// A store without records, whose first commit has the epoch after `epoch`.
    pub(crate) fn blank(epoch: u32) -> Self {
        Self { bank: BANK, end: BANK, epoch }
    }

    /// Finds the records and reads them into `vault`, which is blank where there are none.
    ///
    /// # Errors
    /// The flash failed, or the records are damaged or older than `floor`; `vault` is then blank.
    pub(crate) fn mount<F: NorFlash>(
        flash: &mut F,
        sealer: &Sealer,
        floor: u32,
        vault: &mut Vault,
        buffer: &mut Buffer,
    ) -> Result<Self, Fault> {
        vault.clear();
        let mounted = Self::find(flash, sealer, floor, vault, buffer);
        buffer.0.zeroize();
        if mounted.is_err() {
            vault.clear();
        }
        mounted
    }

    fn find<F: NorFlash>(
        flash: &mut F,
        sealer: &Sealer,
        floor: u32,
        vault: &mut Vault,
        buffer: &mut Buffer,
    ) -> Result<Self, Fault> {
        let first = SNAPSHOT.find(flash, sealer, 0, None, &mut buffer.0)?;
        let second = SNAPSHOT.find(flash, sealer, BANK, None, &mut buffer.0)?;
        let (bank, epoch) = match (first, second) {
            (Found::Sound(first), Found::Sound(second)) if first > second => (0, first),
            (Found::Sound(first), other) if !matches!(other, Found::Sound(_)) => (0, first),
            (_, Found::Sound(second)) => (BANK, second),
            (Found::Damaged, _) | (_, Found::Damaged) => return Err(Fault::StorageDamaged),
            _ if floor > 0 => return Err(Fault::StorageRolledBack),
            _ => return Ok(Self::blank(0)),
        };
        let mut store = Self { bank, end: SNAPSHOT.length(), epoch };
        store.read(flash, sealer, vault, buffer)?;
        if store.epoch < floor {
            return Err(Fault::StorageRolledBack);
        }
        erase(flash, BANK - bank)?;
        Ok(store)
    }

    /// Reads the live bank: its snapshot, then its counters.
    fn read<F: NorFlash>(
        &mut self,
        flash: &mut F,
        sealer: &Sealer,
        vault: &mut Vault,
        buffer: &mut Buffer,
    ) -> Result<(), Fault> {
        let Found::Sound(_) = SNAPSHOT.find(flash, sealer, self.bank, Some(self.epoch), &mut buffer.0)? else {
            return Err(Fault::StorageDamaged);
        };
        vault.read(SNAPSHOT.parts(&mut buffer.0)?.text).map_err(|_| Fault::StorageDamaged)?;
        while self.has_room() {
            let mut record = [0; COUNTERS.body()];
            let place = self.bank + self.end;
            match COUNTERS.find(flash, sealer, place, Some(self.next_epoch()?), &mut record)? {
                Found::Erased => break,
                Found::Torn => self.end = BANK,
                Found::Damaged => return Err(Fault::StorageDamaged),
                Found::Sound(epoch) => {
                    self.epoch = epoch;
                    self.end += COUNTERS.length();
                    vault.misses.copy_from_slice(&COUNTERS.parts(&mut record)?.text[..SLOTS]);
                }
            }
        }
        Ok(())
    }

    /// Writes `vault` as a new snapshot, and erases the old bank.
    ///
    /// # Errors
    /// The flash failed: only [`Store::mount`] can tell which state it holds.
    pub(crate) fn commit<F: NorFlash>(
        &mut self,
        flash: &mut F,
        sealer: &Sealer,
        nonce: &[u8; NONCE],
        vault: &Vault,
        buffer: &mut Buffer,
    ) -> Result<(), Fault> {
        let (old, new, epoch) = (self.bank, BANK - self.bank, self.next_epoch()?);
        // If the flash fails below, no counters may be appended to this bank.
        self.end = BANK;
        erase(flash, new)?;
        let encoded = encode(vault, SNAPSHOT.parts(&mut buffer.0)?.text);
        let written = encoded.and_then(|()| SNAPSHOT.write(flash, sealer, new, epoch, nonce, &mut buffer.0));
        buffer.0.zeroize();
        written?;
        *self = Self { bank: new, end: SNAPSHOT.length(), epoch };
        // The change is complete. If this erasure fails, the next start repeats it before anything else.
        let _ = erase(flash, old);
        Ok(())
    }

    /// Appends the attempt counters of `vault`; the rest of it must equal the live snapshot.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub(crate) fn log_misses<F: NorFlash>(
        &mut self,
        flash: &mut F,
        sealer: &Sealer,
        nonce: &[u8; NONCE],
        vault: &Vault,
        buffer: &mut Buffer,
    ) -> Result<(), Fault> {
        if !self.has_room() {
            return self.commit(flash, sealer, nonce, vault, buffer);
        }
        let mut record = [0; COUNTERS.body()];
        COUNTERS.parts(&mut record)?.text[..SLOTS].copy_from_slice(&vault.misses);
        let (place, epoch) = (self.bank + self.end, self.next_epoch()?);
        let end = self.end + COUNTERS.length();
        self.end = BANK;
        COUNTERS.write(flash, sealer, place, epoch, nonce, &mut record)?;
        (self.end, self.epoch) = (end, epoch);
        Ok(())
    }

    /// Epoch of the next record. Epochs end after 2^32 changes, more than any flash can take.
    fn next_epoch(&self) -> Result<u32, Fault> {
        self.epoch.checked_add(1).ok_or(Fault::StorageFailed)
    }

    fn has_room(&self) -> bool {
        self.end.saturating_add(COUNTERS.length()) <= BANK
    }
}

/// Writes the vault in postcard's encoding, followed by zeros.
fn encode(vault: &Vault, text: &mut [u8; VAULT_LENGTH]) -> Result<(), Fault> {
    text.fill(0);
    postcard::to_slice(vault, text).map(|_| ()).map_err(|_| Fault::StorageFailed)
}

/// Erases a bank, unless it is erased already.
fn erase<F: NorFlash>(flash: &mut F, bank: u32) -> Result<(), Fault> {
    const { assert!((BANK as usize).is_multiple_of(F::ERASE_SIZE)) };
    if is_erased(flash, bank)? {
        return Ok(());
    }
    flash.erase(bank, bank + BANK).map_err(|_| Fault::StorageFailed)?;
    if is_erased(flash, bank)? { Ok(()) } else { Err(Fault::StorageFailed) }
}

fn is_erased<F: ReadNorFlash>(flash: &mut F, bank: u32) -> Result<bool, Fault> {
    for place in (bank..bank + BANK).step_by(ALIGNMENT) {
        let mut found = [0; ALIGNMENT];
        read(flash, place, &mut found)?;
        if found != [ERASED; ALIGNMENT] {
            return Ok(false);
        }
    }
    Ok(true)
}

const _: () = assert!(VAULT_LENGTH.is_multiple_of(ALIGNMENT) && SLOTS <= ALIGNMENT);
const _: () = assert!(SNAPSHOT.length() + 16 * COUNTERS.length() < BANK);
