//! Random bytes, behind the continuous health tests of NIST SP 800-90B, section 4.4.
//!
//! The tests look at the source's raw bytes, one byte a sample. They assume at least [`MIN_ENTROPY`] bits of min-entropy in
//! a byte, and take a source of that quality for a broken one with a probability of at most 2^-[`ALARM`] a test:
//!
//! | test | fails when | cutoff |
//! |---|---|---|
//! | repetition count (4.4.1) | a byte comes this often in a row | 1 + ⌈ALARM / MIN_ENTROPY⌉ = 6 |
//! | adaptive proportion (4.4.2) | the first byte of 512 comes this often among them | 1 + critbinom(512, 2^-MIN_ENTROPY, 1 - 2^-ALARM) = 31 |
//!
//! where critbinom(n, p, c) is the smallest k such that a binomial variable of n trials with probability p is at most k
//! with a probability of at least c; the tests of this file compute it. From a source with eight bits a byte, six equal
//! bytes in a row come once in 2^40 bytes.
//!
//! The first draw after a start tests [`START_UP`] bytes first and throws them away. After a failed test nothing is drawn
//! any more until the next start.

use core::error::Error;
use core::fmt;

use neural_vault_core::wire::Fault;
use zeroize::Zeroize;

/// Bits of min-entropy that a byte of the source must have.
pub const MIN_ENTROPY: u32 = 6;

/// A sound source fails a test with a probability of at most 2^-ALARM.
pub const ALARM: u32 = 30;

/// Bytes that are tested before the first draw.
pub const START_UP: usize = 1024;

const REPETITIONS: u8 = 1 + ALARM.div_ceil(MIN_ENTROPY) as u8;
const WINDOW: u16 = 512;
const PROPORTION: u16 = 31;

/// A board's source of random bytes.
pub trait RandomSource {
    /// Fills `bytes` with raw bytes of the source: as they come, without a generator that stretches or whitens them if the
    /// hardware allows that. They are used for keys as they are.
    ///
    /// # Errors
    /// The source failed; the content of `bytes` is unspecified.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyFailed>;
}

/// A source behind its health tests.
#[derive(Clone, Debug)]
pub struct Entropy<S> {
    source: S,
    state: State,
    health: Health,
}

/// The source failed, or failed a health test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntropyFailed;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing was drawn yet.
    New,
    /// The start-up test passed.
    Tested,
    /// A test failed.
    Failed,
}

/// The two tests' counts.
#[derive(Clone, Debug, Default)]
struct Health {
    latest: u8,
    /// How often `latest` came in a row.
    repetitions: u8,
    /// The first byte of the window.
    first: u8,
    /// How often it came in the window.
    matches: u16,
    /// Bytes of the window so far.
    seen: u16,
}

impl<S: RandomSource> Entropy<S> {
    /// A source of which nothing was drawn yet.
    pub fn new(source: S) -> Self {
        Self { source, state: State::New, health: Health::default() }
    }

    /// Fills `bytes` with random bytes that passed the tests.
    ///
    /// # Errors
    /// The source failed, or a test failed now or before; `bytes` are zeros.
    pub fn draw(&mut self, bytes: &mut [u8]) -> Result<(), EntropyFailed> {
        let drawn = self.start_up().and_then(|()| self.fill(bytes));
        if drawn.is_err() {
            bytes.zeroize();
        }
        drawn
    }

    fn start_up(&mut self) -> Result<(), EntropyFailed> {
        if self.state == State::New {
            let mut bytes = [0; 32];
            for _ in 0..START_UP / bytes.len() {
                self.fill(&mut bytes)?;
            }
            self.state = State::Tested;
        }
        Ok(())
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyFailed> {
        if self.state == State::Failed {
            return Err(EntropyFailed);
        }
        self.source.fill(bytes)?;
        if !bytes.iter().all(|byte| self.health.admits(*byte)) {
            self.state = State::Failed;
            return Err(EntropyFailed);
        }
        Ok(())
    }
}

impl Health {
    /// Counts a byte; whether both tests still pass.
    fn admits(&mut self, byte: u8) -> bool {
        self.repetitions = if byte == self.latest { self.repetitions.saturating_add(1) } else { 1 };
        self.latest = byte;
        if self.seen == 0 {
            (self.first, self.matches) = (byte, 0);
        }
        self.matches += u16::from(byte == self.first);
        self.seen = (self.seen + 1) % WINDOW;
        self.repetitions < REPETITIONS && self.matches < PROPORTION
    }
}

impl fmt::Display for EntropyFailed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the random generator failed")
    }
}

