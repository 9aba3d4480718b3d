//! A bundle opens as written, and in no other state.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "std")]

use std::borrow::Cow;

use neural_vault_core::bundle::{Bundle, BundleError, ProvisioningKey, WriteError, tensor_names_and_shapes, write};
use neural_vault_core::encoder::WeightFormat::F32;
use neural_vault_core::encoder::{Dims, DimsError};
use neural_vault_testkit::{Aligned, LINEAR, Random, SMALL, bundle};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

const KEY: [u8; 32] = [7; 32];

fn small(key: Option<&[u8; 32]>) -> Aligned {
    bundle(&SMALL, 1, key).unwrap()
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

fn forged(change: impl FnOnce(&mut [u8])) -> Result<(), BundleError> {
    let mut bundle = small(None);
    change(bundle.bytes_mut());
    reseal(&mut bundle);
    Bundle::open(bundle.bytes()).map(|_| ())
}

fn offset_of(name: &str) -> usize {
    let bundle = small(None);
    let bundle = Bundle::open(bundle.bytes()).unwrap();
    let tensor = bundle.tensors().find(|tensor| tensor.name == *name).unwrap();
    tensor.offset as usize
}

#[test]
fn gives_back_what_was_written() {
    let bytes = small(None);
    let bundle = Bundle::open(bytes.bytes()).unwrap();
    assert_eq!(bundle.dims(), SMALL);
    assert!(!bundle.is_tagged());
    let content = bytes.bytes().len() - 96;
    assert_eq!(bundle.digest()[..], Sha256::digest(&bytes.bytes()[..content])[..]);
    let tensor = |name: &str| bundle.state_tensor(name).map(Cow::Owned);
    assert_eq!(write(&SMALL, F32, tensor, None).unwrap(), bytes.bytes());
    assert!(bundle.tensor("proj.weight.").is_none());

    let written = bundle.tensors().map(|tensor| tensor.name.to_string());
    let asked = tensor_names_and_shapes(&SMALL).unwrap();
    assert!(written.eq(asked.into_iter().map(|(name, _)| name)));
}

#[test]
fn product_weights_are_stored_input_by_input() {
    let bytes = small(None);
    let bundle = Bundle::open(bytes.bytes()).unwrap();
    let stored = bundle.tensor("proj.weight").unwrap();
    let pytorch = bundle.state_tensor("proj.weight").unwrap();
    for k in 0..SMALL.features {
        for n in 0..SMALL.d_model {
            assert_eq!(stored[k * SMALL.d_model + n], pytorch[n * SMALL.features + k]);
        }
    }
}

#[test]
fn every_flipped_bit_is_refused() {
    for key in [None, Some(&KEY)] {
        let mut bundle = small(key);
        for bit in 0..bundle.bytes().len() * 8 {
            let mask = 1 << (bit % 8);
            bundle.bytes_mut()[bit / 8] ^= mask;
            assert!(Bundle::open(bundle.bytes()).is_err(), "bit {bit}");
            bundle.bytes_mut()[bit / 8] ^= mask;
        }
        assert!(Bundle::open(bundle.bytes()).is_ok());
    }
}

#[test]
fn every_truncation_and_any_appendix_is_refused() {
    let bundle = small(Some(&KEY));
    for length in 0..bundle.bytes().len() {
        assert!(Bundle::open(&bundle.bytes()[..length]).is_err(), "{length}");
    }
    let longer = Aligned::new(&[bundle.bytes(), &[0]].concat());
    let error = Bundle::open(longer.bytes()).err();
    assert!(matches!(error, Some(BundleError::Length { .. })));
}

#[test]
fn a_forger_gets_no_further_with_a_right_digest() {
    let be = |found| Err(found);
    assert_eq!(forged(|_| ()), Ok(()));
    assert_eq!(forged(|b| b[0] = b'n'), be(BundleError::NotABundle));
    assert_eq!(forged(|b| b[8] = 2), be(BundleError::Version { found: 2 }));
    assert_eq!(forged(|b| b[10] = 5), be(BundleError::WeightFormat { found: 5 }));
    assert!(matches!(forged(|b| b[12] ^= 64), Err(BundleError::Length { .. })));
    let error = forged(|b| b[16..20].copy_from_slice(&u32::MAX.to_le_bytes()));
    assert!(matches!(error, Err(BundleError::Dims(DimsError { field: "features", .. }))));
    // Another number of features has another table.
    assert_eq!(forged(|b| b[16] = 200), be(BundleError::Table));
    assert_eq!(forged(|b| b[44] += 1), be(BundleError::Table));
    assert_eq!(forged(|b| b[50] = 1), be(BundleError::Padding));
    // Overlap: the second tensor starts where the first does.
    let overlap = forged(|b| b.copy_within(64..68, 72));
    assert_eq!(overlap, be(BundleError::Table));
    let padding = offset_of("standardiser.mean") + 4 * SMALL.features;
    assert_eq!(forged(|b| b[padding] = 1), be(BundleError::Padding));
    let table_padding = offset_of("standardiser.mean") - 1;
    assert_eq!(forged(|b| b[table_padding] = 1), be(BundleError::Padding));
}

#[test]
fn unsound_values_are_refused_by_name() {
    let cases = [
        ("standardiser.mean", f32::NAN),
        ("standardiser.inv_std", 0.0),
        ("standardiser.inv_std", -1.0),
        ("standardiser.inv_std", f32::INFINITY),
        ("enc.layers.0.linear2.weight", f32::NEG_INFINITY),
        ("head.3.bias", f32::NAN),
    ];
    for (name, value) in cases {
        let offset = offset_of(name);
        let result = forged(|b| b[offset..offset + 4].copy_from_slice(&value.to_le_bytes()));
        let Err(BundleError::Value { tensor }) = result else {
            panic!("{name}: {result:?}");
        };
        assert!(tensor == *name);
    }
}

#[test]
fn only_the_provisioning_key_authenticates() {
    let tagged = small(Some(&KEY));
    let bundle = Bundle::open_authenticated(tagged.bytes(), &ProvisioningKey::from_bytes(&KEY)).unwrap();
    assert!(bundle.is_tagged());
    let untagged = small(None);
    assert_eq!(bundle.digest(), Bundle::open(untagged.bytes()).unwrap().digest());

    let refusal = |bundle: &Aligned, key: &[u8; 32]| {
        Bundle::open_authenticated(bundle.bytes(), &ProvisioningKey::from_bytes(key)).err()
    };
    let mut other_key = KEY;
    other_key[0] ^= 1;
    assert_eq!(refusal(&tagged, &other_key), Some(BundleError::Tag));
    assert_eq!(refusal(&untagged, &KEY), Some(BundleError::Untagged));

    let weight = offset_of("proj.bias");
    let tag = tagged.bytes().len() - 64;
    for changed in [weight, tag] {
        let mut forged = Aligned::new(tagged.bytes());
        forged.bytes_mut()[changed] ^= 1;
        reseal(&mut forged);
        assert!(Bundle::open(forged.bytes()).is_ok());
        assert_eq!(refusal(&forged, &KEY), Some(BundleError::Tag));
    }
}

#[test]
fn a_misaligned_buffer_is_refused_with_what_to_do() {
    let bundle = small(None);
    let shifted = Aligned::new(&[&[0], bundle.bytes()].concat());
    let error = Bundle::open(&shifted.bytes()[1..]).err().unwrap();
    assert_eq!(error, BundleError::Alignment);
    assert!(error.to_string().contains("aligned address"));
}

type Fault<'a> = &'a dyn Fn(&str, Vec<f32>) -> Option<Vec<f32>>;

#[test]
fn the_writer_names_the_tensor_at_fault() {
    let sound = small(None);
    let sound = Bundle::open(sound.bytes()).unwrap();
    let attempt = |fault: Fault<'_>| {
        let tensor = |name: &str| fault(name, sound.state_tensor(name)?).map(Cow::Owned);
        write(&SMALL, F32, tensor, None).unwrap_err()
    };
    let name = "enc.layers.0.norm2.bias";
    let tensor = name.to_string();
    let missing = attempt(&|n, values| (n != name).then_some(values));
    assert_eq!(missing, WriteError::Missing { tensor: tensor.clone() });
    let short = attempt(&|n, mut values| {
        values.truncate(if n == name { 15 } else { usize::MAX });
        Some(values)
    });
    let (given, expected) = (15, 16);
    assert_eq!(short, WriteError::Length { tensor: tensor.clone(), given, expected });
    let unsound = attempt(&|n, mut values| {
        if n == name {
            values[3] = f32::NAN;
        }
        Some(values)
    });
    assert_eq!(unsound, WriteError::Value { tensor, index: 3 });
    let dims = Dims { heads: 3, ..SMALL };
    assert!(matches!(write(&dims, F32, |_| None, None), Err(WriteError::Dims(_))));
}

