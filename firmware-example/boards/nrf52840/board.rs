//! The chip and the kit as a token's board.

use neural_vault_token::board::{Action, Board, BoardSecret, CounterFailed, NoSecret};
use neural_vault_token::entropy::Entropy;

use crate::clock::Clock;
use crate::flash::Region;
use crate::random::Rng;
use crate::{debug_port, flash, generation, pins, secret, uart, watchdog};

/// The board.
pub struct Nrf52840 {
    records: Region,
    entropy: Entropy<Rng>,
    clock: Clock,
}

impl Nrf52840 {
    /// Starts the clocks, the link and the random generator, and makes the secret if the chip has none yet.
    pub fn new() -> Self {
        let clock = Clock::start();
        pins::configure();
        uart::start();
        let mut entropy = Entropy::new(Rng::start());
        // Without a secret, `Board::secret` says so, and the token is disabled.
        let _ = secret::provide(&mut entropy);
        Self { records: flash::RECORDS, entropy, clock }
    }
}

impl Board for Nrf52840 {
    type Flash = Region;
    type Random = Rng;
    const NAME: [u8; 16] =
        if cfg!(feature = "development") { *b"nrf52840-open\0\0\0" } else { *b"nrf52840\0\0\0\0\0\0\0\0" };
    const CONFIRMS: bool = true;
    const LAST_GENERATION: u32 = generation::LAST;

    fn receive(&mut self) -> Option<u8> {
        self.clock.milliseconds();
        uart::receive()
    }

    fn send(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| uart::send(*byte));
    }

    fn flash(&mut self) -> &mut Region {
        &mut self.records
    }

    fn entropy(&mut self) -> &mut Entropy<Rng> {
        &mut self.entropy
    }

    /// An image that is meant for use gives no secret while the debug port is open.
    fn secret(&mut self) -> Result<BoardSecret, NoSecret> {
        if debug_port::is_locked() || cfg!(feature = "development") { secret::read() } else { Err(NoSecret) }
    }

    fn uptime(&mut self) -> u64 {
        self.clock.milliseconds()
    }

    fn button(&mut self) -> bool {
        pins::button()
    }

    fn ask(&mut self, action: Option<Action>) {
        pins::light(match action {
            None => &[],
            Some(Action::Provision) => &[0],
            Some(Action::Wipe) => &[1],
            Some(Action::ExportKey) => &[2],
            Some(Action::Verify) => &[3],
            Some(Action::Challenge) => &[2, 3],
            // An action that this board cannot name is not asked for by any lamp.
            Some(_) => &[],
        });
    }

    fn feed_watchdog(&mut self) {
        watchdog::feed();
    }

    fn generation(&mut self) -> Option<u32> {
        Some(generation::value())
    }

    fn raise_generation(&mut self, generation: u32) -> Result<(), CounterFailed> {
        generation::raise(generation)
    }
}
