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

    /// Finds the live record, and writes nothing; returns the misses too.
    pub(crate) fn find<F: NorFlash>(flash: &mut F, sealer: &Sealer, parent: &Parent) -> Result<(Self, u8), Fault> {
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
        Ok((Self { live, open: live > first || matches!(next, Entry::Erased) }, misses))
    }

    /// Destroys the record before the live one, or what a power cut has left of it.
    pub(crate) fn finish<F: NorFlash>(self, flash: &mut F, parent: &Parent) -> Result<(), Fault> {
        match self.live.checked_sub(1) {
            Some(old) => flash::destroy(flash, parent.place(old)?, LENGTH),
            None => Ok(()),
        }
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
        write(flash, sealer, parent, self.live + 1, nonce, misses)?;
        self.live += 1;
        self.finish(flash, parent)
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use neural_vault_token_simulator::flash::{Flash, Tear};

    use super::*;
    use crate::board::BoardSecret;

    /// A log of four places and a part of one.
    const PARENT: Parent =
        Parent { generation: 3, epoch: 40, tag: [9; TAG], start: 256, end: 256 + 4 * LENGTH + ALIGNMENT as u32 };

    fn sealer() -> Sealer {
        Sealer::new(&BoardSecret::filled_by(|bytes| bytes.fill(1)).unwrap(), PARENT.generation).ok().unwrap()
    }

    /// Finds the log, as a start does.
    fn mount(flash: &mut Flash) -> Result<(Log, u8), Fault> {
        let content = flash.content();
        let found = Log::find(flash, &sealer(), &PARENT)?;
        assert!(flash.content() == content, "the search writes nothing");
        found.0.finish(flash, &PARENT)?;
        Ok(found)
    }

    fn append(flash: &mut Flash, log: &mut Log, misses: u8) -> Result<(), Fault> {
        log.append(flash, &sealer(), &PARENT, &[misses; NONCE], misses)
    }

    /// A log with so many records, each of one more miss.
    fn log(records: u8) -> (Flash, Log) {
        let mut flash = Flash::with_capacity(4096);
        write_first(&mut flash, &sealer(), &PARENT, &[0; NONCE], 0).unwrap();
        let mut log = Log::NEW;
        for misses in 1..records {
            append(&mut flash, &mut log, misses).unwrap();
        }
        (flash, log)
    }

    #[test]
    fn a_log_is_found_as_it_was_left_and_takes_as_many_records_as_it_has_places() {
        for records in 1..=4 {
            let (mut flash, log) = log(records);
            assert_eq!((log.live, log.has_room(&PARENT)), (u32::from(records) - 1, records < 4));
            let content = flash.content();
            for _ in 0..2 {
                assert_eq!(mount(&mut flash), Ok((log, records - 1)));
                assert!(flash.content() == content, "it is whole, so nothing is written");
            }
        }
        let (mut flash, mut log) = log(4);
        assert_eq!(append(&mut flash, &mut log, 4), Err(Fault::StorageDamaged));
        assert!(!Log::CLOSED.has_room(&PARENT));
    }

    #[test]
    fn what_a_power_cut_has_left_undestroyed_is_destroyed_at_the_next_start() {
        let (mut flash, mut log) = log(2);
        // Once the next record is committed.
        let steps = {
            let whole = flash.copy();
            write(&mut whole.clone(), &sealer(), &PARENT, 2, &[2; NONCE], 2).unwrap();
            whole.count().0
        };
        for into_the_destruction in 0..3 {
            let mut cut = flash.copy();
            cut.cut_after(steps + into_the_destruction, Tear::Within);
            assert_eq!(append(&mut cut, &mut log.clone(), 2), Err(Fault::StorageFailed));
            cut.restore_power();
            let (found, misses) = mount(&mut cut).unwrap();
            assert_eq!((found.live, misses, found.has_room(&PARENT)), (2, 2, true));
            assert_eq!(flash::is_destroyed(&mut cut, PARENT.place(1).unwrap(), LENGTH), Ok(true));
        }
        // Before it is: the record that was begun takes its place away.
        flash.cut_after(steps / 2, Tear::Within);
        assert_eq!(append(&mut flash, &mut log, 2), Err(Fault::StorageFailed));
        flash.restore_power();
        let (found, misses) = mount(&mut flash).unwrap();
        assert_eq!((found.live, misses, found.has_room(&PARENT)), (1, 1, false));
    }

    #[test]
    fn a_log_with_anything_behind_the_next_record_is_damaged() {
        for records in 1..=2 {
            let rest = PARENT.place(u32::from(records) + 1).unwrap();
            for place in [rest, PARENT.end - 1] {
                let (mut flash, _) = log(records);
                flash.flip(place as usize, 3);
                assert_eq!(mount(&mut flash), Err(Fault::StorageDamaged), "{records} records, byte {place}");
            }
            let (mut flash, log) = log(records);
            flash.flip(PARENT.end as usize, 3);
            assert_eq!(mount(&mut flash), Ok((log, records - 1)), "what lies behind the log is not its own");
        }
    }
}
