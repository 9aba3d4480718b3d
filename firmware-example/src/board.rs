//! What a token needs of the board it runs on: one trait.

use core::error::Error;
use core::fmt;

use embedded_storage::nor_flash::NorFlash;
use neural_vault_core::wire::Fault;
pub use neural_vault_session::Fingerprint;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::entropy::{Entropy, RandomSource};

/// A board.
pub trait Board {
    /// Flash for the records: [`crate::store::REGION`] bytes from its start, a write size of at most 16 bytes.
    ///
    /// A word is written at most twice between erasures, the second time with zeros. Zeros are written once more where a
    /// power cut, or damage, has left them incomplete.
    type Flash: NorFlash;

    /// The board's random generator.
    type Random: RandomSource;

    /// Name of the board in ASCII, padded with zeros.
    const NAME: [u8; 16];

    /// The next byte of the serial link, if one was received.
    fn receive(&mut self) -> Option<u8>;

    /// Sends all of `bytes` over the serial link.
    fn send(&mut self, bytes: &[u8]);

    /// The flash that holds the records.
    fn flash(&mut self) -> &mut Self::Flash;

    /// The random generator, behind its health tests: every random byte of the token comes from here.
    fn entropy(&mut self) -> &mut Entropy<Self::Random>;

    /// The secret of this board, the same after every start. Records are sealed under a key derived from it.
    ///
    /// # Errors
    /// The board has none, or cannot read it.
    fn secret(&mut self) -> Result<BoardSecret, NoSecret>;

    /// Milliseconds since the start; never goes back.
    fn uptime(&mut self) -> u64;

    /// Whether a person can give consent. Without a button, everything is done without asking.
    const CONFIRMS: bool;

    /// Whether the button is pressed now. Its contact may bounce: the token decides what counts as a press.
    fn button(&mut self) -> bool;

    /// Shows which action waits for a press, so that a person knows what they agree to; `None` when none waits any more.
    fn ask(&mut self, action: Option<Action>);

    /// Whether [`Board::show_fingerprint`] shows it.
    const SHOWS_FINGERPRINT: bool = false;

    /// Shows a person the fingerprint of the token's key, at first contact with a host, which shows it too.
    fn show_fingerprint(&mut self, _fingerprint: &Fingerprint) {}

    /// Tells the watchdog that the program still runs. A token that hangs for longer than the watchdog allows must be reset
    /// by it; opening a model takes the longest, some seconds.
    fn feed_watchdog(&mut self) {}

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
    ///
    /// # Errors
    /// All bytes are 0x00, or all are 0xff: memory that was never written, or cannot be read.
    pub fn filled_by(fill: impl FnOnce(&mut [u8; 32])) -> Result<Self, NoSecret> {
        let mut secret = Self([0; 32]);
        fill(&mut secret.0);
        // Every byte is looked at, so that the time does not depend on the secret.
        let (ones, zeros) = secret.0.iter().fold((0xff, 0), |(ones, zeros), byte| (ones & byte, zeros | byte));
        if ones == 0xff || zeros == 0 { Err(NoSecret) } else { Ok(secret) }
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

/// The board has no secret: its place holds only zeros or only ones, or cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSecret;

impl fmt::Display for NoSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the board has no secret")
    }
}

impl Error for NoSecret {}

impl From<NoSecret> for Fault {
    fn from(_: NoSecret) -> Self {
        Self::NoSecret
    }
}

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
    /// A scan is compared with an enrolment.
    Verify,
    /// A challenge is answered.
    Challenge,
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn errors_of_a_board_say_what_failed() {
        assert_eq!(NoSecret.to_string(), "the board has no secret");
        assert_eq!(CounterFailed.to_string(), "the counter of generations could not be raised");
    }

    #[test]
    fn a_secret_of_zeros_or_ones_alone_is_none() {
        for value in [0x00, 0xff] {
            assert!(BoardSecret::filled_by(|bytes| bytes.fill(value)).is_err());
            for place in 0..32 {
                let written = BoardSecret::filled_by(|bytes| {
                    bytes.fill(value);
                    bytes[place] ^= 1;
                });
                assert!(written.is_ok());
            }
        }
    }
}
