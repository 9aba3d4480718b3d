//! The secret that seals the records: drawn at the first start into a page of its own; an erasure of the chip destroys it.
//!
//! Nothing of it is in the factory's registers, which the debug port shows on an unlocked chip and no erasure changes. From
//! the start on, the page cannot be written or erased (chapter ACL). It stays readable: a token reads its secret for each
//! record and clears it again, because a copy in memory for all that time would be easier to get at.

use embedded_storage::nor_flash::NorFlash;
use neural_vault_token::board::{BoardSecret, NoSecret};
use neural_vault_token::entropy::{Entropy, RandomSource};
use nrf_pac::ACL;
use nrf_pac::acl::vals::{Read, Write};
use zeroize::Zeroizing;

use crate::flash::{PAGE, SECRET, SECRET_AT};

const BYTES: u32 = 32;

/// The word after the secret: zero once all of it is on the flash.
const COMMITTED: u32 = 0;

/// Makes a secret if there is none, and protects its page.
///
/// # Errors
/// The random generator or the flash failed.
pub fn provide<S: RandomSource>(entropy: &mut Entropy<S>) -> Result<(), NoSecret> {
    if SECRET.word(BYTES).map_err(|_| NoSecret)? != COMMITTED {
        create(entropy)?;
    }
    let protected = ACL.acl(0);
    protected.addr().write_value(SECRET_AT);
    protected.size().write_value(PAGE);
    protected.perm().write(|permission| {
        permission.set_write(Write::Disable);
        permission.set_read(Read::Enable);
    });
    Ok(())
}

/// Reads the secret.
///
/// # Errors
/// There is none.
pub fn read() -> Result<BoardSecret, NoSecret> {
    let mut complete = SECRET.word(BYTES) == Ok(COMMITTED);
    let secret = BoardSecret::filled_by(|bytes| {
        for (word, offset) in bytes.as_chunks_mut().0.iter_mut().zip((0..).step_by(4)) {
            match SECRET.word(offset) {
                Ok(found) => *word = found.to_le_bytes(),
                Err(_) => complete = false,
            }
        }
    });
    if complete { secret } else { Err(NoSecret) }
}

/// Draws a secret and writes it. A power cut before the last word leaves none, and the next start draws another.
fn create<S: RandomSource>(entropy: &mut Entropy<S>) -> Result<(), NoSecret> {
    let mut drawn = Zeroizing::new([0; BYTES as usize]);
    entropy.draw(&mut *drawn).map_err(|_| NoSecret)?;
    let mut page = SECRET;
    page.erase(0, PAGE).map_err(|_| NoSecret)?;
    page.write(0, &*drawn).map_err(|_| NoSecret)?;
    for (word, offset) in drawn.as_chunks::<4>().0.iter().zip((0..).step_by(4)) {
        if page.word(offset) != Ok(u32::from_le_bytes(*word)) {
            return Err(NoSecret);
        }
    }
    page.set_word(BYTES, COMMITTED).map_err(|_| NoSecret)
}
