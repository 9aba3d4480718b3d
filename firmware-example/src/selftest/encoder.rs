//! Known answer of the encoder, by a small model that is part of the firmware.

use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::{Dims, Encoder};
use neural_vault_core::scan::ScanEncoder;
#[cfg(not(feature = "weights-f32"))]
use neural_vault_kernels::best as kernel;
#[cfg(feature = "weights-f32")]
use neural_vault_token_kernel::kernel;

/// Widths of the small model. It has one of each part of an encoder.
const DIMS: Dims = Dims { features: 5, d_model: 16, heads: 2, layers: 1, feed_forward: 16, latent: 16, positions: 3 };

/// A window of two frames, so that attention has something to weigh.
const WINDOW: usize = 2;
const FRAMES: [f32; WINDOW * DIMS.features] = [0.5, -1.25, 2.0, -0.75, 1.5, -2.5, 0.25, 1.0, -0.5, 3.0];

/// A bundle starts at a multiple of four.
#[repr(C, align(4))]
pub(super) struct Aligned<B: ?Sized>(pub(super) B);

#[cfg(not(feature = "weights-f32"))]
static MODEL: &Aligned<[u8]> = &Aligned(*include_bytes!("known.i8i16.nvb"));
#[cfg(feature = "weights-f32")]
static MODEL: &Aligned<[u8]> = &Aligned(*include_bytes!("known.f32.nvb"));

/// The embedding as bits.
#[cfg(not(feature = "weights-f32"))]
const EMBEDDING: [u32; DIMS.latent] = [
    0xbe3b_225a,
    0x3e88_f5a8,
    0x3e98_da57,
    0x3da2_382e,
    0xbe3d_b831,
    0x3dc5_5541,
    0xbe55_c116,
    0xbe4a_183c,
    0xbf0f_374e,
    0x3db8_6ed4,
    0xbe39_7df9,
    0xbec3_2c8a,
    0x3e6c_8d09,
    0xbe5c_7aab,
    0xbde5_0f76,
    0x3e7f_1f99,
];
#[cfg(feature = "weights-f32")]
const EMBEDDING: [u32; DIMS.latent] = [
    0xbe3f_2efa,
    0x3e81_b548,
    0x3e9b_f0c8,
    0x3dbe_b65a,
    0xbe55_3c26,
    0x3dc6_672e,
    0xbe30_e60f,
    0xbe30_e70f,
    0xbf0e_d150,
    0x3dac_0d79,
    0xbe1c_48da,
    0xbec1_61c0,
    0x3e8f_f8f1,
    0xbe51_5158,
    0xbded_ab8a,
    0x3e86_0832,
];

/// Whether the small model opens, and embeds the frames as expected in every bit.
pub(super) fn is_sound() -> bool {
    has_bits(embed(&MODEL.0, WINDOW, &FRAMES, &mut [0.0; Encoder::scratch_len(&DIMS, WINDOW)]), &EMBEDDING)
}

/// The embedding of the frames by a model, as a scan, so that the code is that of every other scan.
pub(super) fn embed<'s>(model: &[u8], window: usize, frames: &[f32], scratch: &'s mut [f32]) -> Option<&'s [f32]> {
    let bundle = Bundle::open(model).ok()?;
    let encoder = bundle.encoder().with_kernel(kernel());
    let mut scan = ScanEncoder::new(&encoder, window, scratch).ok()?;
    scan.push(frames).ok()?;
    Some(scan.finish_in_place().ok()?)
}

/// Whether there is an embedding, and it has these bits.
pub(super) fn has_bits(embedding: Option<&[f32]>, expected: &[u32]) -> bool {
    embedding.is_some_and(|found| found.iter().map(|component| component.to_bits()).eq(expected.iter().copied()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use neural_vault_core::encoder::WeightFormat;

    #[cfg(not(feature = "weights-f32"))]
    const FORMAT: WeightFormat = WeightFormat::I8I16;
    #[cfg(feature = "weights-f32")]
    const FORMAT: WeightFormat = WeightFormat::F32;

    #[test]
    fn the_known_answer_is_that_of_the_portable_kernel() {
        let bytes = neural_vault_core::testing::bundle_in(FORMAT, &DIMS, 7, None).unwrap();
        assert!(*bytes.bytes() == MODEL.0, "the file is the test kit's model of these widths");
        let mut scratch = [0.0; Encoder::scratch_len(&DIMS, WINDOW)];
        let mut expected = [0.0; DIMS.latent];
        let bundle = Bundle::open(bytes.bytes()).unwrap();
        let encoder = bundle.encoder();
        ScanEncoder::new(&encoder, WINDOW, &mut scratch).unwrap().embed(&FRAMES, &mut expected).unwrap();
        assert_eq!(expected.map(f32::to_bits), EMBEDDING);
        assert!(is_sound());
    }

    #[test]
    fn an_embedding_with_another_bit_or_none_is_not_the_known_answer() {
        let embedding = EMBEDDING.map(f32::from_bits);
        let mut other = embedding;
        other[15] = other[15].next_up();
        assert!(has_bits(Some(&embedding), &EMBEDDING));
        assert!(!has_bits(Some(&other), &EMBEDDING));
        assert!(!has_bits(Some(&embedding[..15]), &EMBEDDING));
        assert!(!has_bits(None, &EMBEDDING));
    }
}
