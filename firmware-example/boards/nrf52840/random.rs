//! The chip's random generator (chapter RNG): thermal noise, with its bias corrected.

use neural_vault_token::entropy::{EntropyFailed, RandomSource};
use nrf_pac::RNG;

/// The generator, running.
pub struct Rng(());

/// A byte takes a tenth of a millisecond; a generator that takes a hundred times as long is broken.
const ROUNDS: u32 = 200_000;

impl Rng {
    /// Starts it for ever.
    pub fn start() -> Self {
        RNG.config().write(|config| config.set_dercen(true));
        RNG.tasks_start().write_value(1);
        Self(())
    }
}

impl RandomSource for Rng {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyFailed> {
        for byte in bytes {
            RNG.events_valrdy().write_value(0);
            if !(0..ROUNDS).any(|_| RNG.events_valrdy().read() != 0) {
                return Err(EntropyFailed);
            }
            *byte = RNG.value().read().value();
        }
        Ok(())
    }
}
