//! Limits of a token: the models and scans that it takes, and the misses that it allows.

use neural_vault_core::encoder::{Dims, Encoder};

use crate::form::Form;

/// Most frames of a window.
pub const WINDOW: usize = 9;

/// Most components of an embedding: with the feature `connectome` the pairs of 100 regions.
pub const LATENT: usize = if cfg!(feature = "connectome") { MANY_REGIONS.latent } else { TRANSFORMER.latent };

/// Most frames of a scan.
pub(crate) const MAX_FRAMES: u32 = 1 << 16;

/// Bytes of the longest prototype as it is stored.
pub(crate) const PROTOTYPE: usize =
    if cfg!(feature = "connectome") { Form::new(&MANY_REGIONS).bytes() } else { Form::new(&TRANSFORMER).bytes() };

/// Floats of the encoder's scratch memory, where an embedding and a prototype lie when they are compared.
pub(crate) const SCRATCH: usize = if cfg!(feature = "connectome") {
    Encoder::scratch_len(&MANY_REGIONS, 1)
} else {
    Encoder::scratch_len(&TRANSFORMER, WINDOW)
};

/// Widths that there is memory for; it does not depend on features and positions.
const TRANSFORMER: Dims =
    Dims { features: 1, d_model: 128, heads: 8, layers: 2, feed_forward: 512, latent: 128, positions: WINDOW };

/// Regions that there is memory for, whether features are regions or parts of them.
const MANY_REGIONS: Dims = Dims::connectome(20_484, 100);

/// Misses in a row, on any slots, after which the token refuses to verify until its next start.
pub const MISSES_IN_A_ROW: u8 = 5;

/// The largest budget: misses on any slots after which the token refuses to verify until an administrator resets it.
pub const MISSES_IN_ALL: u8 = 50;

/// Bytes of dead stack that are cleared after each request: as deep as copies of secrets reach, from the link down.
pub(crate) const CLEARED_STACK: usize = 8192;
