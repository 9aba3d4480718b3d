//! Bundles in every weight format: what they hold, and what none may hold.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "std")]

use std::borrow::Cow;

use neural_vault_core::bundle::{Bundle, BundleError, ProvisioningKey, Storage, WriteError, retag, write};
use neural_vault_core::encoder::{Dims, Encoder, WeightFormat};
use neural_vault_core::testing::{Aligned, LINEAR, Random, SMALL, bundle, bundle_in};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

const QUANTISED: [WeightFormat; 4] = [WeightFormat::F16, WeightFormat::I16, WeightFormat::I8I16, WeightFormat::I8];
const INTEGER: [WeightFormat; 3] = [WeightFormat::I16, WeightFormat::I8I16, WeightFormat::I8];

fn small(format: WeightFormat) -> Aligned {
    bundle_in(format, &SMALL, 1, None).unwrap()
}

/// Makes digest and checksum right again, as a forger without the provisioning key would.
fn reseal(bundle: &mut Aligned) {
    let bytes = bundle.bytes_mut();
    let content = bytes.len() - 96;
    let digest = Sha256::digest(&bytes[..content]);
    bytes[content..content + 32].copy_from_slice(&digest);
    let checksum = Sha256::digest(&bytes[content..content + 64]);
    bytes[content + 64..].copy_from_slice(&checksum);
}

/// Writes `value` over the start of a tensor, from the byte `at` on, and opens what that makes.
fn with(format: WeightFormat, name: &str, at: usize, value: &[u8]) -> Option<BundleError> {
    let mut bundle = small(format);
    let tensors = Bundle::open(bundle.bytes()).unwrap().tensors();
    let tensor = { tensors }.find(|tensor| tensor.name == *name).unwrap();
    let start = tensor.offset as usize + at;
    bundle.bytes_mut()[start..start + value.len()].copy_from_slice(value);
    reseal(&mut bundle);
    Bundle::open(bundle.bytes()).err()
}

fn refused(format: WeightFormat, name: &str, at: usize, value: &[u8]) {
    match with(format, name, at, value) {
        Some(BundleError::Value { tensor }) => assert!(tensor == *name, "{tensor}"),
        other => panic!("{}, {name} = {value:?}: {other:?}", format.name()),
    }
}

#[test]
fn a_format_has_its_own_bytes_and_digest() {
    let mut digests = Vec::new();
    for format in WeightFormat::ALL {
        let bytes = small(format);
        let bundle = Bundle::open(bytes.bytes()).unwrap();
        assert_eq!((bundle.format(), bundle.dims()), (format, SMALL));
        assert_eq!(bytes.bytes()[10..12], format.number().to_le_bytes());
        assert!(!digests.contains(bundle.digest()));
        digests.push(*bundle.digest());
    }
}

#[test]
fn weights_stand_for_what_was_written_within_their_step() {
    for dims in [SMALL, LINEAR] {
        let exact = bundle(&dims, 1, None).unwrap();
        let exact = Bundle::open(exact.bytes()).unwrap();
        for format in QUANTISED {
            let bytes = bundle_in(format, &dims, 1, None).unwrap();
            let bundle = Bundle::open(bytes.bytes()).unwrap();
            for tensor in exact.tensors() {
                let name = tensor.name.to_string();
                let (before, after) = (exact.state_tensor(&name).unwrap(), bundle.state_tensor(&name).unwrap());
                match tensor.storage {
                    Storage::Weight => {}
                    Storage::Mean | Storage::InvStd if format.largest_code().is_some() => {
                        assert_eq!(bundle.tensor(&name), None);
                        let rounded = |value: &f32| half::bf16::from_f32(*value).to_f32();
                        assert_eq!(after, before.iter().map(rounded).collect::<Vec<_>>(), "{name}");
                        continue;
                    }
                    _ => {
                        assert_eq!(before, after, "{name}");
                        continue;
                    }
                }
                assert_eq!(bundle.tensor(&name), None);
                let largest = before.iter().fold(0.0f32, |a, b| a.max(b.abs()));
                let step = match format {
                    WeightFormat::F16 => largest / 1024.0,
                    WeightFormat::I16 => largest / 32767.0,
                    _ => largest / 127.0,
                };
                assert!(before.iter().zip(&after).all(|(a, b)| (a - b).abs() <= step), "{name}, {}", format.name());
            }
        }
    }
}

