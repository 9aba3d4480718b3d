//! The token on Nordic's nRF52840, wired as on its development kit (PCA10056).
//!
//! The link is UART0 at 115,200 baud, no flow control, on the pins of the kit's debugger (RX P0.08, TX P0.06). The model
//! lies in the kit's 8 MB of QSPI flash, read in place; the records in the last 16 KB of the chip's own flash; the
//! secret is the chip's 256 bits of factory randomness. Button 1 gives consent. Register names and addresses are those
//! of the nRF52840 Product Specification 1.8. It is built and linked in every test, and has not run on a board yet.

#![no_std]
#![no_main]

#[path = "../panic.rs"]
mod panic;
mod qspi;
#[path = "../register.rs"]
mod register;
#[path = "../stack.rs"]
mod stack;

use core::sync::atomic::{Ordering, compiler_fence};

use cortex_m_rt::entry;
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};
use neural_vault_token::board::{Action, Board, BoardSecret, EntropyFailed, Footprint};
use neural_vault_token::memory::Memory;
use neural_vault_token::store::REGION;
use neural_vault_token::token::Token;

use register::Register;

/// Where the QSPI flash is read in place, and how much of it there is.
const MODEL: (u32, usize) = (0x1200_0000, 8 << 20);

const RAM: u32 = 0x2000_0000;

/// Start of the last 16 KB of flash.
const RECORDS: u32 = 0x000f_c000;

/// How long a person has to press the button, in milliseconds.
const TIMEOUT: u64 = 30_000;

const BUTTON: u32 = 11;
const RECEIVE_PIN: u32 = 8;
const TRANSMIT_PIN: u32 = 6;
const BAUD_115200: u32 = 0x01d7_e000;

// SAFETY: UART0, section 6.33; the legacy UART moves no memory.
const UART: fn(u32) -> Register = |offset| unsafe { Register::at(0x4000_2000 + offset) };
// SAFETY: RNG, section 6.19; moves no memory.
const RNG: fn(u32) -> Register = |offset| unsafe { Register::at(0x4000_d000 + offset) };
// SAFETY: NVMC, section 4.3; it changes flash only as told below, within the records.
const NVMC: fn(u32) -> Register = |offset| unsafe { Register::at(0x4001_e000 + offset) };
// SAFETY: GPIO port 0, section 6.9; moves no memory.
const PORT: fn(u32) -> Register = |offset| unsafe { Register::at(0x5000_0000 + offset) };
// SAFETY: RTC0 and CLOCK, sections 6.22 and 5.4; they move no memory.
const RTC: fn(u32) -> Register = |offset| unsafe { Register::at(0x4000_b000 + offset) };
// SAFETY: as above.
const CLOCK: fn(u32) -> Register = |offset| unsafe { Register::at(0x4000_0000 + offset) };
// SAFETY: FICR, section 4.4; read only.
const FACTORY: fn(u32) -> Register = |offset| unsafe { Register::at(0x1000_0000 + offset) };
// SAFETY: DWT and DCB of the Cortex-M4; the cycle counter moves no memory.
const CYCLES: Register = unsafe { Register::at(0xe000_1004) };
// SAFETY: as above.
const CYCLE_CONTROL: Register = unsafe { Register::at(0xe000_1000) };
// SAFETY: as above.
const DEBUG_CONTROL: Register = unsafe { Register::at(0xe000_edfc) };

/// The chip and its clock.
struct Nrf52840 {
    flash: Records,
    /// The 24-bit counter of RTC0 as it was read last, and what its wraps add up to.
    latest: u32,
    wraps: u64,
}

#[entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory::new();
    let board = Nrf52840::new();
    qspi::open();
    // SAFETY: once opened, the QSPI flash is readable memory, and nothing writes to it while the token runs.
    let model = unsafe { core::slice::from_raw_parts(MODEL.0 as *const u8, MODEL.1) };
    Token::start(board, model, MEMORY).run()
}

impl Nrf52840 {
    fn new() -> Self {
        // Low-frequency clock from the RC oscillator, and RTC0 on it: 32,768 ticks a second.
        CLOCK(0x518).write(0);
        CLOCK(0x008).write(1);
        while CLOCK(0x104).read() == 0 {}
        RTC(0x000).write(1);
        DEBUG_CONTROL.write(DEBUG_CONTROL.read() | 1 << 24);
        CYCLE_CONTROL.write(CYCLE_CONTROL.read() | 1);

        // Button: input with pull-up. TX: output, high.
        PORT(0x700 + 4 * BUTTON).write(0b1100);
        PORT(0x508).write(1 << TRANSMIT_PIN);
        PORT(0x700 + 4 * TRANSMIT_PIN).write(0b0011);
        PORT(0x700 + 4 * RECEIVE_PIN).write(0);
        UART(0x50c).write(TRANSMIT_PIN);
        UART(0x514).write(RECEIVE_PIN);
        UART(0x524).write(BAUD_115200);
        UART(0x500).write(4);
        UART(0x000).write(1);
        UART(0x008).write(1);

        // The generator corrects its own bias, and runs for ever.
        RNG(0x504).write(1);
        RNG(0x000).write(1);
        Self { flash: Records, latest: 0, wraps: 0 }
    }
}

