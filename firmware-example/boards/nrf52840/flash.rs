//! The end of the chip's own flash, which holds the records.

use core::sync::atomic::{Ordering, compiler_fence};

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use neural_vault_board_support::Register;
use neural_vault_board_support::flash::holds;
use neural_vault_token::store::REGION;

/// Address of the records.
const START: u32 = (1 << 20) - REGION;

// SAFETY: NVMC, section 4.3; it is used only to change flash within the records, where the linker puts nothing.
const NVMC: fn(u32) -> Register = |offset| unsafe { Register::at(0x4001_e000 + offset) };

/// The flash of the records.
pub struct Records;

impl ErrorType for Records {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Records {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check(offset, bytes.len(), Self::READ_SIZE)?;
        for (word, place) in bytes.as_chunks_mut::<4>().0.iter_mut().zip((START + offset..).step_by(4)) {
            *word = word_at(place).read().to_le_bytes();
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        REGION as usize
    }
}

impl NorFlash for Records {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 4096;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        let length = to.checked_sub(from).ok_or(NorFlashErrorKind::OutOfBounds)?;
        check(from, length as usize, Self::ERASE_SIZE)?;
        set_mode(2);
        for page in (from..to).step_by(Self::ERASE_SIZE) {
            NVMC(0x508).write(START + page);
            wait();
        }
        set_mode(0);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check(offset, bytes.len(), Self::WRITE_SIZE)?;
        set_mode(1);
        for (word, place) in bytes.as_chunks::<4>().0.iter().zip((START + offset..).step_by(4)) {
            word_at(place).write(u32::from_le_bytes(*word));
            wait();
        }
        set_mode(0);
        Ok(())
    }
}

fn check(offset: u32, length: usize, unit: usize) -> Result<(), NorFlashErrorKind> {
    if holds(REGION, offset, length, unit) { Ok(()) } else { Err(NorFlashErrorKind::OutOfBounds) }
}

/// A word of the records, whose bounds the caller has checked.
fn word_at(place: u32) -> Register {
    // SAFETY: every place was checked to lie within the records, where the linker puts nothing.
    unsafe { Register::at(place) }
}

/// Lets the flash be read (0), written (1) or erased (2).
fn set_mode(mode: u32) {
    compiler_fence(Ordering::SeqCst);
    NVMC(0x504).write(mode);
    wait();
}

/// Waits until the last operation is complete.
fn wait() {
    while NVMC(0x400).read() == 0 {}
}
