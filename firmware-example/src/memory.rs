//! All memory of a token, in one place that a board puts where it likes; there is no allocator.

use neural_vault_core::encoder::{Dims, Encoder};

use crate::link::Link;
use crate::scan::ScanMemory;
use crate::store::Buffer;
use crate::vault::Vault;

/// Longest window in frames.
pub const WINDOW: usize = 9;

/// Most components of an embedding.
pub const LATENT: usize = 128;

/// Widths that the scratch memory is made for; features and positions take none of it.
const WIDEST: Dims =
    Dims { features: 1, d_model: 128, heads: 8, layers: 2, feed_forward: 512, latent: LATENT, positions: WINDOW };

/// Floats of the encoder's scratch memory.
pub(crate) const SCRATCH: usize = Encoder::scratch_len(&WIDEST, WINDOW);

/// Memory of a token.
pub struct Memory {
    pub(crate) link: Link,
    pub(crate) scans: ScanMemory,
    pub(crate) vault: Vault,
    pub(crate) buffer: Buffer,
}

impl Memory {
    /// Empty memory, all zeros, so that a static of it takes no flash.
    pub const fn new() -> Self {
        Self { link: Link::new(), scans: ScanMemory::new(), vault: Vault::BLANK, buffer: Buffer::new() }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}
