//! The numeric contract, pinned: a change of any rounding or order anywhere shows here.
#![allow(clippy::unwrap_used)]
#![cfg(feature = "std")]

#[allow(dead_code)]
#[path = "../examples/embedding_hash.rs"]
mod example;

use example::model::{FULL_WIDTH, LINEAR, LONG_FRAMES};
use neural_vault_core::encoder::{Dims, WeightFormat};

#[test]
fn embeddings_with_f32_weights_keep_their_bits() {
    pinned(
        WeightFormat::F32,
        [
            (FULL_WIDTH, 1, "f5493743192b01e37cc22bc034e362b2449039d0a57417efa7d0396c88e08ebc"),
            (FULL_WIDTH, 3, "5830dd78c694aeee6f32694ccad84e4023e8b4cf0b12e6cd989c7e4da7c3abbe"),
            (LONG_FRAMES, 1, "ef275d3f33dff23e1860e89230f3cd3bae5b4898d93891ef60848d7fb6667154"),
            (LONG_FRAMES, 3, "15af61119f009d9246b1775d6697d58e92493b444ec4794f6399e0971a5f5288"),
            (LINEAR, 1, "59ae68275397a0e3c27025e10bfcf090d443d34a0aa4f3fd0c9eb1c7250bf1cd"),
            (LINEAR, 3, "7b1eb6ac18629a5893eac8e8a4fbe214065ba18422be4d8b915daf68671d54f6"),
        ],
    );
}

#[test]
fn embeddings_with_f16_weights_keep_their_bits() {
    pinned(
        WeightFormat::F16,
        [
            (FULL_WIDTH, 1, "370de2626c95e31b0825a33f2c4afa3c8ac3888599acff31ae53bf1ec9e3fc98"),
            (FULL_WIDTH, 3, "92ab65f611437ab618567eba2d61f3b0da0d44f0d45af62fc06b2cfdca3c1b5c"),
            (LONG_FRAMES, 1, "f35b9d811468bb713d0042ddcb38a13078990bf0d472a50dadd88cff999ff83d"),
            (LONG_FRAMES, 3, "fed040998b0ec42ee3bd1c330aa1a2a5fa5373ec55c05f1b26636de53ff3a6be"),
            (LINEAR, 1, "ad2364fc884b87d34f3cee39ded28e1c910e6f5a0377f5a01dd127729d5d1796"),
            (LINEAR, 3, "4f068ee8cd4fe9f7800314707a8a5b6abcfef78e17e986481e84cac1705e5838"),
        ],
    );
}

#[test]
fn embeddings_with_i16_weights_keep_their_bits() {
    pinned(
        WeightFormat::I16,
        [
            (FULL_WIDTH, 1, "d785380db685776a89fb40d4bcc4b4c8658ddc4db8745e225b9a1f98ef429093"),
            (FULL_WIDTH, 3, "3c1868cc41187dc82d9505df0755e04ed39fe11e7e0a2fa89f7354490e032e32"),
            (LONG_FRAMES, 1, "c69d5ba116031508d8395958c50830a37fd7aee552f4100fe8355b4c53e14e37"),
            (LONG_FRAMES, 3, "8e789073a2e726250c03905eab1901fed72325371c55c5e1eb827d1fa6368f77"),
            (LINEAR, 1, "23e1081465e39d1741b15d9d49b59ff246e56f88fce217e1499fcb338986462b"),
            (LINEAR, 3, "3bb43387d0b1ca8671e17cd353d40443c92029e665cb069eb8e1aeba644c48a0"),
        ],
    );
}

#[test]
fn embeddings_with_i8i16_weights_keep_their_bits() {
    pinned(
        WeightFormat::I8I16,
        [
            (FULL_WIDTH, 1, "cddfea00daa163db1172eb125aa215b003bd3d1e7f3a4c8e00405d52f5ce097c"),
            (FULL_WIDTH, 3, "09fda68c3765be9a5b2b453c52fc613045922d3f3f3c99449b59c67f52d214c1"),
            (LONG_FRAMES, 1, "30c36d6392b00b8467973a9e05a66981a3a56eacc4e0606f6e8f7aac062107b1"),
            (LONG_FRAMES, 3, "f9725409487c09af4320b67a4ca6d9f4c303e48a9419baa5a09d479e20b3b5a3"),
            (LINEAR, 1, "5a8b20883b1e17983292e8d8a648a0da2a48884dd14d7d2144ea6e1c43b02f0a"),
            (LINEAR, 3, "786eb19998f3309a073ca319b2a95dc8a230d4b20d66339122f8df7c87b88165"),
        ],
    );
}

#[test]
fn embeddings_with_i8_weights_keep_their_bits() {
    pinned(
        WeightFormat::I8,
        [
            (FULL_WIDTH, 1, "24a2e83f5f583d290e23d8511f3a4630d0e9754baed048c8f7a4237f05ce1671"),
            (FULL_WIDTH, 3, "3e396406934f4ce3b4549259a1548565c22a5426d76ae642ce683bfea11bacc6"),
            (LONG_FRAMES, 1, "295ae321c75c06c2f956eefcf74246527e1958de16c4e65b163d1dd6df0483c3"),
            (LONG_FRAMES, 3, "7c8c461e453ea0fb9a407ae1c1d0f68e706b6c3bed35af68615d312cab9d5583"),
            (LINEAR, 1, "fa001b4eb45edb9a0f4c7ed2f31224518eb0807fe8cb3a8a3c85500e53010334"),
            (LINEAR, 3, "2bf634e2242af761703bba60b4d12fea92a28ec16d3976a49ee151918e38beda"),
        ],
    );
}

fn pinned(format: WeightFormat, hashes: [(Dims, usize, &str); 6]) {
    for (dims, window, hash) in hashes {
        assert_eq!(example::embedding_hash(format, &dims, window).unwrap(), hash, "{dims:?}, window {window}");
    }
}
