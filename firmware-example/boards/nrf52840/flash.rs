//! The chip's own flash and its information registers, changed by the NVMC (chapter NVMC).

use core::ptr::{read_volatile, write_volatile};
use core::sync::atomic::{Ordering, compiler_fence};

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use neural_vault_board_support::flash::holds;
use neural_vault_token::store::REGION;
use nrf_pac::NVMC;
use nrf_pac::nvmc::vals::Wen;

/// The end of the flash.
const END: u32 = 1 << 20;

/// Bytes that are erased together.
pub const PAGE: u32 = 4096;

/// The records.
// SAFETY: `memory.x` ends the program's flash before them.
pub const RECORDS: Region = unsafe { Region::new(END - REGION, REGION) };
/// The page of the board's secret.
// SAFETY: as above.
pub const SECRET: Region = unsafe { Region::new(SECRET_AT, PAGE) };
/// Address of [`SECRET`].
pub const SECRET_AT: u32 = END - REGION - PAGE;

/// Flash of some bytes from an address on.
pub struct Region {
    start: u32,
    length: u32,
}

impl Region {
    /// `length` bytes from `start`.
    ///
    /// # Safety
    /// They are flash, or registers that are written like flash, and nothing that Rust relies on lies there.
    pub const unsafe fn new(start: u32, length: u32) -> Self {
        Self { start, length }
    }

    /// The word at an offset.
    pub fn word(&self, offset: u32) -> Result<u32, NorFlashErrorKind> {
        self.check(offset, 4, 4)?;
        // SAFETY: within the region, as the caller of `new` described it.
        Ok(unsafe { read_volatile((self.start + offset) as *const u32) })
    }

    /// Clears bits of the word at an offset: those that `word` does not have. At most twice between two erasures (nWRITE).
    pub fn set_word(&mut self, offset: u32, word: u32) -> Result<(), NorFlashErrorKind> {
        self.check(offset, 4, 4)?;
        set_mode(Wen::Wen);
        // SAFETY: as above.
        unsafe { write_volatile((self.start + offset) as *mut u32, word) };
        wait();
        set_mode(Wen::Ren);
        Ok(())
    }

    fn check(&self, offset: u32, length: usize, unit: usize) -> Result<(), NorFlashErrorKind> {
        if holds(self.length, offset, length, unit) { Ok(()) } else { Err(NorFlashErrorKind::OutOfBounds) }
    }
}

impl ErrorType for Region {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Region {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        self.check(offset, bytes.len(), Self::READ_SIZE)?;
        for (word, place) in bytes.as_chunks_mut::<4>().0.iter_mut().zip((offset..).step_by(4)) {
            *word = self.word(place)?.to_le_bytes();
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.length as usize
    }
}

impl NorFlash for Region {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE as usize;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        let length = to.checked_sub(from).ok_or(NorFlashErrorKind::OutOfBounds)?;
        self.check(from, length as usize, Self::ERASE_SIZE)?;
        set_mode(Wen::Een);
        for page in (from..to).step_by(Self::ERASE_SIZE) {
            NVMC.erasepage().write_value(self.start + page);
            wait();
        }
        set_mode(Wen::Ren);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        self.check(offset, bytes.len(), Self::WRITE_SIZE)?;
        for (word, place) in bytes.as_chunks::<4>().0.iter().zip((offset..).step_by(4)) {
            self.set_word(place, u32::from_le_bytes(*word))?;
        }
        Ok(())
    }
}

/// Lets the flash be read, written or erased.
fn set_mode(mode: Wen) {
    compiler_fence(Ordering::SeqCst);
    NVMC.config().write(|config| config.set_wen(mode));
    wait();
}

/// Waits until the last operation is complete.
fn wait() {
    while !NVMC.ready().read().ready() {}
}
