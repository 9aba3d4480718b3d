//! SHA-256 (FIPS 180-4) on the compression function of `sha2`.
//!
//! HMAC starts it from states that were kept, which `sha2`'s own hash cannot.

use core::slice;

use sha2::block_api::compress256;
use zeroize::Zeroize;

/// Bytes hashed at a time.
pub(crate) const BLOCK: usize = 64;

/// What the hash remembers of whole blocks.
pub(crate) type State = [u32; 8];

/// The state before the first block (5.3.3).
const INITIAL: State =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// What ends a message before its length: one bit, then zeros (5.1.1).
const END: [u8; BLOCK] = {
    let mut end = [0; BLOCK];
    end[0] = 0x80;
    end
};

/// A message on its way; its state is zeroised on drop, its last block stays.
pub(crate) struct Sha256 {
    state: State,
    /// Bytes so far; those of an unfinished block wait in `block`.
    length: usize,
    block: [u8; BLOCK],
}

/// The digest of a message.
#[cfg(feature = "encoder")]
pub(crate) fn sha256(message: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::after(INITIAL, 0);
    hash.update(message);
    hash.finalize()
}

/// The state after one block.
pub(crate) fn state_after(block: &[u8; BLOCK]) -> State {
    let mut state = INITIAL;
    compress256(&mut state, slice::from_ref(block));
    state
}

impl Sha256 {
    /// Goes on after blocks of `length` bytes.
    #[inline(always)]
    pub(crate) fn after(state: State, length: usize) -> Self {
        Self { state, length, block: [0; BLOCK] }
    }

    pub(crate) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let waiting = self.length % BLOCK;
            let (whole, _) = bytes.as_chunks();
            let taken = if waiting == 0 && !whole.is_empty() {
                compress256(&mut self.state, whole);
                whole.as_flattened().len()
            } else {
                let free = self.block.get_mut(waiting..).unwrap_or_default();
                free.iter_mut().zip(bytes).for_each(|(free, byte)| *free = *byte);
                let taken = free.len().min(bytes.len());
                if waiting + taken == BLOCK {
                    compress256(&mut self.state, slice::from_ref(&self.block));
                }
                taken
            };
            self.length = self.length.wrapping_add(taken);
            bytes = bytes.get(taken..).unwrap_or_default();
        }
    }

    /// Ends the message, which then takes no more.
    pub(crate) fn finalize(&mut self) -> [u8; 32] {
        let waiting = self.length % BLOCK;
        let free = self.block.get_mut(waiting..).unwrap_or_default();
        free.iter_mut().zip(END).for_each(|(free, byte)| *free = byte);
        if waiting >= BLOCK - 8 {
            compress256(&mut self.state, slice::from_ref(&self.block));
            self.block = [0; BLOCK];
        }
        if let Some(end) = self.block.last_chunk_mut() {
            *end = (self.length as u64).wrapping_mul(8).to_be_bytes();
        }
        compress256(&mut self.state, slice::from_ref(&self.block));
        let mut digest = [[0; 4]; 8];
        digest.iter_mut().zip(&self.state).for_each(|(bytes, word)| *bytes = word.to_be_bytes());
        digest.as_flattened().try_into().unwrap_or([0; 32])
    }
}

impl Drop for Sha256 {
    fn drop(&mut self) {
        self.state.zeroize();
    }
}
