//! Prototypes on the flash: each is a sealed record of its own, in a place of its own.
//!
//! A prototype is far longer than everything else that a token remembers, so it is in memory only while it is used. There
//! is one place more than there are slots: a new prototype is written beside the old one, and the snapshot decides which
//! of them counts. What no snapshot names is erased.

use embedded_storage::nor_flash::NorFlash;
use neural_vault_core::wire::{Fault, SLOTS};
use serde::{Deserialize, Serialize};

use crate::flash;
use crate::limits::PROTOTYPE;
use crate::record::{self, Found};
use crate::seal::{Context, NONCE, Sealer, TAG};

/// Most bytes of a prototype that the format allows: 8,192 float32 components. This image has memory for [`PROTOTYPE`].
pub(crate) const MAX_BYTES: usize = 4 * 8192;

/// Number of places.
pub(crate) const PLACES: usize = SLOTS + 1;

/// Bytes of the largest prototype's body.
pub(crate) const BODY: usize = record::body(text(PROTOTYPE));

const KIND: u32 = 3;

/// Erase units are at most this large.
const SECTOR: u32 = 4096;

/// Prototypes are sealed on their own; what binds one to a snapshot is that the snapshot holds its tag.
const NO_PARENT: [u8; TAG] = [0; TAG];

/// The places of prototypes on a flash: from an address on, each for a number of bytes.
#[derive(Clone, Copy)]
pub(crate) struct Prototypes {
    start: u32,
    place: u32,
}

/// Where a prototype is, and the tag of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stored {
    /// Number of its place.
    pub(crate) place: u8,
    /// Its length in bytes.
    pub(crate) bytes: u16,
    /// Generation of its key.
    pub(crate) generation: u32,
    /// Tag of its record.
    pub(crate) tag: [u8; TAG],
}

impl Prototypes {
    /// Places from `start` on, each large enough for this many bytes.
    pub(crate) const fn new(start: u32, bytes: usize) -> Self {
        assert!(bytes <= MAX_BYTES);
        Self { start, place: record::length(text(bytes)).next_multiple_of(SECTOR) }
    }

    /// Bytes of all places together.
    pub(crate) const fn length(self) -> u32 {
        PLACES as u32 * self.place
    }

    /// Seals a prototype and writes it to a place, erased before.
    ///
    /// `body` has room for the record and holds the encrypted prototype afterwards.
    pub(crate) fn write<F: NorFlash>(
        self,
        flash: &mut F,
        sealer: &Sealer,
        (place, generation): (u8, u32),
        nonce: &[u8; NONCE],
        prototype: &[u8],
        body: &mut [u8],
    ) -> Result<Stored, Fault> {
        let body = room(body, prototype.len())?;
        let text = record::text(body)?;
        text.fill(0);
        text.get_mut(..prototype.len()).ok_or(Fault::ModelTooLarge)?.copy_from_slice(prototype);
        let at = self.address(place)?;
        let tag = record::seal(sealer, self.context(at, generation), &NO_PARENT, nonce, body)?;
        flash::erase(flash, at, self.place)?;
        record::write(flash, at, body)?;
        let bytes = u16::try_from(prototype.len()).map_err(|_| Fault::ModelTooLarge)?;
        Ok(Stored { place, bytes, generation, tag })
    }

    /// Reads a prototype into `body` and decrypts it; returns its bytes.
    ///
    /// The caller clears `body`.
    ///
    /// # Errors
    /// It is not the record that was written, or longer than `body`.
    pub(crate) fn read<'b, F: NorFlash>(
        self,
        flash: &mut F,
        sealer: &Sealer,
        stored: &Stored,
        body: &'b mut [u8],
    ) -> Result<&'b mut [u8], Fault> {
        let bytes = usize::from(stored.bytes);
        let (body, at) = (room(body, bytes)?, self.address(stored.place)?);
        let Found::Committed = record::find(flash, at, body)? else {
            return Err(Fault::StorageDamaged);
        };
        match record::open(sealer, self.context(at, stored.generation), &NO_PARENT, body)? {
            Some(tag) if tag == stored.tag => record::text(body)?.get_mut(..bytes).ok_or(Fault::StorageDamaged),
            _ => Err(Fault::StorageDamaged),
        }
    }

    /// Takes as long as [`Prototypes::read`], and reads no prototype: for a slot that holds none. Returns as many bytes.
    pub(crate) fn read_nothing<'b, F: NorFlash>(
        self,
        flash: &mut F,
        sealer: &Sealer,
        bytes: usize,
        body: &'b mut [u8],
    ) -> Result<&'b mut [u8], Fault> {
        let (body, at) = (room(body, bytes)?, self.address(0)?);
        record::find(flash, at, body)?;
        // No record has the epoch of this context, so this fails at its tag, after all its work.
        let context = Context { epoch: u32::MAX, ..self.context(at, 0) };
        match record::open(sealer, context, &NO_PARENT, body)? {
            None => record::text(body)?.get_mut(..bytes).ok_or(Fault::StorageDamaged),
            Some(_) => Err(Fault::StorageDamaged),
        }
    }

    /// Erases the places that are not in use.
    pub(crate) fn erase_unused<F: NorFlash>(self, flash: &mut F, used: &[bool; PLACES]) -> Result<(), Fault> {
        for (place, used) in (0..).zip(used) {
            if !used {
                flash::erase(flash, self.address(place)?, self.place)?;
            }
        }
        Ok(())
    }

    fn address(self, place: u8) -> Result<u32, Fault> {
        if usize::from(place) < PLACES {
            Ok(self.start + u32::from(place) * self.place)
        } else {
            Err(Fault::StorageDamaged)
        }
    }

    /// A prototype is no change by itself: its epoch is 0.
    fn context(self, place: u32, generation: u32) -> Context {
        Context { kind: KIND, generation, epoch: 0, place }
    }
}

