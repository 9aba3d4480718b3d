//! An example of a board by a HAL's traits: the token on an nRF52840, made of `nrf52840-hal`.
//!
//! It shows how the parts of a HAL become a board; `boards/nrf52840` is the board to use on this chip. Here the model lies
//! in the chip's own flash, and the page before the records holds a secret that production writes, at random for each chip.
//! There is no counter of generations, and the debug port is not locked. The HAL links panics of its own, which nobody has
//! reviewed as those of the boards are.

#![no_std]
#![no_main]

use core::ptr::read_volatile;
use core::slice::{from_raw_parts, from_raw_parts_mut};

use cortex_m_rt::entry;
use embedded_hal::digital::OutputPin;
use hal::gpio::{Level, Output, Pin, PushPull, p0};
use hal::pac::{Peripherals, RTC0};
use hal::uarte::{Baudrate, Parity, Pins, Uarte};
use hal::wdt::handles::HdlN;
use hal::wdt::{Watchdog, WatchdogHandle};
use hal::{Clocks, Rng, Rtc, nvmc::Nvmc};
use neural_vault_board_adapter::{Chip, HalBoard};
use neural_vault_board_support::{clear_and_reset, guard};
use neural_vault_token::board::{Action, BoardSecret, NoSecret};
use neural_vault_token::memory::Memory;
use neural_vault_token::store::REGION;
use neural_vault_token::token::Token;

/// The end of the flash: the records, before them the secret's page, before that up to 512 KB of model.
const RECORDS: u32 = (1 << 20) - REGION;
const SECRET: u32 = RECORDS - 4096;
const MODEL: (u32, usize) = (0x0004_0000, 512 << 10);

/// What the HAL's traits do not cover.
struct Nrf {
    clock: Rtc<RTC0>,
    latest: u32,
    wraps: u64,
    watchdog: WatchdogHandle<HdlN>,
    lamp: Pin<Output<PushPull>>,
}

impl Chip for Nrf {
    const NAME: [u8; 16] = *b"nrf52840-by-hal\0";

    fn secret(&mut self) -> Result<BoardSecret, NoSecret> {
        BoardSecret::filled_by(|bytes| {
            for (byte, place) in bytes.iter_mut().zip(SECRET..) {
                // SAFETY: flash, in which the linker puts nothing.
                *byte = unsafe { read_volatile(place as *const u8) };
            }
        })
    }

    fn uptime(&mut self) -> u64 {
        let now = self.clock.get_counter();
        if now < self.latest {
            self.wraps += 1 << 24;
        }
        self.latest = now;
        (self.wraps | u64::from(now)) * 1000 / 32_768
    }

    /// One lamp says only that something waits for a press; a board with a display names it.
    fn ask(&mut self, action: Option<Action>) {
        let _ = if action.is_some() { self.lamp.set_low() } else { self.lamp.set_high() };
    }

    fn feed_watchdog(&mut self) {
        self.watchdog.pet();
    }
}

#[entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory::new();
    static mut SENT: [u8; 64] = [0; 64];
    static mut RECEIVED: [u8; 1] = [0; 1];
    guard::enable();
    let Some(chip) = Peripherals::take() else { clear_and_reset() };

    // The crystal, because the UART needs its precision.
    Clocks::new(chip.CLOCK).enable_ext_hfosc().start_lfclk();
    let Ok(clock) = Rtc::new(chip.RTC0, 0) else { clear_and_reset() };
    clock.enable_counter();
    let watchdog = match Watchdog::try_new(chip.WDT) {
        Ok(mut idle) => {
            idle.set_lfosc_ticks(30 * 32_768);
            idle.run_during_sleep(true);
            idle.activate::<hal::wdt::count::One>().handles.0
        }
        Err(running) => match Watchdog::try_recover::<hal::wdt::count::One>(running) {
            Ok(parts) => parts.handles.0,
            Err(_) => clear_and_reset(),
        },
    };

    let port = p0::Parts::new(chip.P0);
    let button = port.p0_11.into_pullup_input();
    let lamp = port.p0_13.into_push_pull_output(Level::High).degrade();
    // The kit's debugger drives this line, so it does not float.
    let rxd = port.p0_08.into_floating_input().degrade();
    let txd = port.p0_06.into_push_pull_output(Level::High).degrade();
    let pins = Pins { rxd, txd, cts: None, rts: None };
    let link = Uarte::new(chip.UARTE0, pins, Parity::EXCLUDED, Baudrate::BAUD115200);
    let Ok((transmitter, receiver)) = link.split(SENT, RECEIVED) else { clear_and_reset() };

    // SAFETY: `memory.x` ends the program's flash before the records, and nothing else refers to them.
    let flash = Nvmc::new(chip.NVMC, unsafe { from_raw_parts_mut(RECORDS as *mut u8, REGION as usize) });
    // SAFETY: flash that nothing writes to while the token runs.
    let model = unsafe { from_raw_parts(MODEL.0 as *const u8, MODEL.1) };
    let nrf = Nrf { clock, latest: 0, wraps: 0, watchdog: watchdog.degrade(), lamp };
    let board = HalBoard::new(receiver, transmitter, flash, Rng::new(chip.RNG), button, nrf);
    Token::start(board, model, MEMORY).run()
}
