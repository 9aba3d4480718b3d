//! The conformance checks on this board: they erase its records and use up one of its 64 generations. The report goes over
//! the link.

#![no_std]
#![no_main]

mod board;
mod clock;
mod debug_port;
mod flash;
mod generation;
mod pins;
mod qspi;
mod random;
mod secret;
mod uart;
mod watchdog;

use cortex_m_rt::entry;
use neural_vault_board_support::guard;
use neural_vault_token::board::Board;
use neural_vault_token::conformance::{Allowed, run};

use board::Nrf52840;

#[entry]
fn main() -> ! {
    guard::enable();
    watchdog::start();
    debug_port::lock();
    let mut board = Nrf52840::new();
    run(&mut board, qspi::open(), Allowed { erase: true, count: true, press: true });
    loop {
        board.feed_watchdog();
    }
}