#[test]
fn a_scale_that_is_zero_negative_or_no_number_or_that_makes_a_weight_infinite_is_refused_by_name() {
    for value in [0.0f32, -0.0, -1e-3, 1.1e34, f32::MAX, f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
        for format in INTEGER {
            for name in ["proj.weight_scale", "enc.layers.0.self_attn.in_proj_weight_scale", "head.3.weight_scale"] {
                refused(format, name, 8, &value.to_le_bytes());
            }
        }
        for format in [WeightFormat::I8I16, WeightFormat::I8] {
            refused(format, "proj.input_scale", 0, &value.to_le_bytes());
        }
    }
}

#[test]
fn statistics_of_sixteen_bits_that_none_may_be_are_refused_by_name() {
    for format in [WeightFormat::I8I16, WeightFormat::I8] {
        for bits in [0x7f80u16, 0xff80, 0x7fc0, 0x7f81] {
            refused(format, "standardiser.mean", 2, &bits.to_le_bytes());
            refused(format, "standardiser.inv_std", 2, &bits.to_le_bytes());
        }
        for bits in [0x0000u16, 0x8000, 0xbf80] {
            assert_eq!(with(format, "standardiser.mean", 2, &bits.to_le_bytes()), None);
            refused(format, "standardiser.inv_std", 2, &bits.to_le_bytes());
        }
    }
}

#[test]
fn a_weight_outside_the_range_of_its_format_is_refused_by_name() {
    for name in ["proj.weight", "enc.layers.0.linear2.weight"] {
        for bits in [0x7c00u16, 0xfc00, 0x7e00, 0x7c01] {
            refused(WeightFormat::F16, name, 2, &bits.to_le_bytes());
        }
        refused(WeightFormat::I16, name, 4, &i16::MIN.to_le_bytes());
        for format in [WeightFormat::I8I16, WeightFormat::I8] {
            refused(format, name, 3, &[0x80]);
        }
    }
}

#[test]
fn a_weight_for_an_input_that_is_not_there_is_refused() {
    // The fifth of five inputs stands first in its quad.
    for format in [WeightFormat::I8I16, WeightFormat::I8] {
        let second = 4 * SMALL.d_model;
        assert_eq!(with(format, "proj.weight", second, &[3]), None);
        for at in 1..4 {
            refused(format, "proj.weight", second + at, &[1]);
        }
    }
}

#[test]
fn a_format_that_is_not_the_content_s_is_refused() {
    for format in WeightFormat::ALL {
        for other in WeightFormat::ALL {
            let mut bundle = small(format);
            bundle.bytes_mut()[10..12].copy_from_slice(&other.number().to_le_bytes());
            reseal(&mut bundle);
            let error = Bundle::open(bundle.bytes()).err();
            // The two formats with int8 weights are stored alike; only their digests differ.
            let alike = |format| matches!(format, WeightFormat::I8I16 | WeightFormat::I8);
            assert_eq!(error.is_none(), format == other || (alike(format) && alike(other)), "{error:?}");
        }
    }
}

#[test]
fn every_flipped_bit_and_truncation_is_refused() {
    for format in QUANTISED {
        let mut bundle = small(format);
        for bit in 0..bundle.bytes().len() * 8 {
            let mask = 1 << (bit % 8);
            bundle.bytes_mut()[bit / 8] ^= mask;
            assert!(Bundle::open(bundle.bytes()).is_err(), "bit {bit}");
            bundle.bytes_mut()[bit / 8] ^= mask;
        }
        for length in 0..bundle.bytes().len() {
            assert!(Bundle::open(&bundle.bytes()[..length]).is_err(), "{length}");
        }
    }
}

