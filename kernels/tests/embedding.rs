//! Every kernel's embeddings have the bits of the portable kernel, which core's tests pin.
#![allow(clippy::unwrap_used)]

#[path = "support/comparison.rs"]
mod comparison;

use std::ops::RangeInclusive;

use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::{Dims, Encoder, WeightFormat};
use neural_vault_core::kernel::Kernel;
use neural_vault_core::scan::ScanEncoder;
use neural_vault_core::testing::{CONNECTOME, FULL_WIDTH, LONG_FRAMES, PARCELS, Random, bundle_in};

use comparison::compare;

#[test]
fn embeddings_have_the_bits_of_the_portable_kernel() {
    for dims in [Dims { positions: 17, ..FULL_WIDTH }, Dims { positions: 9, ..LONG_FRAMES }, Dims::linear(1_030, 48, 9)]
    {
        for format in WeightFormat::ALL {
            check(format, &dims, 1..=dims.positions);
        }
    }
    for dims in [CONNECTOME, PARCELS, Dims::connectome(128, 128), Dims::connectome(16, 16)] {
        check(WeightFormat::F32, &dims, 2..=27);
    }
}

fn check(format: WeightFormat, dims: &Dims, windows: RangeInclusive<usize>) {
    let bytes = bundle_in(format, dims, 2026, None).unwrap();
    let portable = Bundle::open(bytes.bytes()).unwrap().encoder();
    for (name, kernel) in neural_vault_kernels::usable() {
        for window in windows.clone() {
            let frames = Random(11).floats(window * dims.features, 3.0);
            let bits = |encoder: Encoder<'_>| {
                let mut scratch = vec![0.0; Encoder::scratch_len(dims, window)];
                let mut embedding = vec![0.0; dims.latent];
                encoder.embed_window(&frames, &mut scratch, &mut embedding).unwrap();
                embedding.into_iter().map(f32::to_bits).collect::<Vec<_>>()
            };
            let (here, there) = (bits(portable.with_kernel(kernel)), bits(portable));
            assert_eq!(here, there, "{name}, {}, window of {window} frames", format.name());
            let in_pieces = |encoder: Encoder<'_>| {
                let mut scratch = vec![0.0; Encoder::scratch_len(dims, window)];
                let mut scan = ScanEncoder::new(&encoder, window, &mut scratch).unwrap();
                // Pieces that end at a quad, within one, and in the next frame.
                let mut rest = &frames[..];
                for length in [256, 1, 2, 512, 3, 48].into_iter().cycle() {
                    let (piece, after) = rest.split_at(rest.len().min(length));
                    scan.push(piece).unwrap();
                    rest = after;
                    if rest.is_empty() {
                        break;
                    }
                }
                let mut embedding = vec![0.0; dims.latent];
                scan.finish(&mut embedding).unwrap();
                embedding.into_iter().map(f32::to_bits).collect::<Vec<_>>()
            };
            let (here, there) = (in_pieces(portable.with_kernel(kernel)), in_pieces(portable));
            assert_eq!(here, there, "{name}, {}, window of {window} frames in pieces", format.name());
        }
    }
}

#[test]
fn scans_of_every_kind_have_the_bits_of_the_portable_kernel() {
    for format in WeightFormat::ALL {
        let kernels = neural_vault_kernels::usable();
        for ((name, _), found) in kernels.iter().zip(compare(format, &kernels, 500).unwrap()) {
            assert_eq!((found.scans, found.differing), (500, 0), "{name}, {}", format.name());
            assert_eq!(found.words, 128 * (500 - found.refused), "{name}, {}", format.name());
        }
    }
}

#[test]
fn a_kernel_that_is_one_bit_off_is_found() {
    const ONE_BIT_OFF: Kernel = Kernel {
        close_block: |totals, partials| {
            (Kernel::PORTABLE.close_block)(totals, partials);
            totals[0] = totals[0].next_up();
        },
        ..Kernel::PORTABLE
    };
    let kernels = [("one bit off", &ONE_BIT_OFF)];
    let found = compare(WeightFormat::F32, &kernels, 20).unwrap();
    assert!(found[0].differing > 0, "{found:?}");
}
