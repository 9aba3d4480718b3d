//! The log of misses behind a snapshot: of its records, one is live, and those before it are destroyed.
//!
//! A log in which the latest record simply counts could be cut: whoever erases its tail has the earlier counts again,
//! without an old copy of anything. Here nothing earlier is left. Only once its successor is committed is a record
//! overwritten with zeros, so at every moment there is a record, and a log without one is damaged. Each record is bound to
//! its place by its epoch, and to its snapshot by the snapshot's tag.

use embedded_storage::nor_flash::NorFlash;
use neural_vault_core::wire::Fault;

use crate::flash::{self, ALIGNMENT};
use crate::record::{self, Found};
use crate::seal::{Context, NONCE, Sealer, TAG};

const KIND: u32 = 2;
const TEXT: usize = ALIGNMENT;
const LENGTH: u32 = record::length(TEXT);

/// The snapshot that a log belongs to, and where the log lies.
#[derive(Clone, Copy)]
pub(crate) struct Parent {
    pub(crate) generation: u32,
    pub(crate) epoch: u32,
    pub(crate) tag: [u8; TAG],
    /// Offset of the log on the flash.
    pub(crate) start: u32,
    /// Offset of the log's end.
    pub(crate) end: u32,
}

/// Which record of a log is live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Log {
    /// Number of the live record; the first has the snapshot's epoch, the next ones those that follow.
    pub(crate) live: u32,
    /// Whether the place after it is erased.
    open: bool,
}

impl Log {
    /// The log that [`write_first`] begins.
    pub(crate) const NEW: Self = Self { live: 0, open: true };

    /// A log that takes no record.
    pub(crate) const CLOSED: Self = Self { live: 0, open: false };

    /// Finds the live record, and finishes the destruction of the one before it; returns the misses too.
    pub(crate) fn mount<F: NorFlash>(flash: &mut F, sealer: &Sealer, parent: &Parent) -> Result<(Self, u8), Fault> {
        let mut first = 0;
        while flash::is_destroyed(flash, parent.place(first)?, LENGTH)? {
            first += 1;
        }
        // The record before the live one may not be destroyed yet, or only in part.
        let (found, next) = (read(flash, sealer, parent, first)?, read(flash, sealer, parent, first + 1)?);
        let (live, misses) = match (found, next) {
            (Entry::Sound(_) | Entry::Unsound, Entry::Sound(misses)) => (first + 1, misses),
            (Entry::Sound(misses), Entry::Erased | Entry::Torn) => (first, misses),
            _ => return Err(Fault::StorageDamaged),
        };
        let rest = parent.start + LENGTH * (first + 2);
        if rest < parent.end && !flash::is_erased(flash, rest, parent.end - rest)? {
            return Err(Fault::StorageDamaged);
        }
        if live > first {
            flash::destroy(flash, parent.place(first)?, LENGTH)?;
        }
        Ok((Self { live, open: live > first || matches!(next, Entry::Erased) }, misses))
    }

    /// Whether the log takes another record.
    pub(crate) fn has_room(&self, parent: &Parent) -> bool {
        self.open && parent.place(self.live + 1).is_ok()
    }

    /// Appends a record, then destroys the one before it.
    pub(crate) fn append<F: NorFlash>(
        &mut self,
        flash: &mut F,
        sealer: &Sealer,
        parent: &Parent,
        nonce: &[u8; NONCE],
        misses: u8,
    ) -> Result<(), Fault> {
        let old = self.live;
        write(flash, sealer, parent, old + 1, nonce, misses)?;
        self.live = old + 1;
        flash::destroy(flash, parent.place(old)?, LENGTH)
    }
}

/// Writes the first record of a log; there is no log without one.
pub(crate) fn write_first<F: NorFlash>(
    flash: &mut F,
    sealer: &Sealer,
    parent: &Parent,
    nonce: &[u8; NONCE],
    misses: u8,
) -> Result<(), Fault> {
    write(flash, sealer, parent, 0, nonce, misses)
}

/// What is found in a place of the log.
#[derive(Clone, Copy)]
enum Entry {
    Erased,
    Torn,
    /// A committed record that does not open.
    Unsound,
    /// A record of so many misses.
    Sound(u8),
}

impl Parent {
    /// Offset of a record; an error if the log ends before it.
    fn place(&self, number: u32) -> Result<u32, Fault> {
        let place = self.start + LENGTH * number;
        if place + LENGTH <= self.end { Ok(place) } else { Err(Fault::StorageDamaged) }
    }

    fn context(&self, number: u32) -> Result<Context, Fault> {
        let epoch = self.epoch.checked_add(number).ok_or(Fault::StorageFailed)?;
        Ok(Context { kind: KIND, generation: self.generation, epoch, place: self.place(number)? })
    }
}

fn read<F: NorFlash>(flash: &mut F, sealer: &Sealer, parent: &Parent, number: u32) -> Result<Entry, Fault> {
    let Ok(place) = parent.place(number) else {
        return Ok(Entry::Erased);
    };
    let mut body = [0; record::body(TEXT)];
    Ok(match record::find(flash, place, &mut body)? {
        Found::Erased => Entry::Erased,
        Found::Torn => Entry::Torn,
        Found::Committed if record::open(sealer, parent.context(number)?, &parent.tag, &mut body)?.is_none() => {
            Entry::Unsound
        }
        Found::Committed => Entry::Sound(record::text(&mut body)?.first().copied().ok_or(Fault::StorageDamaged)?),
    })
}

fn write<F: NorFlash>(
    flash: &mut F,
    sealer: &Sealer,
    parent: &Parent,
    number: u32,
    nonce: &[u8; NONCE],
    misses: u8,
) -> Result<(), Fault> {
    let mut body = [0; record::body(TEXT)];
    *record::text(&mut body)?.first_mut().ok_or(Fault::StorageFailed)? = misses;
    let context = parent.context(number)?;
    record::seal(sealer, context, &parent.tag, nonce, &mut body)?;
    record::write(flash, context.place, &body)
}