#[test]
fn another_tag_leaves_the_digest_and_every_weight() {
    let key = ProvisioningKey::from_bytes(&[7; 32]);
    for format in WeightFormat::ALL {
        let untagged = small(format);
        let bundle = Bundle::open(untagged.bytes()).unwrap();
        let tagged = Aligned::new(&retag(&bundle, Some(&key)));
        let opened = Bundle::open_authenticated(tagged.bytes(), &key).unwrap();
        assert_eq!(opened.digest(), bundle.digest());
        assert_eq!(retag(&opened, None), untagged.bytes());
    }
}

/// Writes `SMALL` with one tensor replaced.
fn attempt(format: WeightFormat, name: &str, values: Option<Vec<f32>>) -> WriteError {
    let sound = small(WeightFormat::I8);
    let sound = Bundle::open(sound.bytes()).unwrap();
    let tensor = |asked: &str| {
        let given = sound.state_tensor(asked)?;
        if asked == name { values.clone() } else { Some(given) }.map(Cow::Owned)
    };
    write(&SMALL, format, None, tensor, None).unwrap_err()
}

#[test]
fn the_writer_names_a_weight_that_the_format_cannot_hold() {
    let name = "head.1.weight";
    let mut values = vec![0.5; 256];
    values[17] = 65_520.0;
    let error = attempt(WeightFormat::F16, name, Some(values));
    assert_eq!(error, WriteError::Range { tensor: name.to_owned(), index: 17, format: WeightFormat::F16 });
    assert!(error.to_string().contains("f16"));
}

#[test]
fn the_writer_names_a_statistic_that_sixteen_bits_cannot_hold() {
    for format in [WeightFormat::I8I16, WeightFormat::I8] {
        for (name, value) in [("standardiser.mean", f32::MAX), ("standardiser.inv_std", f32::from_bits(1))] {
            let mut values = vec![0.5; SMALL.features];
            values[3] = value;
            let error = attempt(format, name, Some(values));
            assert_eq!(error, WriteError::Range { tensor: name.to_owned(), index: 3, format });
        }
    }
}

#[test]
fn the_writer_names_a_weight_that_is_too_large_for_a_scale() {
    for format in [WeightFormat::I8I16, WeightFormat::I8] {
        for value in [f32::MAX, -3e38] {
            let mut values = vec![0.5; SMALL.features * SMALL.d_model];
            values[5] = value;
            let error = attempt(format, "proj.weight", Some(values));
            assert_eq!(error, WriteError::Range { tensor: "proj.weight".to_owned(), index: 5, format });
        }
    }
}

#[test]
fn the_writer_asks_for_a_sound_input_scale() {
    for format in [WeightFormat::I8I16, WeightFormat::I8] {
        let name = "proj.input_scale";
        let tensor = name.to_owned();
        assert_eq!(attempt(format, name, None), WriteError::Missing { tensor: tensor.clone() });
        let length = WriteError::Length { tensor: tensor.clone(), given: 2, expected: 1 };
        assert_eq!(attempt(format, name, Some(vec![1.0; 2])), length);
        for value in [0.0, -1.0, 1.1e34, f32::INFINITY, f32::NAN] {
            let error = WriteError::Value { tensor: tensor.clone(), index: 0 };
            assert_eq!(attempt(format, name, Some(vec![value])), error);
        }
    }
}

/// Runs whatever opens, so that a hole in the checks would show as a panic.
fn use_up(bytes: &[u8]) {
    if let Ok(bundle) = Bundle::open(bytes) {
        let dims: Dims = bundle.dims();
        let frames = Random(3).floats(dims.features, 1e30);
        let mut scratch = vec![0.0; Encoder::scratch_len(&dims, 1)];
        let mut embedding = vec![0.0; dims.latent];
        let _ = bundle.encoder().embed_window(&frames, &mut scratch, &mut embedding);
    }
}

proptest! {
    #[test]
    fn resealed_mutations_never_panic(
        format in 0..4usize, changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bundle = small(QUANTISED[format]);
        for (index, value) in changes {
            let content = bundle.bytes().len() - 96;
            // Half of the changes hit the header and table, where the structure is.
            let limit = if value % 2 == 0 { 300 } else { content };
            bundle.bytes_mut()[index.index(limit)] = value;
        }
        reseal(&mut bundle);
        use_up(bundle.bytes());
    }
}
