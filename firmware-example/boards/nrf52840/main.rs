//! The token on Nordic's nRF52840, wired as on its development kit (PCA10056).
//!
//! The link is UART0 at 115,200 baud, no flow control, on the pins of the kit's debugger (RX P0.08, TX P0.06). The model
//! lies in the kit's 8 MB of QSPI flash, read in place; the records in the last 36 KB of the chip's own flash, and the
//! secret that seals them in the page before. Button 1 gives consent; the lamps show to what:
//!
//! | lamp | action |
//! |---|---|
//! | 1 | provision |
//! | 2 | wipe |
//! | 3 | export of a key |
//! | 4 | verification |
//! | 3 and 4 | challenge |
//!
//! Chapters are those of the nRF52840 Product Specification 1.8. Every test builds and links this image; it has not run on
//! a board yet.
//!
//! The first start locks the chip's debug port; only an erasure of the whole chip opens it again, and takes the secret and
//! the records with it. An image with the feature `development` locks nothing, and `info` shows it as `nrf52840-open`.

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
use neural_vault_token::memory::Memory;
use neural_vault_token::token::Token;

use board::Nrf52840;

#[entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory::new();
    guard::enable();
    watchdog::start();
    debug_port::lock();
    let board = Nrf52840::new();
    Token::start(board, qspi::open(), MEMORY).run()
}
