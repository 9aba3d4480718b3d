//! The numeric contract, pinned: a change of any rounding or order anywhere shows here.
#![allow(clippy::unwrap_used)]
#![cfg(feature = "std")]

#[allow(dead_code, reason = "an example uses the rest")]
#[path = "support/hashes.rs"]
mod hashes;

use hashes::embedding_hash;
use neural_vault_core::bundle::{Bundle, Description};
use neural_vault_core::encoder::{Dims, Encoder, Fill, WeightFormat};
use neural_vault_core::scan::ScanEncoder;
use neural_vault_core::testing::{CONNECTOME, FULL_WIDTH, LINEAR, LONG_FRAMES, PARCELS, Random, described_bundle};
use sha2::{Digest, Sha256};

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
            (FULL_WIDTH, 1, "2c4bc15a9397fda173d0eaf7cd02bb01cdf3562203ec222ca07acafab040515e"),
            (FULL_WIDTH, 3, "ccbd64aeb2e43d874ab39dc16b0eaa6b6b15c909b5186ec2ea9abf55a5675da0"),
            (LONG_FRAMES, 1, "21f920f13d9920f327c9a8fafdb8881bbfdfd1cf491ca1284b80bb9ccceca721"),
            (LONG_FRAMES, 3, "ca26957fca4b7495152af4ebae437a802c1ce7fe2184438f7adde91c0d1b8a00"),
            (LINEAR, 1, "00a43f96c5ff1c2910cb07a90cf332e434d5b038c52aac3628e1caa5712cd173"),
            (LINEAR, 3, "c303c822336b4bc7bef644649887e81410c4906f6c75e136696e94793e3afa73"),
        ],
    );
}

#[test]
fn embeddings_with_i8_weights_keep_their_bits() {
    pinned(
        WeightFormat::I8,
        [
            (FULL_WIDTH, 1, "c7e6aa6c7150b7670c28abffc28e4a95720f3a1308e9aadd71287bc3a161ca19"),
            (FULL_WIDTH, 3, "264dbabc5938fb750dc76db8e8bc2223f276b3e972b72257419e172ff10d90e3"),
            (LONG_FRAMES, 1, "669d027a421a27ed189d364919e7f3aca1e6e7d31f2e6859ec4b2140883bac3f"),
            (LONG_FRAMES, 3, "515d100c732a13fcab3ec698ee86fcb66661b23d61a8ec23fec67754ea67a1c6"),
            (LINEAR, 1, "fb6e5c3a5ab49c8bcf7c5e4ff0f3e6cf26dc4f03f0edb72381e894448b5ed65b"),
            (LINEAR, 3, "9db3b573eb6306b091f3605fcb623620f4b4ad896220a9a0928f707bd20e17b4"),
        ],
    );
}

#[test]
fn embeddings_of_frames_with_gaps_keep_their_bits_under_both_rules() {
    for (format, reference, mean) in [
        (
            WeightFormat::F32,
            "57cf252700fc0090e95f0356d5c40f26f50b4c73038c797e1b80b208aef495a0",
            "7ef0e109bb11b58d6749f74444f4c1ae10a8d8c3f48ebe9aa38f3888366eeecc",
        ),
        (
            WeightFormat::F16,
            "47971d525378cfa9a514fddea23dc89efc2badf718d81e20c8c155c41f145d35",
            "a3b556740362939c430e32eac7ba6b70f4d659f91a57c04f2e4317b7f295f025",
        ),
        (
            WeightFormat::I16,
            "46ca0252ffca99157b05016177961fbd2782380db16366ddce4d174143f96a5e",
            "837247fcec7aa90bdb5f664ae182e866c9eae78ccd6b23eecf87b5198aaaa930",
        ),
        (
            WeightFormat::I8I16,
            "728ad0f4186ff75b065ec1ebd197b2668e0efcddff90ac9e946d7b592fc54a3e",
            "da67f026d24c021dae68773be90a35b7034a068ced77909ffc811a0c787b1d30",
        ),
        (
            WeightFormat::I8,
            "034b09694789e6f521e822eab9c668e046bc5f45a16b4f49c037f24ac46e702b",
            "9d797b17fd1aa330c212c472642555ececcc3a1169c3a3dfefb2cc060113034c",
        ),
    ] {
        assert_eq!(hash_with_gaps(format, Fill::Reference), reference, "{format:?}");
        assert_eq!(hash_with_gaps(format, Fill::Mean), mean, "{format:?}");
    }
}

#[test]
fn embeddings_of_connectomes_keep_their_bits() {
    for (dims, frames, hash) in [
        (CONNECTOME, 25, "eea0bca2514b9389696512a682c72798a790295eac9a5b91a2df059c630ae48b"),
        (CONNECTOME, 3, "089518663319b6c52ed034ac374ed29dd480a4fd79af6b6e6d8cf68df82216d7"),
        (PARCELS, 25, "4cee68593f27a5b50da08a08804feeff44a14012cd3bb812f0505d1c1b43e4a5"),
        (PARCELS, 3, "134a9a328f3a918ac8b1134d52dd6e5f65776535acb08ee89bf8fbc54e1dc379"),
    ] {
        assert_eq!(embedding_hash(WeightFormat::F32, &dims, frames).unwrap(), hash, "{dims:?}, twice {frames} frames");
    }
}

/// SHA-256 of the embeddings of 20 random scans in which every seventh value is not finite.
fn hash_with_gaps(format: WeightFormat, fill: Fill) -> String {
    let description = Description { fill, window: 1, recipe: "", labels: [0; 32] };
    let bytes = described_bundle(Some(&description), format, &FULL_WIDTH, 2026, None).unwrap();
    let encoder = Bundle::open(bytes.bytes()).unwrap().encoder();
    let mut random = Random(12);
    let mut hash = Sha256::new();
    for _ in 0..20 {
        let mut scan = random.floats(3 * FULL_WIDTH.features, 3.0);
        let gaps = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY].into_iter().cycle();
        scan.iter_mut().step_by(7).zip(gaps).for_each(|(value, gap)| *value = gap);
        let (mut scratch, mut embedding) = (vec![0.0; Encoder::scratch_len(&FULL_WIDTH, 3)], [0.0f32; 128]);
        ScanEncoder::new(&encoder, 3, &mut scratch).unwrap().embed(&scan, &mut embedding).unwrap();
        embedding.iter().for_each(|component| hash.update(component.to_le_bytes()));
    }
    hex::encode(hash.finalize())
}

fn pinned(format: WeightFormat, hashes: [(Dims, usize, &str); 6]) {
    for (dims, window, hash) in hashes {
        assert_eq!(embedding_hash(format, &dims, window).unwrap(), hash, "{dims:?}, window {window}");
    }
}
