//! The token in QEMU: ARM's MPS2 with AN386, a Cortex-M4F at 25 MHz.
//!
//! The link is UART0. What the board does not have comes from files in the folder QEMU runs in, by semihosting:
//! `token.flash` is the NOR flash, `token.secret` the device's secret, `token.epoch` stands for a counter that never goes
//! back; all are made at the first start.

#![no_std]
#![no_main]

#[path = "../panic.rs"]
mod panic;
#[path = "../register.rs"]
mod register;
mod semihosting;
#[path = "../stack.rs"]
mod stack;

use cortex_m_rt::entry;
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use neural_vault_token::board::{Action, Board, BoardSecret, EntropyFailed, Footprint};
use neural_vault_token::memory::Memory;
use neural_vault_token::store::REGION;
use neural_vault_token::token::Token;

use zeroize::Zeroizing;

use register::Register;
use semihosting::File;

/// The PSRAM, which stands for external flash with the model.
const MODEL: (u32, usize) = (0x2100_0000, 16 << 20);

const RAM: u32 = 0x2000_0000;

/// Ticks of the timers in a millisecond.
const TICKS: u32 = 25_000;

/// Instructions in a tick when QEMU runs with `-icount shift=0`: one instruction is one nanosecond.
const INSTRUCTIONS: u32 = 40;

/// CMSDK UART0 and timers 0 and 1.
struct Mps2 {
    flash: FileFlash,
    secret: File,
    random: File,
    /// The counter outside the flash, and its value.
    epochs: File,
    epoch: u32,
    /// Timer 0, as it was read last, and how often it has wrapped.
    wraps: u64,
    latest: u32,
}

// SAFETY: registers of the CMSDK peripherals of AN386 (ARM DAI0386, 3.1); they move no memory.
const UART_DATA: Register = unsafe { Register::at(0x4000_4000) };
// SAFETY: as above.
const UART_STATE: Register = unsafe { Register::at(0x4000_4004) };
// SAFETY: as above.
const UART_CONTROL: Register = unsafe { Register::at(0x4000_4008) };
// SAFETY: as above.
const UART_DIVIDER: Register = unsafe { Register::at(0x4000_4010) };
// SAFETY: as above.
const TIMER_CONTROL: Register = unsafe { Register::at(0x4000_0000) };
// SAFETY: as above.
const TIMER_VALUE: Register = unsafe { Register::at(0x4000_0004) };
// SAFETY: as above.
const TIMER_RELOAD: Register = unsafe { Register::at(0x4000_0008) };

// SAFETY: as above.
const UART_INTERRUPT: Register = unsafe { Register::at(0x4000_400c) };
// SAFETY: the interrupt controller of the Cortex-M4: set-enable and clear-pending of lines 0 to 31.
const LINE_ENABLE: Register = unsafe { Register::at(0xe000_e100) };
// SAFETY: as above.
const PENDING_CLEAR: Register = unsafe { Register::at(0xe000_e280) };

const UART_LINE: u32 = 1;
const RECEIVE_INTERRUPT: u32 = 2;
const TRANSMIT_FULL: u32 = 1;
const RECEIVE_FULL: u32 = 2;

#[entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory::new();
    // SAFETY: the PSRAM is readable, and nothing writes to it while the token runs.
    let model = unsafe { core::slice::from_raw_parts(MODEL.0 as *const u8, MODEL.1) };
    match Mps2::new() {
        Some(board) => Token::start(board, model, MEMORY).run(),
        None => semihosting::exit(),
    }
}

impl Mps2 {
    fn new() -> Option<Self> {
        UART_DIVIDER.write(16);
        // Transmit, receive, and an interrupt for a byte received, which wakes the processor and is never taken.
        disable_interrupts();
        UART_CONTROL.write(0b1011);
        LINE_ENABLE.write(UART_LINE);
        TIMER_RELOAD.write(u32::MAX);
        TIMER_VALUE.write(u32::MAX);
        TIMER_CONTROL.write(1);
        let random = File::open(c"/dev/urandom", semihosting::READ)?;
        let secret = match File::open(c"token.secret", semihosting::READ) {
            Some(file) => file,
            None => {
                let mut secret = Zeroizing::new([0; 32]);
                random.read(&mut *secret)?;
                let file = File::open(c"token.secret", semihosting::CREATE)?;
                file.write(&*secret)?;
                file
            }
        };
        let mut epoch = [0; 4];
        let epochs = match File::open(c"token.epoch", semihosting::UPDATE) {
            Some(file) => {
                file.read(&mut epoch)?;
                file
            }
            None => File::open(c"token.epoch", semihosting::CREATE)?,
        };
        let (flash, epoch) = (FileFlash::open()?, u32::from_le_bytes(epoch));
        let mut board = Self { flash, secret, random, epochs, epoch, wraps: 0, latest: 0 };
        board.clock();
        Some(board)
    }

