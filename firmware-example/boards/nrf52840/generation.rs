//! The counter of generations: the customer's words of the UICR, which only an erasure of the UICR or of the whole chip sets
//! back (chapters UICR and NVMC).
//!
//! A word may be written twice between erasures (table nWRITE), so the 32 words count 64 changes: each step clears half a
//! word, the lower half first. That is the life of a token between two erasures of its chip: each provisioning, enrolment,
//! rotation, revocation and wipe takes a step, and the last one is kept for a wipe.

use neural_vault_token::board::CounterFailed;

use crate::flash::Region;

/// The last value.
pub const LAST: u32 = 2 * WORDS;

const WORDS: u32 = 32;

// SAFETY: UICR.CUSTOMER[0..32], which the chip does not use.
const CUSTOMER: Region = unsafe { Region::new(0x1000_1080, 4 * WORDS) };

const HALF: u32 = 0xffff;

/// The counter's value. A half counts from its first cleared bit on, so that a power cut in a step completes it.
pub fn value() -> u32 {
    (0..WORDS).map(|index| steps(CUSTOMER.word(4 * index).unwrap_or(0))).sum()
}

/// Raises the counter by one, to `value`.
pub fn raise(to: u32) -> Result<(), CounterFailed> {
    let now = value();
    if to > LAST || now.checked_add(1) != Some(to) {
        return Err(CounterFailed);
    }
    let (word, step) = (now / 2, now % 2);
    let left = if step == 0 { !HALF } else { 0 };
    let mut customer = CUSTOMER;
    customer.set_word(4 * word, left).map_err(|_| CounterFailed)?;
    if value() == to { Ok(()) } else { Err(CounterFailed) }
}

/// Steps that a word has counted.
fn steps(word: u32) -> u32 {
    u32::from(word & HALF != HALF) + u32::from(word >> 16 != HALF)
}
