//! A board for one event: its flash is the search's, and its random bytes are the same for each event in one generation.
//!
//! So two ways to the same records give the same bytes, and are one state, while each enrolment has another identifier.

use neural_vault_token_simulator::flash::Flash;

use crate::board::{Action, Board, BoardSecret, CounterFailed, NoSecret};
use crate::entropy::{Entropy, EntropyFailed, RandomSource};

pub(super) struct TestBoard {
    pub(super) flash: Flash,
    /// The counter outside the flash, if there is one.
    pub(super) counter: Option<u32>,
    entropy: Entropy<Xorshift>,
    clock: u64,
    question: u64,
}

/// xorshift64 (Marsaglia 2003).
pub(super) struct Xorshift(u64);

impl TestBoard {
    pub(super) fn new(flash: Flash, counter: Option<u32>) -> Self {
        Self { flash, counter, entropy: Entropy::new(Xorshift(1)), clock: 0, question: 0 }
    }

    pub(super) fn reseed(&mut self, generation: u32) {
        self.entropy = Entropy::new(Xorshift(0x9e37_79b9_7f4a_7c15 ^ u64::from(generation)));
    }
}

impl RandomSource for Xorshift {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyFailed> {
        for byte in bytes {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            *byte = self.0 as u8;
        }
        Ok(())
    }
}

impl Board for TestBoard {
    type Flash = Flash;
    type Random = Xorshift;
    const NAME: [u8; 16] = *b"model check\0\0\0\0\0";
    const CONFIRMS: bool = true;
    /// Few, so that they are used up within a search.
    const LAST_GENERATION: u32 = 6;

    fn receive(&mut self) -> Option<u8> {
        None
    }

    fn send(&mut self, _: &[u8]) {}

    fn flash(&mut self) -> &mut Flash {
        &mut self.flash
    }

    fn entropy(&mut self) -> &mut Entropy<Xorshift> {
        &mut self.entropy
    }

    fn secret(&mut self) -> Result<BoardSecret, NoSecret> {
        BoardSecret::filled_by(|bytes| *bytes = [7; 32])
    }

    fn uptime(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    fn button(&mut self) -> bool {
        (100..200).contains(&(self.clock - self.question))
    }

    fn ask(&mut self, _: Option<Action>) {
        self.question = self.clock;
    }

    fn generation(&mut self) -> Option<u32> {
        self.counter
    }

    fn raise_generation(&mut self, value: u32) -> Result<(), CounterFailed> {
        let counter = self.counter.as_mut().ok_or(CounterFailed)?;
        assert_eq!(value, *counter + 1, "the counter rises by one");
        // Both lose their power at the same time.
        self.flash.pass().map_err(|_| CounterFailed)?;
        *counter = value;
        Ok(())
    }
}
