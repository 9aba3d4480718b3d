//! NOR flash in a file of the host: writing only clears bits, erasing sets them by the sector.

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};
use neural_vault_board_support::flash::holds;
use neural_vault_token::store::REGION;

use crate::semihosting::{CREATE, File, UPDATE};

/// The file `token.flash`.
pub struct FileFlash(File);

impl FileFlash {
    /// Opens the file, or creates an erased one; `None` if neither is possible or its length is wrong.
    pub fn open() -> Option<Self> {
        if let Some(file) = File::open(c"token.flash", UPDATE) {
            return (file.length()? == REGION as usize).then_some(Self(file));
        }
        let mut flash = Self(File::open(c"token.flash", CREATE)?);
        flash.erase(0, REGION).ok()?;
        Some(flash)
    }
}

/// The file could not be read or written, or the place is not in whole units within the flash.
#[derive(Debug)]
pub struct FlashError;

impl NorFlashError for FlashError {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl ErrorType for FileFlash {
    type Error = FlashError;
}

impl ReadNorFlash for FileFlash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        check(offset, bytes.len(), Self::READ_SIZE)?;
        self.0.seek(offset).and_then(|()| self.0.read(bytes)).ok_or(FlashError)
    }

    fn capacity(&self) -> usize {
        REGION as usize
    }
}

impl NorFlash for FileFlash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 4096;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        let length = to.checked_sub(from).ok_or(FlashError)?;
        check(from, length as usize, Self::ERASE_SIZE)?;
        self.0.seek(from).ok_or(FlashError)?;
        for _ in (from..to).step_by(64) {
            self.0.write(&[0xff; 64]).ok_or(FlashError)?;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        check(offset, bytes.len(), Self::WRITE_SIZE)?;
        let mut place = offset;
        for piece in bytes.chunks(64) {
            let mut found = [0; 64];
            let found = found.get_mut(..piece.len()).ok_or(FlashError)?;
            self.read(place, found)?;
            for (bits, wanted) in found.iter_mut().zip(piece) {
                *bits &= wanted;
            }
            self.0.seek(place).and_then(|()| self.0.write(found)).ok_or(FlashError)?;
            place += piece.len() as u32;
        }
        Ok(())
    }
}

fn check(offset: u32, length: usize, unit: usize) -> Result<(), FlashError> {
    if holds(REGION, offset, length, unit) { Ok(()) } else { Err(FlashError) }
}
