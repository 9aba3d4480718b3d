//! Limits of a token: the models and scans that it takes, and the misses that it allows.

use neural_vault_core::encoder::{Dims, Encoder};

/// Most frames of a window.
pub const WINDOW: usize = 9;

/// Most components of an embedding.
pub const LATENT: usize = 128;

/// Most frames of a scan.
pub(crate) const MAX_FRAMES: u32 = 1 << 16;

/// Floats of the encoder's scratch memory.
pub(crate) const SCRATCH: usize = Encoder::scratch_len(&WIDEST, WINDOW);

/// Widths that the scratch memory is large enough for; it does not depend on features and positions.
const WIDEST: Dims =
    Dims { features: 1, d_model: 128, heads: 8, layers: 2, feed_forward: 512, latent: LATENT, positions: WINDOW };

/// Misses in a row, on any slots, after which the token refuses to verify until its next start.
pub const MISSES_IN_A_ROW: u8 = 5;

/// The largest budget: misses on any slots after which the token refuses to verify until an administrator resets it.
pub const MISSES_IN_ALL: u8 = 50;
