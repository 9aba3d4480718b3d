//! The flash of the records: where what lies, and operations that are checked by reading back.
//!
//! Every operation is checked by reading back, and a flash that did not do it is an error. A word is written at most twice
//! between erasures, the second time with zeros, which no NOR flash refuses. Zeros are written once more where a power
//! cut, or damage, has left them incomplete.

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use neural_vault_core::wire::Fault;

/// Every place and length is a multiple of this.
pub(crate) const ALIGNMENT: usize = 16;

/// A mark on the flash: erased until it is set, zeros afterwards.
pub(crate) const MARK: usize = ALIGNMENT;

/// A byte of erased flash.
pub(crate) const ERASED: u8 = 0xff;

/// Reads bytes.
pub(crate) fn read<F: ReadNorFlash>(flash: &mut F, place: u32, bytes: &mut [u8]) -> Result<(), Fault> {
    flash.read(place, bytes).map_err(|_| Fault::StorageFailed)
}

/// Writes bytes into erased flash.
pub(crate) fn program<F: NorFlash>(flash: &mut F, place: u32, bytes: &[u8]) -> Result<(), Fault> {
    const { assert!(ALIGNMENT.is_multiple_of(F::WRITE_SIZE) && ALIGNMENT.is_multiple_of(F::READ_SIZE)) };
    let (blocks, []) = bytes.as_chunks::<ALIGNMENT>() else {
        return Err(Fault::StorageFailed);
    };
    flash.write(place, bytes).map_err(|_| Fault::StorageFailed)?;
    for (written, at) in blocks.iter().zip((place..).step_by(ALIGNMENT)) {
        let mut found = [0; ALIGNMENT];
        read(flash, at, &mut found)?;
        if found != *written {
            return Err(Fault::StorageFailed);
        }
    }
    Ok(())
}

/// Sets a mark.
pub(crate) fn set_mark<F: NorFlash>(flash: &mut F, place: u32) -> Result<(), Fault> {
    program(flash, place, &[0; MARK])
}

/// Whether a mark is set. One that a power cut has left half set is set, as no single changed bit may unset it.
pub(crate) fn is_set<F: ReadNorFlash>(flash: &mut F, place: u32) -> Result<bool, Fault> {
    Ok(!is_erased(flash, place, MARK as u32)?)
}

/// Overwrites what was written with zeros.
pub(crate) fn destroy<F: NorFlash>(flash: &mut F, place: u32, length: u32) -> Result<(), Fault> {
    const { assert!(ALIGNMENT.is_multiple_of(F::WRITE_SIZE)) };
    for at in (place..place + length).step_by(ALIGNMENT) {
        let mut block = [0; ALIGNMENT];
        read(flash, at, &mut block)?;
        for (word, at) in block.chunks(F::WRITE_SIZE).zip((at..).step_by(F::WRITE_SIZE)) {
            if word.iter().any(|&byte| byte != 0) {
                flash.write(at, &[0; ALIGNMENT][..word.len()]).map_err(|_| Fault::StorageFailed)?;
            }
        }
    }
    if is_destroyed(flash, place, length)? { Ok(()) } else { Err(Fault::StorageFailed) }
}

/// Whether every byte is zero.
pub(crate) fn is_destroyed<F: ReadNorFlash>(flash: &mut F, place: u32, length: u32) -> Result<bool, Fault> {
    is_filled(flash, place, length, 0)
}

/// Erases whole erase units, unless they are erased already.
pub(crate) fn erase<F: NorFlash>(flash: &mut F, place: u32, length: u32) -> Result<(), Fault> {
    if is_erased(flash, place, length)? {
        return Ok(());
    }
    flash.erase(place, place + length).map_err(|_| Fault::StorageFailed)?;
    if is_erased(flash, place, length)? { Ok(()) } else { Err(Fault::StorageFailed) }
}

/// Whether nothing was written since the last erasure.
pub(crate) fn is_erased<F: ReadNorFlash>(flash: &mut F, place: u32, length: u32) -> Result<bool, Fault> {
    is_filled(flash, place, length, ERASED)
}

fn is_filled<F: ReadNorFlash>(flash: &mut F, place: u32, length: u32, byte: u8) -> Result<bool, Fault> {
    const STEP: usize = 16 * ALIGNMENT;
    let mut found = [0; STEP];
    for at in (place..place + length).step_by(STEP) {
        let rest = (place + length - at) as usize;
        let (found, _) = found.split_at_mut(rest.min(STEP));
        read(flash, at, found)?;
        if found.iter().any(|found| *found != byte) {
            return Ok(false);
        }
    }
    Ok(true)
}