    /// Ticks since the start; to be called at least once in the 171 seconds of a wrap, as polling the link does.
    fn clock(&mut self) -> u64 {
        let now = !TIMER_VALUE.read();
        if now < self.latest {
            self.wraps += 1 << 32;
        }
        self.latest = now;
        self.wraps | u64::from(now)
    }
}

impl Board for Mps2 {
    type Flash = FileFlash;
    const NAME: [u8; 16] = *b"mps2-an386\0\0\0\0\0\0";
    const CONFIRMS: bool = false;

    fn receive(&mut self) -> Option<u8> {
        if UART_STATE.read() & RECEIVE_FULL == 0 {
            self.clock();
            sleep();
            return None;
        }
        let byte = UART_DATA.read() as u8;
        UART_INTERRUPT.write(RECEIVE_INTERRUPT);
        PENDING_CLEAR.write(UART_LINE);
        Some(byte)
    }

    fn send(&mut self, bytes: &[u8]) {
        for byte in bytes {
            while UART_STATE.read() & TRANSMIT_FULL != 0 {}
            UART_DATA.write(u32::from(*byte));
        }
    }

    fn flash(&mut self) -> &mut FileFlash {
        &mut self.flash
    }

    fn entropy(&mut self, bytes: &mut [u8]) -> Result<(), EntropyFailed> {
        self.random.read(bytes).ok_or(EntropyFailed)
    }

    fn secret(&mut self) -> BoardSecret {
        BoardSecret::filled_by(|bytes| {
            if self.secret.seek(0).and_then(|()| self.secret.read(bytes)).is_none() {
                semihosting::exit();
            }
        })
    }

    fn uptime(&mut self) -> u64 {
        self.clock() / u64::from(TICKS)
    }

    fn confirm(&mut self, _: Action) -> bool {
        true
    }

    fn epoch_floor(&mut self) -> Option<u32> {
        Some(self.epoch)
    }

    fn raise_epoch_floor(&mut self, epoch: u32) {
        self.epoch = epoch;
        // A counter that does not rise leaves an older floor, which the records are above as well.
        let _ = self.epochs.seek(0).and_then(|()| self.epochs.write(&epoch.to_le_bytes()));
    }

    fn ticks(&mut self) -> Option<u32> {
        Some(!TIMER_VALUE.read())
    }

    fn footprint(&mut self) -> Option<Footprint> {
        Some(Footprint { per_tick: INSTRUCTIONS, memory: stack::memory(RAM), stack: stack::used() })
    }
}

/// Waits for an interrupt to be pending, so that a token that waits costs the host nothing.
fn sleep() {
    // SAFETY: touches neither memory nor registers.
    unsafe { core::arch::asm!("wfi", options(nomem, nostack, preserves_flags)) }
}

fn disable_interrupts() {
    // SAFETY: nothing here relies on interrupts.
    unsafe { core::arch::asm!("cpsid i", options(nomem, nostack, preserves_flags)) }
}

/// A file that behaves as NOR flash does: writing only clears bits, erasing sets them by the sector.
struct FileFlash(File);

/// A file that does not obey, or a place outside the flash or within its unit.
#[derive(Debug)]
struct FlashError;

impl FileFlash {
    fn open() -> Option<Self> {
        if let Some(file) = File::open(c"token.flash", semihosting::UPDATE) {
            return (file.length()? == REGION as usize).then_some(Self(file));
        }
        let mut flash = Self(File::open(c"token.flash", semihosting::CREATE)?);
        flash.erase(0, REGION).ok()?;
        Some(flash)
    }

    fn check(place: u32, length: usize, unit: usize) -> Result<(), FlashError> {
        let inside = u64::from(place) + length as u64 <= u64::from(REGION);
        let whole = (place as usize).is_multiple_of(unit) && length.is_multiple_of(unit);
        if inside && whole { Ok(()) } else { Err(FlashError) }
    }
}

impl embedded_storage::nor_flash::NorFlashError for FlashError {
    fn kind(&self) -> embedded_storage::nor_flash::NorFlashErrorKind {
        embedded_storage::nor_flash::NorFlashErrorKind::Other
    }
}

impl ErrorType for FileFlash {
    type Error = FlashError;
}

impl ReadNorFlash for FileFlash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        Self::check(offset, bytes.len(), Self::READ_SIZE)?;
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
        Self::check(from, length as usize, Self::ERASE_SIZE)?;
        self.0.seek(from).ok_or(FlashError)?;
        for _ in (from..to).step_by(64) {
            self.0.write(&[0xff; 64]).ok_or(FlashError)?;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        Self::check(offset, bytes.len(), Self::WRITE_SIZE)?;
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