/// Runs whatever opens, so that a hole in the checks would show as a panic.
fn use_up(bytes: &[u8]) {
    if let Ok(bundle) = Bundle::open(bytes) {
        let dims = bundle.dims();
        let frames = Random(3).floats(dims.features, 1.0);
        let mut scratch = vec![0.0; neural_vault_core::encoder::Encoder::scratch_len(&dims, 1)];
        let mut embedding = vec![0.0; dims.latent];
        let _ = bundle.encoder().embed_window(&frames, &mut scratch, &mut embedding);
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), magic in any::<bool>()) {
        let mut bytes = bytes;
        if magic {
            bytes.splice(0..bytes.len().min(12), *b"NVBUNDLE\x01\0\0\0");
        }
        use_up(Aligned::new(&bytes).bytes());
    }

    #[test]
    fn resealed_mutations_never_panic(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bundle = small(None);
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

#[test]
fn a_linear_model_holds_its_projection_alone() {
    let bytes = bundle(&LINEAR, 1, None).unwrap();
    let bundle = Bundle::open(bytes.bytes()).unwrap();
    assert_eq!(bundle.dims(), LINEAR);
    let names: Vec<String> = bundle.tensors().map(|tensor| tensor.name.to_string()).collect();
    assert_eq!(names, ["standardiser.mean", "standardiser.inv_std", "proj.weight", "proj.bias"]);
    let tensor = |name: &str| bundle.state_tensor(name).map(Cow::Owned);
    assert_eq!(write(&LINEAR, F32, tensor, None).unwrap(), bytes.bytes());
}

#[test]
fn a_bundle_that_is_opened_again_is_the_same_and_its_structure_is_checked() {
    let bytes = small(Some(&KEY));
    let (first, again) = (Bundle::open(bytes.bytes()).unwrap(), Bundle::reopen(bytes.bytes()).unwrap());
    assert_eq!((again.dims(), again.digest(), again.is_tagged()), (first.dims(), first.digest(), true));
    for name in ["standardiser.mean", "proj.weight", "head.3.bias"] {
        assert_eq!(again.tensor(name).unwrap(), first.tensor(name).unwrap());
    }
    let length = bytes.bytes().len();
    assert!(matches!(Bundle::reopen(&bytes.bytes()[..length - 64]), Err(BundleError::Length { .. })));
}
