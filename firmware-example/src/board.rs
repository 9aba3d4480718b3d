//! What a token needs of the board it runs on: one trait.

use core::error::Error;
use core::fmt;

use embedded_storage::nor_flash::NorFlash;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A board.
pub trait Board {
    /// Flash for the records: [`crate::store::REGION`] bytes from its start, a write size of at most 16 bytes.
    ///
    /// A word is written at most twice between erasures, the second time with zeros. Zeros are written once more where a
    /// power cut, or damage, has left them incomplete.
    type Flash: NorFlash;

    /// Name of the board in ASCII, padded with zeros.
    const NAME: [u8; 16];

    /// The next byte of the serial link, if one was received.
    fn receive(&mut self) -> Option<u8>;

    /// Sends all of `bytes` over the serial link.
    fn send(&mut self, bytes: &[u8]);

    /// The flash that holds the records.
    fn flash(&mut self) -> &mut Self::Flash;

    /// Fills `bytes` from a random generator that is good enough for keys.
    ///
    /// # Errors
    /// The generator failed; the content of `bytes` is unspecified.
    fn entropy(&mut self, bytes: &mut [u8]) -> Result<(), EntropyFailed>;

    /// The secret of this board, the same after every start. Records are sealed under a key derived from it.
    fn secret(&mut self) -> BoardSecret;

    /// Milliseconds since the start; never goes back.
    fn uptime(&mut self) -> u64;

    /// Asks the person at the token for consent, and waits for the answer.
    fn confirm(&mut self, action: Action) -> bool;

    /// Whether [`Board::confirm`] asks a person; on a board without a button it always consents.
    const CONFIRMS: bool;

    /// The generation of the records: a counter outside the flash that never goes back, if there is one; 0 at first.
    ///
    /// Each enrolment, rotation, revocation, provisioning and wipe raises it by one. Records of an earlier generation are
    /// not accepted. Attempts are not counted by it.
    fn generation(&mut self) -> Option<u32> {
        None
    }

    /// Raises the counter of [`Board::generation`]; the token calls this with the next value.
    ///
    /// # Errors
    /// The counter was not raised. The token then refuses to work until a later start has raised it.
    fn raise_generation(&mut self, _generation: u32) -> Result<(), CounterFailed> {
        Err(CounterFailed)
    }

    /// The last value of the counter. The token keeps it for a wipe, and refuses changes that need it for anything else.
    const LAST_GENERATION: u32 = u32::MAX;

    /// A fine clock for measurements, on boards that measure; it wraps at 2^32.
    fn ticks(&mut self) -> Option<u32> {
        None
    }

    /// The unit of [`Board::ticks`] and the memory in use, on boards that measure.
    fn footprint(&mut self) -> Option<Footprint> {
        None
    }
}

/// The 256-bit secret of one board; zeroised on drop, and cannot be printed, copied or compared.
pub struct BoardSecret([u8; 32]);

impl BoardSecret {
    /// A secret whose bytes `fill` writes in place, so that no copy of them is left elsewhere; they are zeros before.
    pub fn filled_by(fill: impl FnOnce(&mut [u8; 32])) -> Self {
        let mut secret = Self([0; 32]);
        fill(&mut secret.0);
        secret
    }

    /// The secret's bytes. The caller clears any copy it makes.
    pub fn expose_secret(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for BoardSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for BoardSecret {}

/// The random generator failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntropyFailed;

impl fmt::Display for EntropyFailed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the random generator failed")
    }
}

impl Error for EntropyFailed {}

/// The counter of generations could not be raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterFailed;

impl fmt::Display for CounterFailed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the counter of generations could not be raised")
    }
}

impl Error for CounterFailed {}

/// What a person at the token is asked to consent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// The host becomes the administrator of this blank token.
    Provision,
    /// All records are erased.
    Wipe,
    /// A key leaves the token.
    ExportKey,
}

/// The unit of a board's ticks, and the memory in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// Instructions, or another unit, in one tick.
    pub per_tick: u32,
    /// Bytes of static memory.
    pub memory: u32,
    /// Most bytes of stack ever in use since the start.
    pub stack: u32,
}
