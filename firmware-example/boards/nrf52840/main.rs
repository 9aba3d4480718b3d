//! The token on Nordic's nRF52840, wired as on its development kit (PCA10056).
//!
//! The link is UART0 at 115,200 baud, no flow control, on the pins of the kit's debugger (RX P0.08, TX P0.06). The model
//! lies in the kit's 8 MB of QSPI flash, read in place; the records in the last 36 KB of the chip's own flash; the
//! secret is the chip's 256 bits of factory randomness. Button 1 gives consent. Register names and addresses are those
//! of the nRF52840 Product Specification 1.8. Every test builds and links this image; it has not run on a board yet.

#![no_std]
#![no_main]

mod flash;
mod qspi;

use cortex_m_rt::entry;
use neural_vault_board_support::{Register, footprint};
use neural_vault_token::board::{Action, Board, BoardSecret, Footprint, NoSecret};
use neural_vault_token::entropy::{Entropy, EntropyFailed, RandomSource};
use neural_vault_token::memory::Memory;
use neural_vault_token::token::Token;

use flash::Records;

/// Address and bytes of the QSPI flash, as it is read in place.
const MODEL: (u32, usize) = (0x1200_0000, 8 << 20);

const BUTTON: u32 = 11;
const RECEIVE_PIN: u32 = 8;
const TRANSMIT_PIN: u32 = 6;
const BAUD_115200: u32 = 0x01d7_e000;

// SAFETY: UART0, section 6.33; the legacy UART moves no memory.
const UART: fn(u32) -> Register = |offset| unsafe { Register::at(0x4000_2000 + offset) };
// SAFETY: RNG, section 6.19; moves no memory.
const RNG: fn(u32) -> Register = |offset| unsafe { Register::at(0x4000_d000 + offset) };
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
    entropy: Entropy<Rng>,
    /// Value of RTC0's 24-bit counter at the last reading, and the ticks that its earlier wraps add up to.
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
        Self { flash: Records, entropy: Entropy::new(Rng), latest: 0, wraps: 0 }
    }
}

/// The chip's random generator.
struct Rng;

impl RandomSource for Rng {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyFailed> {
        for byte in bytes {
            RNG(0x100).write(0);
            // A byte takes a tenth of a millisecond; a generator that takes a hundred times as long is broken.
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
}

impl Board for Nrf52840 {
    type Flash = Records;
    type Random = Rng;
    const NAME: [u8; 16] = *b"nrf52840\0\0\0\0\0\0\0\0";
    const CONFIRMS: bool = true;

    fn receive(&mut self) -> Option<u8> {
        self.uptime();
        // RXDRDY. The FIFO holds six bytes, half a millisecond of the link.
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

    fn entropy(&mut self) -> &mut Entropy<Rng> {
        &mut self.entropy
    }

    /// ER and IR of the factory information: random, unique, and unreadable from outside once readback is locked.
    fn secret(&mut self) -> Result<BoardSecret, NoSecret> {
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

    fn button(&mut self) -> bool {
        PORT(0x510).read() & 1 << BUTTON == 0
    }

    fn ask(&mut self, _: Option<Action>) {}

    /// Processor cycles.
    fn ticks(&mut self) -> Option<u32> {
        Some(CYCLES.read())
    }

    fn footprint(&mut self) -> Option<Footprint> {
        Some(Footprint { per_tick: 1, memory: footprint::static_memory(), stack: footprint::stack() })
    }
}