impl Board for Nrf52840 {
    type Flash = Records;
    const NAME: [u8; 16] = *b"nrf52840\0\0\0\0\0\0\0\0";
    const CONFIRMS: bool = true;

    fn receive(&mut self) -> Option<u8> {
        self.uptime();
        // RXDRDY; the six bytes of the FIFO behind it last half a millisecond.
        if UART(0x108).read() == 0 {
            return None;
        }
        UART(0x108).write(0);
        Some(UART(0x518).read() as u8)
    }

    fn send(&mut self, bytes: &[u8]) {
        for byte in bytes {
            UART(0x11c).write(0);
            UART(0x51c).write(u32::from(*byte));
            while UART(0x11c).read() == 0 {}
        }
    }

    fn flash(&mut self) -> &mut Records {
        &mut self.flash
    }

    fn entropy(&mut self, bytes: &mut [u8]) -> Result<(), EntropyFailed> {
        for byte in bytes {
            RNG(0x100).write(0);
            // A byte takes a tenth of a millisecond; a generator that takes a hundred times that is broken.
            let mut rounds = 0;
            while RNG(0x100).read() == 0 {
                rounds += 1;
                if rounds > 200_000 {
                    return Err(EntropyFailed);
                }
            }
            *byte = RNG(0x508).read() as u8;
        }
        Ok(())
    }

    /// ER and IR of the factory information: random, unique, and unreadable from outside once readback is locked.
    fn secret(&mut self) -> BoardSecret {
        BoardSecret::filled_by(|bytes| {
            for (word, offset) in bytes.as_chunks_mut().0.iter_mut().zip((0x080..).step_by(4)) {
                *word = FACTORY(offset).read().to_le_bytes();
            }
        })
    }

    fn uptime(&mut self) -> u64 {
        let now = RTC(0x504).read();
        if now < self.latest {
            self.wraps += 1 << 24;
        }
        self.latest = now;
        (self.wraps | u64::from(now)) * 1000 / 32_768
    }

    fn confirm(&mut self, _: Action) -> bool {
        let end = self.uptime() + TIMEOUT;
        while self.uptime() < end {
            if PORT(0x510).read() & 1 << BUTTON == 0 {
                return true;
            }
        }
        false
    }

    /// Processor cycles.
    fn ticks(&mut self) -> Option<u32> {
        Some(CYCLES.read())
    }

    fn footprint(&mut self) -> Option<Footprint> {
        Some(Footprint { per_tick: 1, memory: stack::memory(RAM), stack: stack::used() })
    }
}

/// The last pages of the chip's flash.
struct Records;

/// A place outside the records, or not a whole word or page.
#[derive(Debug)]
struct Outside;

impl NorFlashError for Outside {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::OutOfBounds
    }
}

impl ErrorType for Records {
    type Error = Outside;
}

impl ReadNorFlash for Records {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Outside> {
        check(offset, bytes.len(), Self::READ_SIZE)?;
        for (word, place) in bytes.as_chunks_mut::<4>().0.iter_mut().zip((RECORDS + offset..).step_by(4)) {
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

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Outside> {
        let length = to.checked_sub(from).ok_or(Outside)?;
        check(from, length as usize, Self::ERASE_SIZE)?;
        set_mode(2);
        for page in (from..to).step_by(Self::ERASE_SIZE) {
            NVMC(0x508).write(RECORDS + page);
            wait();
        }
        set_mode(0);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Outside> {
        check(offset, bytes.len(), Self::WRITE_SIZE)?;
        set_mode(1);
        for (word, place) in bytes.as_chunks::<4>().0.iter().zip((RECORDS + offset..).step_by(4)) {
            word_at(place).write(u32::from_le_bytes(*word));
            wait();
        }
        set_mode(0);
        Ok(())
    }
}

fn check(offset: u32, length: usize, unit: usize) -> Result<(), Outside> {
    let inside = u64::from(offset) + length as u64 <= u64::from(REGION);
    let whole = (offset as usize).is_multiple_of(unit) && length.is_multiple_of(unit);
    if inside && whole { Ok(()) } else { Err(Outside) }
}

fn word_at(place: u32) -> Register {
    // SAFETY: `check` keeps every place within the records, which the linker puts nothing in.
    unsafe { Register::at(place) }
}

/// Lets the flash be read (0), written (1) or erased (2).
fn set_mode(mode: u32) {
    compiler_fence(Ordering::SeqCst);
    NVMC(0x504).write(mode);
    wait();
}

fn wait() {
    while NVMC(0x400).read() == 0 {}
}
