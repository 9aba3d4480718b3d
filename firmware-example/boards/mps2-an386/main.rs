//! The token in QEMU: ARM's MPS2 with AN386, a Cortex-M4F at 25 MHz.
//!
//! The link is UART0. Semihosting gives the board what it lacks, as files in the folder that QEMU runs in: `token.flash`
//! is the NOR flash, `token.secret` the board's secret, `token.generation` a counter that never goes back. The first start
//! creates them.

#![no_std]
#![no_main]

mod board;
mod flash;
mod semihosting;
mod watchdog;

use cortex_m_rt::entry;
use neural_vault_token::memory::Memory;
use neural_vault_token::token::Token;

use board::{MODEL, Mps2};

#[entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory::new();
    // SAFETY: the PSRAM is readable, and nothing writes to it while the token runs.
    let model = unsafe { core::slice::from_raw_parts(MODEL.0 as *const u8, MODEL.1) };
    match Mps2::new() {
        Some(board) => Token::start(board, model, MEMORY).run(),
        None => semihosting::exit(semihosting::FILES),
    }
}
