//! Embeddings have the bits of the portable kernel, which core's tests pin.
#![allow(clippy::unwrap_used)]

#[path = "../../core/tests/model/mod.rs"]
mod model;

use model::{FULL_WIDTH, LONG_FRAMES, Random};
use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::{Dims, Encoder, WeightFormat};

#[test]
fn embeddings_have_the_bits_of_the_portable_kernel() {
    for dims in [Dims { positions: 17, ..FULL_WIDTH }, Dims { positions: 9, ..LONG_FRAMES }, Dims::linear(1_030, 48, 9)]
    {
        for format in WeightFormat::ALL {
            compare(format, &dims);
        }
    }
}

fn compare(format: WeightFormat, dims: &Dims) {
    let bytes = model::bundle_in(format, dims, 2026, None).unwrap();
    let portable = Bundle::open(bytes.bytes()).unwrap().encoder();
    for (name, kernel) in neural_vault_kernels::usable() {
        for window in 1..=dims.positions {
            let frames = Random(11).floats(window * dims.features, 3.0);
            let bits = |encoder: Encoder<'_>| {
                let mut scratch = vec![0.0; Encoder::scratch_len(dims, window)];
                let mut embedding = vec![0.0; dims.latent];
                encoder.embed_window(&frames, &mut scratch, &mut embedding).unwrap();
                embedding.into_iter().map(f32::to_bits).collect::<Vec<_>>()
            };
            let (here, there) = (bits(portable.with_kernel(kernel)), bits(portable));
            assert_eq!(here, there, "{name}, {}, window of {window} frames", format.name());
        }
    }
}
