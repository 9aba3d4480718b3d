//! NOR flash in memory that loses its power in the middle of a word, wears out or flips a bit.

use std::cell::RefCell;
use std::rc::Rc;

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};
use neural_vault_token::store::REGION;

const WORD: usize = 4;
const SECTOR: usize = 4096;

/// An erasure is this many steps that a power cut can fall between.
const ERASURE: usize = 8;

/// How far the change of a word, or of a part of a sector, gets when the power is cut in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tear {
    /// Nothing yet.
    Before,
    /// Some bits have changed, others not.
    Within,
    /// All of it, and nothing after it.
    After,
}

/// Every [`Tear`].
pub const TEARS: [Tear; 3] = [Tear::Before, Tear::Within, Tear::After];

/// Flash; clones share their content.
#[derive(Clone, Debug)]
pub struct Flash(Rc<RefCell<State>>);

#[derive(Debug)]
struct State {
    bytes: Vec<u8>,
    /// Steps left until the power is cut; `None` while it stays on.
    power: Option<(usize, Tear)>,
    /// Steps done since [`Flash::count`].
    steps: usize,
    /// Calls of write and erase since [`Flash::count`].
    operations: usize,
    /// Whether every write and erasure fails.
    broken: bool,
}

/// The flash failed, or its power was cut.
#[derive(Debug)]
pub struct FlashError;

impl Default for Flash {
    fn default() -> Self {
        Self::new()
    }
}

impl Flash {
    /// Erased flash.
    pub fn new() -> Self {
        let bytes = vec![0xff; REGION as usize];
        Self(Rc::new(RefCell::new(State { bytes, power: None, steps: 0, operations: 0, broken: false })))
    }

    /// A flash of its own with the same content and full power.
    pub fn copy(&self) -> Self {
        let copy = Self::new();
        copy.0.borrow_mut().bytes.clone_from(&self.0.borrow().bytes);
        copy
    }

    /// All bytes.
    pub fn content(&self) -> Vec<u8> {
        self.0.borrow().bytes.clone()
    }

    /// Replaces one byte.
    pub fn set(&self, place: usize, byte: u8) {
        self.0.borrow_mut().bytes[place] = byte;
    }

    /// Replaces all bytes.
    pub fn set_content(&self, bytes: &[u8]) {
        self.0.borrow_mut().bytes.copy_from_slice(bytes);
    }

    /// Cuts the power in the step after `steps` more.
    pub fn cut_after(&self, steps: usize, tear: Tear) {
        self.0.borrow_mut().power = Some((steps, tear));
    }

    /// Switches the power on again.
    pub fn restore_power(&self) {
        self.0.borrow_mut().power = None;
    }

    /// Makes every write and erasure fail, or succeed again.
    pub fn set_broken(&self, broken: bool) {
        self.0.borrow_mut().broken = broken;
    }

    /// Steps and operations since the last call.
    pub fn count(&self) -> (usize, usize) {
        let state = &mut *self.0.borrow_mut();
        (std::mem::take(&mut state.steps), std::mem::take(&mut state.operations))
    }
}

impl State {
    fn begin(&mut self) -> Result<(), FlashError> {
        self.operations += 1;
        if self.broken { Err(FlashError) } else { Ok(()) }
    }

    /// Changes one byte range in a single step, or the part of it that the power lasts for.
    fn step(&mut self, place: usize, wanted: &[u8]) -> Result<(), FlashError> {
        let tear = match &mut self.power {
            None => Tear::After,
            Some((0, Tear::Before)) => return Err(FlashError),
            Some((0, tear)) => std::mem::replace(tear, Tear::Before),
            Some((left, _)) => {
                *left -= 1;
                Tear::After
            }
        };
        let cut = matches!(self.power, Some((0, Tear::Before)));
        self.steps += 1;
        for (index, (byte, wanted)) in self.bytes[place..].iter_mut().zip(wanted).enumerate() {
            let changing = *byte ^ wanted;
            *byte ^= match tear {
                Tear::Within => changing & [0x5a, 0x3c, 0xff, 0x00][index % 4],
                _ => changing,
            };
        }
        if cut && tear != Tear::After { Err(FlashError) } else { Ok(()) }
    }
}

impl NorFlashError for FlashError {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl ErrorType for Flash {
    type Error = FlashError;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        let place = offset as usize;
        bytes.copy_from_slice(self.0.borrow().bytes.get(place..place + bytes.len()).ok_or(FlashError)?);
        Ok(())
    }

    fn capacity(&self) -> usize {
        REGION as usize
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        assert!(from.is_multiple_of(SECTOR as u32) && to.is_multiple_of(SECTOR as u32), "erases whole sectors");
        let state = &mut *self.0.borrow_mut();
        state.begin()?;
        let part = SECTOR / ERASURE;
        (from as usize..to as usize).step_by(part).try_for_each(|place| state.step(place, &vec![0xff; part]))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        assert!(offset.is_multiple_of(WORD as u32) && bytes.len().is_multiple_of(WORD), "writes whole words");
        let state = &mut *self.0.borrow_mut();
        state.begin()?;
        for (place, word) in (offset as usize..).step_by(WORD).zip(bytes.chunks(WORD)) {
            let erased = state.bytes[place..place + WORD].iter().all(|&byte| byte == 0xff);
            assert!(erased, "no word is written twice between erasures");
            state.step(place, word)?;
        }
        Ok(())
    }
}
