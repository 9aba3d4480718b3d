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
    /// How often each word was completely written since its erasure.
    writes: Vec<u8>,
    /// Steps left until the power is cut; `None` while it stays on.
    power: Option<(usize, Tear)>,
    /// Steps done since [`Flash::count`].
    steps: usize,
    /// Calls of write and erase since [`Flash::count`].
    operations: usize,
    /// How many steps were done before each of them, and before each [`Flash::pass`].
    starts: Vec<usize>,
    /// Writes and erasures left until each fails; `None` while all succeed.
    broken: Option<usize>,
    /// Whether erasures report success and do nothing.
    stuck: bool,
}

/// The flash failed, or its power was cut.
#[derive(Debug)]
pub struct FlashError;

/// What a flash holds, in as many bytes as are written: each word that is not as erased, with its number and how often it was
/// written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content(Vec<(u16, [u8; WORD], u8)>);

impl Default for Flash {
    fn default() -> Self {
        Self::new()
    }
}

impl Flash {
    /// Erased flash for the records of a token.
    pub fn new() -> Self {
        Self::with_capacity(REGION as usize)
    }

    /// Erased flash of so many bytes, a whole number of sectors.
    pub fn with_capacity(capacity: usize) -> Self {
        let (bytes, writes) = (vec![0xff; capacity], vec![0; capacity / WORD]);
        let (power, steps, operations, starts, broken, stuck) = (None, 0, 0, Vec::new(), None, false);
        Self(Rc::new(RefCell::new(State { bytes, writes, power, steps, operations, starts, broken, stuck })))
    }

    /// A flash of its own with the same content and full power.
    pub fn copy(&self) -> Self {
        let copy = Self::with_capacity(self.capacity());
        copy.0.borrow_mut().bytes.clone_from(&self.0.borrow().bytes);
        copy.0.borrow_mut().writes.clone_from(&self.0.borrow().writes);
        copy
    }

    /// All bytes.
    pub fn content(&self) -> Vec<u8> {
        self.0.borrow().bytes.clone()
    }

    /// Replaces one byte.
    pub fn set(&self, place: usize, byte: u8) {
        let state = &mut *self.0.borrow_mut();
        state.bytes[place] = byte;
        state.count_writes(place / WORD);
    }

    /// Changes one bit.
    pub fn flip(&self, place: usize, bit: usize) {
        let byte = self.0.borrow().bytes[place];
        self.set(place, byte ^ 1 << bit);
    }

    /// Replaces all bytes.
    pub fn set_content(&self, bytes: &[u8]) {
        let state = &mut *self.0.borrow_mut();
        state.bytes.copy_from_slice(bytes);
        (0..bytes.len() / WORD).for_each(|word| state.count_writes(word));
    }

    /// What the flash holds now.
    pub fn save(&self) -> Content {
        let state = &*self.0.borrow();
        let words = (0..).zip(state.bytes.as_chunks::<WORD>().0).zip(&state.writes);
        let written = words.filter(|((_, word), writes)| **word != [0xff; WORD] || **writes > 0);
        Content(written.map(|((number, word), writes)| (number, *word, *writes)).collect())
    }

    /// Holds again what was saved.
    pub fn restore(&self, content: &Content) {
        let state = &mut *self.0.borrow_mut();
        state.bytes.fill(0xff);
        state.writes.fill(0);
        for (number, word, writes) in &content.0 {
            let number = usize::from(*number);
            state.bytes[number * WORD..][..WORD].copy_from_slice(word);
            state.writes[number] = *writes;
        }
    }

    /// Makes every erasure report success and do nothing, or work again.
    pub fn set_stuck(&self, stuck: bool) {
        self.0.borrow_mut().stuck = stuck;
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
        self.0.borrow_mut().broken = broken.then_some(0);
    }

    /// Makes every write and erasure fail after so many more.
    pub fn break_after(&self, operations: usize) {
        self.0.borrow_mut().broken = Some(operations);
    }

    /// Takes one step for something outside the flash that loses its power at the same time.
    ///
    /// # Errors
    /// The power does not last for it.
    pub fn pass(&self) -> Result<(), FlashError> {
        let state = &mut *self.0.borrow_mut();
        state.starts.push(state.steps);
        state.step(0, &[])
    }

    /// Steps and operations since the last call.
    pub fn count(&self) -> (usize, usize) {
        let state = &mut *self.0.borrow_mut();
        state.starts.clear();
        (std::mem::take(&mut state.steps), std::mem::take(&mut state.operations))
    }

    /// The steps that were done before each operation and each [`Flash::pass`] since the last [`Flash::count`].
    pub fn starts(&self) -> Vec<usize> {
        self.0.borrow().starts.clone()
    }
}

impl State {
    /// Counts an operation that reaches up to `end`.
    fn begin(&mut self, end: usize) -> Result<(), FlashError> {
        if end > self.bytes.len() {
            return Err(FlashError);
        }
        self.operations += 1;
        self.starts.push(self.steps);
        match &mut self.broken {
            Some(0) => return Err(FlashError),
            Some(left) => *left -= 1,
            None => {}
        }
        Ok(())
    }

    /// What was put into a word from outside counts as one write.
    fn count_writes(&mut self, word: usize) {
        let erased = self.bytes[word * WORD..][..WORD].iter().all(|&byte| byte == 0xff);
        self.writes[word] = u8::from(!erased);
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

impl Content {
    /// Its bytes, the same for the same content.
    pub fn to_bytes(&self) -> Vec<u8> {
        let word = |(number, [a, b, c, d], writes): &(u16, [u8; WORD], u8)| {
            let [low, high] = number.to_le_bytes();
            [low, high, *a, *b, *c, *d, *writes]
        };
        self.0.iter().flat_map(word).collect()
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
        self.0.borrow().bytes.len()
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        assert!(from.is_multiple_of(SECTOR as u32) && to.is_multiple_of(SECTOR as u32), "erases whole sectors");
        let state = &mut *self.0.borrow_mut();
        state.begin(to as usize)?;
        if state.stuck {
            return Ok(());
        }
        let part = SECTOR / ERASURE;
        (from as usize..to as usize).step_by(part).try_for_each(|place| {
            state.step(place, &vec![0xff; part])?;
            state.writes[place / WORD..][..part / WORD].fill(0);
            Ok(())
        })
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        assert!(offset.is_multiple_of(WORD as u32) && bytes.len().is_multiple_of(WORD), "writes whole words");
        let state = &mut *self.0.borrow_mut();
        state.begin(offset as usize + bytes.len())?;
        for (place, word) in (offset as usize..).step_by(WORD).zip(bytes.chunks(WORD)) {
            let erased = state.bytes[place..place + WORD].iter().all(|&byte| byte == 0xff);
            match state.writes[place / WORD] {
                0 => assert!(erased || word == [0; WORD], "only zeros are written over what is not erased"),
                1 => assert!(word == [0; WORD], "a word is written for the second time with zeros"),
                _ => panic!("no word is written three times between erasures"),
            }
            state.step(place, word)?;
            state.writes[place / WORD] += 1;
        }
        Ok(())
    }
}
