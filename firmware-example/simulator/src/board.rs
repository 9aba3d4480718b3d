//! A board in the memory of a test.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use neural_vault_token::board::{Action, Board, BoardSecret, CounterFailed, Fingerprint, Footprint, NoSecret};
use neural_vault_token::entropy::{Entropy, EntropyFailed, RandomSource};

use crate::flash::Flash;

/// A board in the memory of the test: what must outlive a restart lies behind an `Rc`.
#[derive(Clone, Debug)]
pub struct SimBoard {
    /// Its flash.
    pub flash: Flash,
    /// The secret burnt into its chip.
    pub secret: [u8; 32],
    /// Its random generator; the same bytes after every start, so that runs can be compared.
    pub entropy: Entropy<SimRandom>,
    /// What the random generator does.
    pub random: Rc<Cell<Generator>>,
    /// Whether the person at the token presses the button, once and briefly, when it asks.
    pub consents: bool,
    /// What the button does instead: whether it is pressed, by the milliseconds since the question.
    pub finger: Option<fn(u64) -> bool>,
    /// The actions that the token asked for.
    pub asked: Rc<RefCell<Vec<Action>>>,
    /// The fingerprint that it shows.
    pub shown: Option<Fingerprint>,
    /// The counter outside the flash, if the board has one.
    pub generation: Option<Rc<Cell<u32>>>,
    /// Whether that counter fails to rise.
    pub counter_fails: bool,
    /// Milliseconds since the start.
    pub clock: u64,
    /// Milliseconds that each look at the clock takes: one; a clock without any stands still.
    pub tick: u64,
    /// Its clock for measurements, if it measures.
    pub ticks: Option<u32>,
    /// How often the watchdog was fed.
    pub fed: Rc<Cell<u64>>,
    /// When the open question was asked.
    pub question: u64,
    /// Bytes on the way to the board, and those that it sent, where a test reads its link directly.
    pub received: Rc<RefCell<VecDeque<u8>>>,
    /// As above.
    pub sent: Rc<RefCell<Vec<u8>>>,
}

/// What a simulated random generator does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generator {
    /// Gives random bytes.
    Sound,
    /// Reports a failure.
    Fails,
    /// Gives the same byte again and again.
    Stuck(u8),
    /// Gives bytes with this many random bits.
    Poor(u32),
    /// Gives the same random bytes in every draw.
    Repeats,
}

/// A simulated random generator.
#[derive(Clone, Debug)]
pub struct SimRandom {
    seed: u64,
    generator: Rc<Cell<Generator>>,
}

impl SimBoard {
    /// Ticks that each look at its clock for measurements takes.
    pub const LOOK: u32 = 10;

    /// A board that works, whose user consents, and that has no counter outside the flash.
    pub fn new(flash: Flash) -> Self {
        let random = Rc::new(Cell::new(Generator::Sound));
        Self {
            flash,
            secret: [7; 32],
            entropy: Entropy::new(SimRandom { seed: 1, generator: Rc::clone(&random) }),
            random,
            consents: true,
            finger: None,
            asked: Rc::default(),
            shown: None,
            generation: None,
            counter_fails: false,
            clock: 0,
            tick: 1,
            ticks: None,
            fed: Rc::default(),
            question: 0,
            received: Rc::default(),
            sent: Rc::default(),
        }
    }

    /// A board that works, with a counter outside the flash.
    pub fn with_counter(flash: Flash) -> Self {
        Self { generation: Some(Rc::new(Cell::new(0))), ..Self::new(flash) }
    }

    /// A board of its own with the same content of flash and counter.
    pub fn copy(&self) -> Self {
        let generation = self.generation.as_ref().map(|generation| Rc::new(Cell::new(generation.get())));
        Self { flash: self.flash.copy(), generation, ..self.clone() }
    }

    /// Makes the random generator give other bytes.
    pub fn reseed(&mut self, seed: u64) {
        self.entropy = Entropy::new(SimRandom { seed, generator: Rc::clone(&self.random) });
    }
}

impl RandomSource for SimRandom {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyFailed> {
        if self.generator.get() == Generator::Repeats {
            self.seed = 0x9e37_79b9_7f4a_7c15;
        }
        for byte in bytes {
            // xorshift64 (Marsaglia 2003).
            self.seed ^= self.seed << 13;
            self.seed ^= self.seed >> 7;
            self.seed ^= self.seed << 17;
            *byte = match self.generator.get() {
                Generator::Sound | Generator::Repeats => self.seed as u8,
                Generator::Fails => return Err(EntropyFailed),
                Generator::Stuck(byte) => byte,
                Generator::Poor(bits) => self.seed as u8 & ((1 << bits) - 1) as u8,
            };
        }
        Ok(())
    }
}

impl Board for SimBoard {
    type Flash = Flash;
    type Random = SimRandom;
    const NAME: [u8; 16] = *b"simulated\0\0\0\0\0\0\0";
    const CONFIRMS: bool = true;
    const SHOWS_FINGERPRINT: bool = true;
    const LAST_GENERATION: u32 = 200;

    fn receive(&mut self) -> Option<u8> {
        self.received.borrow_mut().pop_front()
    }

    fn send(&mut self, bytes: &[u8]) {
        self.sent.borrow_mut().extend_from_slice(bytes);
    }

    fn flash(&mut self) -> &mut Flash {
        &mut self.flash
    }

    fn entropy(&mut self) -> &mut Entropy<SimRandom> {
        &mut self.entropy
    }

    fn secret(&mut self) -> Result<BoardSecret, NoSecret> {
        BoardSecret::filled_by(|bytes| *bytes = self.secret)
    }

    fn uptime(&mut self) -> u64 {
        self.clock += self.tick;
        self.clock
    }

    fn ticks(&mut self) -> Option<u32> {
        let ticks = self.ticks.as_mut()?;
        *ticks += Self::LOOK;
        Some(*ticks)
    }

    fn footprint(&mut self) -> Option<Footprint> {
        self.ticks.map(|_| Footprint { per_tick: 1, memory: 2, stack: 3 })
    }

    fn feed_watchdog(&mut self) {
        self.fed.set(self.fed.get() + 1);
    }

    fn button(&mut self) -> bool {
        let since = self.clock - self.question;
        self.finger.map_or(self.consents && (500..700).contains(&since), |finger| finger(since))
    }

    fn show_fingerprint(&mut self, fingerprint: &Fingerprint) {
        self.shown = Some(*fingerprint);
    }

    fn ask(&mut self, action: Option<Action>) {
        if let Some(action) = action {
            self.question = self.clock;
            self.asked.borrow_mut().push(action);
        }
    }

    fn generation(&mut self) -> Option<u32> {
        self.generation.as_ref().map(|generation| generation.get())
    }

    fn raise_generation(&mut self, value: u32) -> Result<(), CounterFailed> {
        match &self.generation {
            Some(generation) if !self.counter_fails => {
                assert_eq!(value, generation.get() + 1, "the counter rises by one");
                self.flash.pass().map_err(|_| CounterFailed)?;
                generation.set(value);
                Ok(())
            }
            _ => Err(CounterFailed),
        }
    }
}