/// Bytes of the content for a prototype of so many.
const fn text(bytes: usize) -> usize {
    bytes.next_multiple_of(flash::ALIGNMENT)
}

fn room(body: &mut [u8], bytes: usize) -> Result<&mut [u8], Fault> {
    body.get_mut(..record::body(text(bytes))).ok_or(Fault::ModelTooLarge)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use neural_vault_token_simulator::flash::{Flash, TEARS};

    use super::*;
    use crate::board::BoardSecret;

    const WIDE: Prototypes = Prototypes::new(0, MAX_BYTES);
    const NONCE_OF_TEST: [u8; NONCE] = [7; NONCE];

    fn sealer(generation: u32) -> Sealer {
        Sealer::new(&BoardSecret::filled_by(|bytes| bytes.fill(1)).unwrap(), generation).ok().unwrap()
    }

    fn buffer() -> Vec<u8> {
        vec![0; record::body(text(MAX_BYTES))]
    }

    fn prototype(bytes: usize) -> Vec<u8> {
        (0..bytes).map(|index| (index % 251) as u8).collect()
    }

    fn write(flash: &mut Flash, place: u8, prototype: &[u8]) -> Result<Stored, Fault> {
        WIDE.write(flash, &sealer(3), (place, 3), &NONCE_OF_TEST, prototype, &mut buffer())
    }

    fn read(flash: &mut Flash, generation: u32, stored: &Stored) -> Result<Vec<u8>, Fault> {
        let mut buffer = buffer();
        WIDE.read(flash, &sealer(generation), stored, &mut buffer).map(|bytes| bytes.to_vec())
    }

    #[test]
    fn prototypes_of_up_to_8192_floats_are_read_as_they_were_written() {
        for bytes in [1, 4, 15, 16, 512, 4375, 8196, MAX_BYTES - 1, MAX_BYTES] {
            let mut flash = Flash::with_capacity(WIDE.length() as usize);
            for place in 0..PLACES as u8 {
                let stored = write(&mut flash, place, &prototype(bytes)).unwrap();
                assert_eq!(read(&mut flash, 3, &stored), Ok(prototype(bytes)));
            }
        }
        assert_eq!(WIDE.place, 36_864, "nine sectors");
        let mut flash = Flash::with_capacity(WIDE.length() as usize);
        assert_eq!(write(&mut flash, 0, &prototype(MAX_BYTES + 1)), Err(Fault::ModelTooLarge));
        assert_eq!(write(&mut flash, PLACES as u8, &prototype(1)), Err(Fault::StorageDamaged));
    }

    #[test]
    fn a_prototype_is_read_only_as_what_it_is_and_where_it_was_written() {
        let mut flash = Flash::with_capacity(WIDE.length() as usize);
        let first = write(&mut flash, 0, &prototype(MAX_BYTES)).unwrap();
        let second = write(&mut flash, 1, &prototype(MAX_BYTES)).unwrap();
        assert_eq!(read(&mut flash, 4, &first), Err(Fault::StorageDamaged), "under another key");
        let others = [
            Stored { place: 1, ..first },
            Stored { place: 9, ..first },
            Stored { bytes: 32_752, ..first },
            Stored { generation: 4, ..first },
            Stored { tag: second.tag, ..first },
        ];
        for other in others {
            assert_eq!(read(&mut flash, 3, &other), Err(Fault::StorageDamaged), "{other:?}");
        }
        let sound = flash.content();
        for place in (0..record::length(text(MAX_BYTES)) as usize - flash::MARK).step_by(509) {
            flash.set(place, sound[place] ^ 0x10);
            assert_eq!(read(&mut flash, 3, &first), Err(Fault::StorageDamaged), "a bit of byte {place}");
            flash.set(place, sound[place]);
        }
        // A record that was moved as it is does not open where it lies now.
        let mut moved = sound.clone();
        moved.copy_within(..WIDE.place as usize, WIDE.place as usize);
        flash.set_content(&moved);
        assert_eq!(read(&mut flash, 3, &Stored { place: 1, ..first }), Err(Fault::StorageDamaged));
    }

    #[test]
    fn reading_nothing_opens_no_record_not_even_one_of_its_generation_in_its_place() {
        let mut flash = Flash::with_capacity(WIDE.length() as usize);
        WIDE.write(&mut flash, &sealer(0), (0, 0), &NONCE_OF_TEST, &prototype(512), &mut buffer()).unwrap();
        let mut buffer = buffer();
        let read = WIDE.read_nothing(&mut flash, &sealer(0), 512, &mut buffer).map(|bytes| bytes.to_vec());
        assert!(read.is_ok_and(|read| read.len() == 512 && read != prototype(512)));
    }

    #[test]
    fn a_prototype_whose_writing_is_cut_is_not_read_and_its_place_is_written_again() {
        let mut whole = Flash::with_capacity(WIDE.length() as usize);
        let stored = write(&mut whole, 2, &prototype(MAX_BYTES)).unwrap();
        let steps = whole.count().0;
        for cut in (0..steps - 4).step_by(211) {
            for tear in TEARS {
                let mut flash = Flash::with_capacity(WIDE.length() as usize);
                flash.cut_after(cut, tear);
                assert_eq!(write(&mut flash, 2, &prototype(MAX_BYTES)), Err(Fault::StorageFailed));
                flash.restore_power();
                assert_eq!(read(&mut flash, 3, &stored), Err(Fault::StorageDamaged));
                WIDE.erase_unused(&mut flash, &[false; PLACES]).unwrap();
                assert_eq!(write(&mut flash, 2, &prototype(MAX_BYTES)), Ok(stored));
            }
        }
    }
}
