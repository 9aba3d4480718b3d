//! Embeddings have the bits of the portable kernel, which core's tests pin.
#![allow(clippy::unwrap_used)]

#[path = "../../core/tests/model/mod.rs"]
mod model;

use model::{FULL_WIDTH, Random};
use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::{Dims, Encoder};

const LONG: Dims = Dims { positions: 9, ..FULL_WIDTH };

#[test]
fn embeddings_have_the_bits_of_the_portable_kernel() {
    let bytes = model::bundle(&LONG, 2026, None).unwrap();
    let portable = Bundle::open(bytes.bytes()).unwrap().encoder();
    let best = portable.with_kernel(neural_vault_kernels::best());
    for window in 1..=LONG.positions {
        let frames = Random(11).floats(window * LONG.features, 3.0);
        let bits = |encoder: Encoder<'_>| {
            let mut scratch = vec![0.0; Encoder::scratch_len(&LONG, window)];
            let mut embedding = [0.0; 128];
            encoder.embed_window(&frames, &mut scratch, &mut embedding).unwrap();
            embedding.map(f32::to_bits)
        };
        assert_eq!(bits(best), bits(portable), "window of {window} frames");
    }
}