impl Error for EntropyFailed {}

impl From<EntropyFailed> for Fault {
    fn from(_: EntropyFailed) -> Self {
        Self::Entropy
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::string::ToString;
    use std::vec::Vec;

    /// Sound bytes (splitmix64, Steele et al. 2014), except where `broken` gives another byte for its number.
    struct Source {
        random: u64,
        number: usize,
        broken: fn(usize, u8) -> u8,
    }

    impl RandomSource for Source {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyFailed> {
            for byte in bytes {
                self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut mixed = (self.random ^ self.random >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
                *byte = (self.broken)(self.number, (mixed ^ mixed >> 31) as u8);
                self.number += 1;
            }
            Ok(())
        }
    }

    /// The number of the first byte that cannot be drawn, of a million.
    fn fails_at(broken: fn(usize, u8) -> u8) -> Option<usize> {
        let mut entropy = Entropy::new(Source { random: 1, number: 0, broken });
        (START_UP..1_000_000).find(|_| entropy.draw(&mut [0]).is_err()).map(|_| entropy.source.number)
    }

    #[test]
    fn the_cutoffs_are_those_of_the_standard() {
        assert_eq!(REPETITIONS, 6);
        let (n, p) = (f64::from(WINDOW), 0.5f64.powi(MIN_ENTROPY as i32));
        // Terms of the binomial distribution, each from the one before.
        let mut terms = Vec::from([(1.0 - p).powf(n)]);
        for k in 1..=WINDOW {
            let k = f64::from(k);
            terms.push(terms.last().unwrap() * (n - k + 1.0) / k * p / (1.0 - p));
        }
        let above = |k: usize| terms.iter().skip(k + 1).rev().sum::<f64>();
        let critical = (0..terms.len()).find(|k| above(*k) <= 0.5f64.powi(ALARM as i32)).unwrap();
        assert_eq!(usize::from(PROPORTION), 1 + critical);
    }

    #[test]
    fn a_sound_source_passes() {
        assert_eq!(fails_at(|_, byte| byte), None);
        // Five in a row are no reason to fail.
        assert_eq!(fails_at(|number, byte| if number % 5000 < 5 { 7 } else { byte | 8 }), None);
    }

    #[test]
    fn a_source_that_repeats_itself_fails() {
        assert_eq!(fails_at(|_, _| 0), Some(32), "in the first bytes of the start-up test");
        assert_eq!(fails_at(|_, _| 0xff), Some(32));
        // Byte 5,000 and the five after it.
        assert_eq!(fails_at(|number, byte| if (5000..5006).contains(&number) { 7 } else { byte }), Some(5006));
        assert_eq!(fails_at(|number, byte| if number < 2000 { byte } else { 9 }), Some(2006));
    }

    #[test]
    fn a_source_that_prefers_some_bytes_fails() {
        for broken in [
            |number, _| (number % 2) as u8,
            |number, _| (number % 16) as u8,
            |_, byte: u8| byte & 0x0f,
            // A source that degrades after its start-up test.
            |number, byte| if number < 4000 { byte } else { byte & 0x8f & 0x0f },
        ] as [fn(usize, u8) -> u8; 4]
        {
            assert!(fails_at(broken).is_some_and(|number| number < 6000));
        }
    }

    #[test]
    fn the_first_byte_of_a_window_may_come_thirty_times() {
        let passes = |times: u16| {
            let mut health = Health::default();
            // Between two of them, others that differ from their neighbours.
            (0..WINDOW).all(|n| health.admits(if n % 16 == 0 && n / 16 < times { 1 } else { 2 + (n % 2) as u8 }))
        };
        assert!(passes(30) && !passes(31));
    }

    #[test]
    fn nothing_is_drawn_after_a_failed_test_and_the_bytes_are_cleared() {
        let broken = |number: usize, byte| if (2000..2032).contains(&number) { 7 } else { byte };
        let mut entropy = Entropy::new(Source { random: 1, number: 0, broken });
        entropy.draw(&mut [0; 976]).unwrap();
        for _ in 0..3 {
            let mut bytes = [1; 32];
            assert_eq!(entropy.draw(&mut bytes), Err(EntropyFailed));
            assert_eq!(bytes, [0; 32]);
        }
        assert_eq!(EntropyFailed.to_string(), "the random generator failed");
        assert_eq!(entropy.source.number, 2032, "the source is not asked again");
    }
}
