//! A token's board from what a HAL's traits offer: a link by `embedded-io`, a flash by `embedded-storage`, a button by
//! `embedded-hal`, a random generator by `rand_core`.
//!
//! What these traits do not cover, [`Chip`] asks for: a secret, a clock, and what the board shows. `hal-example` is a
//! board made of `nrf52840-hal` that way.

#![no_std]
#![forbid(unsafe_code)]

use embedded_hal::digital::InputPin;
use embedded_io::{Read, ReadReady, Write};
use embedded_storage::nor_flash::NorFlash;
use neural_vault_token::board::{Action, Board, BoardSecret, CounterFailed, NoSecret};
use neural_vault_token::entropy::{Entropy, EntropyFailed, RandomSource};
use rand_core::TryCryptoRng;

/// What no HAL's traits cover. Each item is that of [`Board`].
pub trait Chip {
    /// [`Board::NAME`].
    const NAME: [u8; 16];

    /// [`Board::LAST_GENERATION`].
    const LAST_GENERATION: u32 = u32::MAX;

    /// [`Board::secret`].
    ///
    /// # Errors
    /// As there.
    fn secret(&mut self) -> Result<BoardSecret, NoSecret>;

    /// [`Board::uptime`].
    fn uptime(&mut self) -> u64;

    /// [`Board::ask`].
    fn ask(&mut self, action: Option<Action>);

    /// [`Board::feed_watchdog`].
    fn feed_watchdog(&mut self);

    /// [`Board::generation`].
    fn generation(&mut self) -> Option<u32> {
        None
    }

    /// [`Board::raise_generation`].
    ///
    /// # Errors
    /// As there.
    fn raise_generation(&mut self, _generation: u32) -> Result<(), CounterFailed> {
        Err(CounterFailed)
    }
}

/// A board of a HAL's parts.
#[derive(Debug)]
pub struct HalBoard<I, O, F, R, P, C> {
    receiver: I,
    transmitter: O,
    flash: F,
    entropy: Entropy<HalRandom<R>>,
    button: P,
    chip: C,
}

/// A generator of `rand_core` as a token's source.
#[derive(Debug)]
pub struct HalRandom<R>(R);

impl<I, O, F, R: TryCryptoRng, P, C> HalBoard<I, O, F, R, P, C> {
    /// A board of these parts: the two halves of a serial port; a flash; the hardware's random generator, not one that
    /// stretches a seed; a button that pulls its pin low while it is pressed; and the rest.
    pub fn new(receiver: I, transmitter: O, flash: F, random: R, button: P, chip: C) -> Self {
        Self { receiver, transmitter, flash, entropy: Entropy::new(HalRandom(random)), button, chip }
    }
}

impl<R: TryCryptoRng> RandomSource for HalRandom<R> {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyFailed> {
        self.0.try_fill_bytes(bytes).map_err(|_| EntropyFailed)
    }
}

impl<I, O, F, R, P, C> Board for HalBoard<I, O, F, R, P, C>
where
    I: Read + ReadReady,
    O: Write,
    F: NorFlash,
    R: TryCryptoRng,
    P: InputPin,
    C: Chip,
{
    type Flash = F;
    type Random = HalRandom<R>;
    const NAME: [u8; 16] = C::NAME;
    const CONFIRMS: bool = true;
    const LAST_GENERATION: u32 = C::LAST_GENERATION;

    /// A byte that arrived damaged is left out: its frame is then damaged, and the host sends it again.
    fn receive(&mut self) -> Option<u8> {
        if !self.receiver.read_ready().ok()? {
            return None;
        }
        let mut byte = [0];
        (self.receiver.read(&mut byte).ok()? == 1).then_some(byte[0])
    }

    /// What cannot be sent is lost: the host asks again.
    fn send(&mut self, bytes: &[u8]) {
        let _ = self.transmitter.write_all(bytes).and_then(|()| self.transmitter.flush());
    }

    fn flash(&mut self) -> &mut F {
        &mut self.flash
    }

    fn entropy(&mut self) -> &mut Entropy<HalRandom<R>> {
        &mut self.entropy
    }

    fn secret(&mut self) -> Result<BoardSecret, NoSecret> {
        self.chip.secret()
    }

    fn uptime(&mut self) -> u64 {
        self.chip.uptime()
    }

    /// A pin that cannot be read is not pressed.
    fn button(&mut self) -> bool {
        self.button.is_low().unwrap_or(false)
    }

    fn ask(&mut self, action: Option<Action>) {
        self.chip.ask(action);
    }

    fn feed_watchdog(&mut self) {
        self.chip.feed_watchdog();
    }

    fn generation(&mut self) -> Option<u32> {
        self.chip.generation()
    }

    fn raise_generation(&mut self, generation: u32) -> Result<(), CounterFailed> {
        self.chip.raise_generation(generation)
    }
}
