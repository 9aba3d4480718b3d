//! A bundle opens as written, and in no other state.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "std")]

use std::borrow::Cow;

use neural_vault_core::bundle::{
    Bundle, BundleError, Description, ProvisioningKey, WriteError, retag, tensor_names_and_shapes, write,
};
use neural_vault_core::encoder::WeightFormat::F32;
use neural_vault_core::encoder::{Dims, DimsError, Fill, WeightFormat};
use neural_vault_core::testing::{Aligned, LINEAR, Random, SMALL, bundle, described_bundle};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

const KEY: [u8; 32] = [7; 32];

/// Not the values of any other field, so that one read from a wrong place shows.
const DESCRIPTION: Description<'_> = Description { fill: Fill::Mean, window: 2, recipe: "a-recipe-7", labels: [9; 32] };

fn small(key: Option<&[u8; 32]>) -> Aligned {
    described_bundle(Some(&DESCRIPTION), F32, &SMALL, 1, key).unwrap()
}

/// As version 1 had it.
fn first_version(key: Option<&[u8; 32]>) -> Aligned {
    described_bundle(None, F32, &SMALL, 1, key).unwrap()
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
    forgery(small(None), change)
}

fn forgery(mut bundle: Aligned, change: impl FnOnce(&mut [u8])) -> Result<(), BundleError> {
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
    assert_eq!(write(&SMALL, F32, bundle.description().as_ref(), tensor, None).unwrap(), bytes.bytes());
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
    for mut bundle in [small(None), small(Some(&KEY)), first_version(None)] {
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
    for bundle in [small(Some(&KEY)), first_version(Some(&KEY))] {
        for length in 0..bundle.bytes().len() {
            assert!(Bundle::open(&bundle.bytes()[..length]).is_err(), "{length}");
        }
        let longer = Aligned::new(&[bundle.bytes(), &[0]].concat());
        let error = Bundle::open(longer.bytes()).err();
        assert!(matches!(error, Some(BundleError::Length { .. })));
    }
    // One that states to be as short as it is.
    let mut short = Aligned::new(&small(None).bytes()[..127]);
    short.bytes_mut()[12..16].copy_from_slice(&127u32.to_le_bytes());
    assert_eq!(Bundle::open(short.bytes()).err(), Some(BundleError::Length { given: 127, expected: 128 }));
}

#[test]
fn a_forger_gets_no_further_with_a_right_digest() {
    let be = |found| Err(found);
    assert_eq!(forged(|_| ()), Ok(()));
    assert_eq!(forged(|b| b[0] = b'n'), be(BundleError::NotABundle));
    for found in [0, 3, 255] {
        assert_eq!(forged(|b| b[8] = found as u8), be(BundleError::Version { found }));
    }
    // Each version has its table at a place of its own.
    assert_eq!(forged(|b| b[8] = 1), be(BundleError::Padding));
    assert!(forgery(first_version(None), |b| b[8] = 2).is_err());
    assert_eq!(forged(|b| b[10] = 5), be(BundleError::WeightFormat { found: 5 }));
    assert!(matches!(forged(|b| b[12] ^= 64), Err(BundleError::Length { .. })));
    let error = forged(|b| b[16..20].copy_from_slice(&u32::MAX.to_le_bytes()));
    assert!(matches!(error, Err(BundleError::Dims(DimsError { field: "features", .. }))));
    // Another number of features has another table.
    assert_eq!(forged(|b| b[16] = 200), be(BundleError::Table));
    assert_eq!(forged(|b| b[44] += 1), be(BundleError::Table));
    assert_eq!(forged(|b| b[50] = 1), be(BundleError::Padding));
    // Overlap: the second tensor starts where the first does.
    let overlap = forged(|b| b.copy_within(128..132, 136));
    assert_eq!(overlap, be(BundleError::Table));
    let padding = offset_of("standardiser.mean") + 4 * SMALL.features;
    assert_eq!(forged(|b| b[padding] = 1), be(BundleError::Padding));
    let table_padding = offset_of("standardiser.mean") - 1;
    assert_eq!(forged(|b| b[table_padding] = 1), be(BundleError::Padding));
}

#[test]
fn a_description_comes_back_as_it_was_written() {
    let bytes = small(Some(&KEY));
    let bundle = Bundle::open(bytes.bytes()).unwrap();
    assert_eq!((bundle.version(), bundle.description()), (2, Some(DESCRIPTION)));
    let longest = "a23456789-b23456789-c234";
    for description in [
        Description { fill: Fill::Reference, window: 1, recipe: "", labels: [0; 32] },
        Description { window: SMALL.positions, recipe: longest, ..DESCRIPTION },
    ] {
        let bytes = described_bundle(Some(&description), F32, &SMALL, 1, None).unwrap();
        assert_eq!(Bundle::open(bytes.bytes()).unwrap().description(), Some(description));
        assert_eq!(Bundle::reopen(bytes.bytes()).unwrap().description(), Some(description));
    }
}

#[test]
fn every_part_of_a_description_is_under_the_digest() {
    let digest = |description: &Description<'_>| {
        let bytes = described_bundle(Some(description), F32, &SMALL, 1, None).unwrap();
        *Bundle::open(bytes.bytes()).unwrap().digest()
    };
    let digests = [
        DESCRIPTION,
        Description { fill: Fill::Reference, ..DESCRIPTION },
        Description { window: 3, ..DESCRIPTION },
        Description { recipe: "a-recipe-8", ..DESCRIPTION },
        Description { labels: [8; 32], ..DESCRIPTION },
    ]
    .map(|description| digest(&description));
    for (index, digest) in digests.iter().enumerate() {
        assert!(!digests[..index].contains(digest), "{index}");
    }
}

