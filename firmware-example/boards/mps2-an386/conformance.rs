//! The conformance checks on this board; `conformance.txt` is what they report.

#![no_std]
#![no_main]

mod board;
mod flash;
mod semihosting;
mod watchdog;

use cortex_m_rt::entry;
use cortex_m_semihosting::debug;
use neural_vault_token::conformance::{Allowed, run};

use board::{MODEL, Mps2};

#[entry]
fn main() -> ! {
    // SAFETY: the PSRAM is readable, and nothing writes to it while the checks run.
    let model = unsafe { core::slice::from_raw_parts(MODEL.0 as *const u8, MODEL.1) };
    let Some(mut board) = Mps2::new() else { semihosting::exit(semihosting::FILES) };
    if !run(&mut board, model, Allowed { erase: true, count: true, press: true }) {
        semihosting::exit(semihosting::FILES);
    }
    loop {
        debug::exit(debug::EXIT_SUCCESS);
    }
}
