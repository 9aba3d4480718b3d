//! Known answer of a connectome model's arithmetic, by a small model that is part of the firmware.

use neural_vault_core::encoder::{Dims, Encoder};

use super::encoder::{Aligned, embed, has_bits};

/// Sizes of the small model, whose frames have features of no region.
const DIMS: Dims = Dims::connectome(7, 5);

const COUNT: usize = 4;
#[rustfmt::skip]
const FRAMES: [f32; COUNT * DIMS.features] = [
    0.5, -1.25, 2.0, -0.75, 1.5, -2.5, 0.25,
    1.0, -0.5, 3.0, 0.125, -1.5, 0.75, 2.25,
    -2.0, 0.375, 1.25, -3.0, 0.625, 1.75, -0.25,
    0.875, 2.5, -1.0, 1.125, -0.375, -0.125, 3.5,
];

static MODEL: &Aligned<[u8]> = &Aligned(*include_bytes!("known.connectome.nvb"));

/// The embedding as bits.
const EMBEDDING: [u32; DIMS.latent] = [
    0xbd2c_73e4,
    0x3ee3_1a4a,
    0xbec5_b4a1,
    0x3ebf_a2a4,
    0xbdbb_742c,
    0xbe13_a388,
    0x3f04_d7e3,
    0x3e3f_e002,
    0xbe80_4bbd,
    0xbeae_5646,
];

/// Whether the small model opens, and embeds the frames as expected in every bit.
pub(super) fn is_sound() -> bool {
    has_bits(embed(&MODEL.0, COUNT, &FRAMES, &mut [0.0; Encoder::scratch_len(&DIMS, COUNT)]), &EMBEDDING)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use neural_vault_core::bundle::Bundle;
    use neural_vault_core::scan::ScanEncoder;

    #[test]
    fn the_known_answer_is_that_of_the_portable_kernel() {
        let bytes = neural_vault_core::testing::bundle(&DIMS, 7, None).unwrap();
        assert!(*bytes.bytes() == MODEL.0, "the file is the test kit's model of these sizes");
        let mut scratch = [0.0; Encoder::scratch_len(&DIMS, COUNT)];
        let mut expected = [0.0; DIMS.latent];
        let bundle = Bundle::open(bytes.bytes()).unwrap();
        let encoder = bundle.encoder();
        ScanEncoder::new(&encoder, COUNT, &mut scratch).unwrap().embed(&FRAMES, &mut expected).unwrap();
        assert_eq!(expected.map(f32::to_bits), EMBEDDING);
        assert!(is_sound());
    }
}