#[test]
fn a_forged_description_is_refused_field_by_field() {
    let refused = |at: usize, bytes: &[u8], error| {
        assert_eq!(forged(|b| b[at..at + bytes.len()].copy_from_slice(bytes)), Err(error), "{at}");
    };
    // Linear, though it has layers, and kinds of a later version.
    for found in [1, 2, u16::MAX] {
        refused(64, &found.to_le_bytes(), BundleError::Kind { found });
    }
    for found in [2, u16::MAX] {
        refused(66, &found.to_le_bytes(), BundleError::Fill { found });
    }
    for given in [0, 4, u32::MAX] {
        refused(68, &given.to_le_bytes(), BundleError::Window { given, max: 3 });
    }
    for byte in [b'A', b' ', b'_', b'/', 0x1b, 0x80, 0xff] {
        refused(72 + 3, &[byte], BundleError::Recipe);
    }
    // Something after the end of the name.
    refused(72 + 2, &[0], BundleError::Recipe);
    refused(95, b"x", BundleError::Recipe);
    let other = bundle(&LINEAR, 1, None).unwrap();
    assert_eq!(forgery(other, |b| b[64] = 0), Err(BundleError::Kind { found: 0 }));
}

#[test]
fn a_later_kind_is_refused_before_its_sizes_are_judged() {
    let later = forged(|b| {
        b[64] = 2;
        b[36..40].copy_from_slice(&8192u32.to_le_bytes());
    });
    assert_eq!(later, Err(BundleError::Kind { found: 2 }));
}

#[test]
fn the_writer_refuses_a_description_that_no_bundle_holds() {
    let refused = |description: Description<'_>| described_bundle(Some(&description), F32, &SMALL, 1, None).err();
    let error = |error| Some(WriteError::Description(error));
    for (window, given) in [(0, 0), (4, 4), (usize::MAX, u32::MAX)] {
        assert_eq!(refused(Description { window, ..DESCRIPTION }), error(BundleError::Window { given, max: 3 }));
    }
    for recipe in ["Linear", "linear, open set", "a23456789-b23456789-c2345", "l\u{e9}", "a\0"] {
        assert_eq!(refused(Description { recipe, ..DESCRIPTION }), error(BundleError::Recipe), "{recipe}");
    }
}

#[test]
fn the_writer_refuses_a_connectome_that_no_reader_takes() {
    let written = |description, format| described_bundle(description, format, &Dims::connectome(5, 4), 7, None).err();
    assert_eq!(written(Some(&DESCRIPTION), F32), None);
    assert_eq!(written(None, F32), Some(WriteError::Connectome), "version 1 knows networks only");
    for format in WeightFormat::ALL.into_iter().filter(|format| *format != F32) {
        assert_eq!(written(Some(&DESCRIPTION), format), Some(WriteError::Connectome), "{}", format.name());
    }
}

#[test]
fn the_first_version_is_read_with_its_rule_and_its_digest() {
    let bytes = first_version(Some(&KEY));
    let bundle = Bundle::open_authenticated(bytes.bytes(), &ProvisioningKey::from_bytes(&KEY)).unwrap();
    assert_eq!((bundle.version(), bundle.description()), (1, None));
    assert_eq!(hex::encode(bundle.digest()), "905cb0a883db230e3dad6e8b89b1defc9977464140972864412d162603729107");
    // The same weights at other places.
    let second = small(None);
    let second = Bundle::open(second.bytes()).unwrap();
    for tensor in bundle.tensors() {
        let name = tensor.name.to_string();
        assert_eq!(bundle.tensor(&name), second.tensor(&name), "{name}");
    }
    let untagged = Aligned::new(&retag(&bundle, None));
    assert_eq!(untagged.bytes(), first_version(None).bytes());
    assert_eq!(Bundle::open(untagged.bytes()).unwrap().digest(), bundle.digest());
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
        write(&SMALL, F32, None, tensor, None).unwrap_err()
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
    assert!(matches!(write(&dims, F32, None, |_| None, None), Err(WriteError::Dims(_))));
}

/// Runs whatever opens, so that a hole in the checks would show as a panic.
fn use_up(bytes: &[u8]) {
    if let Ok(bundle) = Bundle::open(bytes) {
        let dims = bundle.dims();
        let frames = Random(3).floats(dims.features, 1.0);
        let mut scratch = vec![0.0; neural_vault_core::encoder::Encoder::scratch_len(&dims, 1)];
        let mut embedding = vec![0.0; dims.latent];
        let _ = bundle.encoder().embed_window(&frames, &mut scratch, &mut embedding);
        assert_eq!(bundle.description().is_some(), bundle.version() == 2);
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), version in 0..3u8) {
        let mut bytes = bytes;
        if version > 0 {
            bytes.splice(0..bytes.len().min(12), *b"NVBUNDLE\x01\0\0\0");
            bytes.get_mut(8).into_iter().for_each(|byte| *byte = version);
        }
        use_up(Aligned::new(&bytes).bytes());
    }

    #[test]
    fn resealed_mutations_never_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), first in any::<bool>(),
    ) {
        let mut bundle = if first { first_version(None) } else { small(None) };
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
    assert_eq!(write(&LINEAR, F32, bundle.description().as_ref(), tensor, None).unwrap(), bytes.bytes());
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
