//! One record on the flash: finds, opens, seals and writes it.

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use neural_vault_core::wire::Fault;

use crate::seal::{NONCE, Place, Sealer, TAG};

/// Every place and length is a multiple of this.
pub(crate) const ALIGNMENT: usize = 16;

/// A byte of erased flash.
pub(crate) const ERASED: u8 = 0xff;

const HEAD: usize = NONCE + 4 + 4 + 8;
const COMMIT: usize = ALIGNMENT;
const COMMITTED: [u8; COMMIT] = [0; COMMIT];

/// A kind of record with `N` bytes of content.
#[derive(Clone, Copy)]
pub(crate) struct Kind<const N: usize>(u32);

/// The parts of a record's body, in the order of the table in `store.rs`.
pub(crate) struct Parts<'b, const N: usize> {
    nonce: &'b mut [u8; NONCE],
    epoch: &'b mut [u8; 4],
    kind: &'b mut [u8; 4],
    zeros: &'b mut [u8; 8],
    pub(crate) text: &'b mut [u8; N],
    tag: &'b mut [u8; TAG],
}

/// What is found in a record's place.
pub(crate) enum Found {
    /// Nothing was written since the last erasure.
    Erased,
    /// A record that was never committed.
    Torn,
    /// A record of this epoch; its content is decrypted in the buffer.
    Sound(u32),
    /// A committed record that is not what was written.
    Damaged,
}

impl<const N: usize> Kind<N> {
    pub(crate) const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Bytes without the commit.
    pub(crate) const fn body(self) -> usize {
        HEAD + N + TAG
    }

    /// Bytes with the commit.
    pub(crate) const fn length(self) -> u32 {
        (self.body() + COMMIT) as u32
    }

    /// The parts of a body of [`Kind::body`] bytes.
    pub(crate) fn parts(self, body: &mut [u8]) -> Result<Parts<'_, N>, Fault> {
        let split = |body| -> Option<Parts<'_, N>> {
            let (nonce, rest) = <[u8]>::split_first_chunk_mut(body)?;
            let (epoch, rest) = rest.split_first_chunk_mut()?;
            let (kind, rest) = rest.split_first_chunk_mut()?;
            let (zeros, rest) = rest.split_first_chunk_mut()?;
            let (text, rest) = rest.split_first_chunk_mut()?;
            Some(Parts { nonce, epoch, kind, zeros, text, tag: rest.try_into().ok()? })
        };
        split(body).ok_or(Fault::StorageFailed)
    }

    /// Reads the record at `place` into `body` and decrypts it. If `expected` is given, it must have that epoch.
    pub(crate) fn find<F: ReadNorFlash>(
        self,
        flash: &mut F,
        sealer: &Sealer,
        place: u32,
        expected: Option<u32>,
        body: &mut [u8],
    ) -> Result<Found, Fault> {
        let mut commit = [0; COMMIT];
        read(flash, place, body)?;
        read(flash, place + self.body() as u32, &mut commit)?;
        if commit == [ERASED; COMMIT] {
            let erased = body.iter().all(|&byte| byte == ERASED);
            return Ok(if erased { Found::Erased } else { Found::Torn });
        }
        self.open(sealer, expected, body)
    }

    fn open(self, sealer: &Sealer, expected: Option<u32>, body: &mut [u8]) -> Result<Found, Fault> {
        let Parts { nonce, epoch, text, tag, .. } = self.parts(body)?;
        let epoch = u32::from_le_bytes(*epoch);
        let in_order = expected.is_none_or(|expected| expected == epoch);
        let sound = in_order && sealer.open(Place { kind: self.0, epoch }, nonce, text, tag).is_ok();
        Ok(if sound { Found::Sound(epoch) } else { Found::Damaged })
    }

    /// Seals the content of `body` and writes it to `place`, its commit last.
    pub(crate) fn write<F: NorFlash>(
        self,
        flash: &mut F,
        sealer: &Sealer,
        place: u32,
        epoch: u32,
        nonce: &[u8; NONCE],
        body: &mut [u8],
    ) -> Result<(), Fault> {
        let parts = self.parts(body)?;
        *parts.nonce = *nonce;
        *parts.epoch = epoch.to_le_bytes();
        *parts.kind = self.0.to_le_bytes();
        *parts.zeros = [0; 8];
        *parts.tag = sealer.seal(Place { kind: self.0, epoch }, nonce, parts.text).ok_or(Fault::StorageFailed)?;
        program(flash, place, body)?;
        program(flash, place + self.body() as u32, &COMMITTED)
    }
}

pub(crate) fn read<F: ReadNorFlash>(flash: &mut F, place: u32, bytes: &mut [u8]) -> Result<(), Fault> {
    flash.read(place, bytes).map_err(|_| Fault::StorageFailed)
}

/// Writes `bytes` and reads them back.
fn program<F: NorFlash>(flash: &mut F, place: u32, bytes: &[u8]) -> Result<(), Fault> {
    const { assert!(ALIGNMENT.is_multiple_of(F::WRITE_SIZE) && ALIGNMENT.is_multiple_of(F::READ_SIZE)) };
    flash.write(place, bytes).map_err(|_| Fault::StorageFailed)?;
    let mut at = place;
    let (blocks, []) = bytes.as_chunks::<ALIGNMENT>() else {
        return Err(Fault::StorageFailed);
    };
    for written in blocks {
        let mut found = [0; ALIGNMENT];
        read(flash, at, &mut found)?;
        if found != *written {
            return Err(Fault::StorageFailed);
        }
        at += ALIGNMENT as u32;
    }
    Ok(())
}
