//! Scans of connectome models: in pieces, too short, and with regions that say nothing.
#![allow(clippy::unwrap_used)]
#![cfg(feature = "std")]

use std::borrow::Cow;

use neural_vault_core::bundle::{
    Bundle, BundleError, Description, WriteError, label_digest, tensor_names_and_shapes, write,
};
use neural_vault_core::encoder::{Dims, EncodeError, Encoder, Fill, MAX_REGIONS, WeightFormat};
use neural_vault_core::scan::{FrameError, ScanEncoder, ScanError};
use neural_vault_core::testing::{Aligned, CONNECTOME, FULL_WIDTH, PARCELS, Random, bundle};
use proptest::prelude::*;

/// The embedding of frames that arrive in pieces of these lengths, in turn; between two the scan is paused.
fn in_pieces(encoder: &Encoder<'_>, least: usize, frames: &[f32], pieces: &[usize]) -> Result<Vec<f32>, ScanError> {
    let mut scratch = vec![f32::NAN; Encoder::scratch_len(encoder.dims(), least)];
    let mut state = ScanEncoder::new(encoder, least, &mut scratch)?.pause();
    let mut rest = frames;
    for length in pieces.iter().cycle() {
        let (piece, after) = rest.split_at(rest.len().min(*length));
        let mut scan = ScanEncoder::resume(encoder, state, &mut scratch)?;
        scan.push(piece)?;
        state = scan.pause();
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    let mut embedding = vec![0.0; encoder.dims().latent];
    ScanEncoder::resume(encoder, state, &mut scratch)?.finish(&mut embedding)?;
    Ok(embedding)
}

fn whole(encoder: &Encoder<'_>, frames: &[f32]) -> Result<Vec<f32>, ScanError> {
    in_pieces(encoder, 1, frames, &[frames.len()])
}

#[test]
fn frames_in_pieces_of_any_length_give_the_same_bits() {
    for dims in [CONNECTOME, PARCELS] {
        let model = bundle(&dims, 1, None).unwrap();
        let encoder = Bundle::open(model.bytes()).unwrap().encoder();
        let frames = Random(2).floats(29 * dims.features, 3.0);
        let expected = whole(&encoder, &frames).unwrap();
        for pieces in [&[256][..], &[1, 2, 500, 3], &[dims.features], &[10 * dims.features, 1]] {
            assert_eq!(in_pieces(&encoder, 25, &frames, pieces).unwrap(), expected, "{pieces:?}");
        }
        let (mut scratch, mut embedding) = (vec![0.0; Encoder::scratch_len(&dims, 1)], vec![0.0; dims.latent]);
        encoder.embed_window(&frames, &mut scratch, &mut embedding).unwrap();
        assert_eq!(embedding, expected);
    }
}

#[test]
fn an_embedding_ends_at_the_start_of_the_scratch_memory_and_the_rest_of_the_square_is_cleared() {
    let model = bundle(&CONNECTOME, 1, None).unwrap();
    let encoder = Bundle::open(model.bytes()).unwrap().encoder();
    let frames = Random(2).floats(29 * 94, 3.0);
    let mut scratch = vec![0.0; Encoder::scratch_len(&CONNECTOME, 1)];
    let mut scan = ScanEncoder::new(&encoder, 1, &mut scratch).unwrap();
    scan.push(&frames).unwrap();
    let found = scan.finish_in_place().unwrap().to_vec();
    assert_eq!(found, whole(&encoder, &frames).unwrap());
    assert_eq!(scratch[..CONNECTOME.latent], found);
    assert!(scratch[CONNECTOME.latent..94 * 96].iter().all(|value| *value == 0.0));
    assert!(scratch.len() >= 2 * CONNECTOME.latent, "a prototype fits behind it");
}

#[test]
fn a_region_is_the_mean_of_its_finite_features() {
    let model = bundle(&PARCELS, 1, None).unwrap();
    let encoder = Bundle::open(model.bytes()).unwrap().encoder();
    let mut frames = Random(2).floats(12 * PARCELS.features, 3.0);
    let expected = whole(&encoder, &frames).unwrap();
    // Feature 0 belongs to no region.
    frames.iter_mut().step_by(PARCELS.features).for_each(|value| *value = f32::NAN);
    assert_eq!(whole(&encoder, &frames).unwrap(), expected);
    // Features 1 and 37 belong to region 7.
    for frame in frames.chunks_exact_mut(PARCELS.features) {
        let others = (0..PARCELS.features).filter(|feature| feature * 7 % 36 == 7).skip(2);
        let (sum, count) = others.fold((0.0, 0), |(sum, count), feature| (sum + frame[feature], count + 1));
        (frame[1], frame[37]) = (sum / count as f32, f32::INFINITY);
    }
    let filled = whole(&encoder, &frames).unwrap();
    frames.iter_mut().skip(1).step_by(PARCELS.features).for_each(|value| *value = f32::NAN);
    let left_out = whole(&encoder, &frames).unwrap();
    let largest = filled.iter().zip(&left_out).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(largest < 1e-5, "{largest}");
}

#[test]
fn what_says_nothing_is_an_error_that_names_it() {
    let model = bundle(&CONNECTOME, 1, None).unwrap();
    let encoder = Bundle::open(model.bytes()).unwrap().encoder();
    let frames = Random(2).floats(29 * 94, 3.0);
    let with = |change: &dyn Fn(&mut [f32])| {
        let mut changed = frames.clone();
        changed.chunks_exact_mut(94).enumerate().filter(|(at, _)| *at > 2).for_each(|(_, frame)| change(frame));
        whole(&encoder, &changed)
    };
    let cause = FrameError::Region { region: 18 };
    assert_eq!(with(&|frame| frame[17] = f32::NAN), Err(ScanError::Degenerate { frame: 4, cause }));
    let cause = FrameError::Constant;
    assert_eq!(with(&|frame| frame.fill(1.0)), Err(ScanError::Degenerate { frame: 4, cause }));
    let mut constant = frames.clone();
    constant.iter_mut().skip(93).step_by(94).for_each(|value| *value = 0.125);
    let region = EncodeError::ConstantRegion { region: 94 };
    assert_eq!(whole(&encoder, &constant), Err(ScanError::Encode(region)));
    let short = |given, least| Err(ScanError::Encode(EncodeError::TooShort { given, least }));
    assert_eq!(in_pieces(&encoder, 25, &frames[..24 * 94], &[256]), short(24, 25));
    assert_eq!(in_pieces(&encoder, 1, &frames[..94], &[256]), short(1, 2));
    assert_eq!(in_pieces(&encoder, 1, &[], &[256]), short(0, 2));
    let ends = whole(&encoder, &frames[..25 * 94 + 1]);
    assert_eq!(ends, Err(ScanError::IncompleteFrame { given: 1, features: 94 }));
    let huge: Vec<f32> = frames.iter().map(|value| value * 1e30).collect();
    assert!(whole(&encoder, &huge).is_err());
    let mut embeddings = vec![0.0; CONNECTOME.latent];
    let mut scratch = vec![0.0; Encoder::scratch_len(&CONNECTOME, 1)];
    let single = encoder.embed_frames(&frames[..94], 1, &mut scratch, &mut embeddings);
    assert_eq!(single, Err(EncodeError::SingleFrames));
    let short = encoder.embed_window(&frames, &mut scratch[..9_000], &mut embeddings);
    assert_eq!(short, Err(EncodeError::Scratch { given: 9_000, needed: Encoder::scratch_len(&CONNECTOME, 1) }));
}

#[test]
fn a_failed_scan_stays_failed_and_a_scan_is_not_resumed_by_another_kind() {
    let model = bundle(&CONNECTOME, 1, None).unwrap();
    let encoder = Bundle::open(model.bytes()).unwrap().encoder();
    let frames = Random(2).floats(29 * 94, 3.0);
    let mut scratch = vec![0.0; Encoder::scratch_len(&CONNECTOME, 1)];
    let mut scan = ScanEncoder::new(&encoder, 2, &mut scratch).unwrap();
    let refused = scan.push(&[f32::NAN; 94]);
    assert!(refused.is_err());
    assert_eq!(scan.push(&frames), refused);
    let state = scan.pause();
    assert_eq!(ScanEncoder::resume(&encoder, state, &mut scratch).unwrap().finish_in_place().map(|_| ()), refused);
    let other = bundle(&FULL_WIDTH, 1, None).unwrap();
    let network = Bundle::open(other.bytes()).unwrap().encoder();
    let mut large = vec![0.0; 20_000];
    assert!(matches!(ScanEncoder::resume(&network, state, &mut large), Err(ScanError::OtherModel)));
    let state = ScanEncoder::new(&network, 1, &mut large).unwrap().pause();
    assert!(matches!(ScanEncoder::resume(&encoder, state, &mut scratch), Err(ScanError::OtherModel)));
}

/// A model of 12 features in 5 regions, one of its tensors changed.
fn changed(name: &str, change: impl Fn(&mut [f32])) -> Result<Vec<u8>, WriteError> {
    const DIMS: Dims = Dims::connectome(12, 5);
    let sound = bundle(&DIMS, 1, None)?;
    let sound = Bundle::open(sound.bytes()).unwrap();
    let description =
        Description { fill: Fill::Mean, window: 25, recipe: "connectome", labels: label_digest(["a", "b"]) };
    let tensor = |wanted: &str| {
        let mut values = sound.state_tensor(wanted)?;
        if wanted == name {
            change(&mut values);
        }
        Some(Cow::Owned(values))
    };
    write(&DIMS, WeightFormat::F32, Some(&description), tensor, None)
}

#[test]
fn a_model_is_read_back_as_it_was_written() {
    for dims in [CONNECTOME, PARCELS, Dims::connectome(3, 3), Dims::connectome(MAX_REGIONS, MAX_REGIONS)] {
        let model = bundle(&dims, 1, None).unwrap();
        let bundle = Bundle::open(model.bytes()).unwrap();
        assert_eq!((bundle.dims(), bundle.description().unwrap().window), (dims, 1));
        for (name, shape) in tensor_names_and_shapes(&dims).unwrap() {
            let values = bundle.state_tensor(&name).unwrap();
            assert_eq!(values.len(), shape.iter().product::<usize>(), "{name}");
        }
        let again = |name: &str| bundle.state_tensor(name).map(Cow::Owned);
        let again = write(&dims, WeightFormat::F32, bundle.description().as_ref(), again, None).unwrap();
        assert_eq!(again, model.bytes());
    }
}

#[test]
fn a_whitening_that_is_not_symmetric_and_parcels_that_leave_a_region_empty_are_not_written() {
    let index = |name| match changed(name, |values| values[1] = 9.0) {
        Err(WriteError::Value { index, .. }) => Some(index),
        _ => None,
    };
    assert_eq!((index("connectome.whitening"), index("connectome.parcels")), (Some(1), Some(1)));
    let empty = changed("connectome.parcels", |values| values.iter_mut().for_each(|value| *value = value.min(4.0)));
    assert_eq!(empty, Err(WriteError::EmptyRegion { region: 5 }));
    assert!(changed("connectome.mean", |values| values[3] = f32::NAN).is_err());
    assert!(changed("", |_| {}).is_ok());
}

#[test]
fn a_connectome_of_the_first_version_is_refused() {
    let mut first = Aligned::new(&changed("", |_| {}).unwrap());
    first.bytes_mut()[8] = 1;
    assert_eq!(Bundle::open(first.bytes()).err(), Some(BundleError::Kind { found: 2 }));
}

#[test]
fn a_changed_byte_of_a_bundle_is_refused_and_what_it_breaks_is_named_before_the_digest() {
    let sound = changed("", |_| {}).unwrap();
    let mut broken = Aligned::new(&sound);
    for at in 0..sound.len() {
        broken.bytes_mut()[at] ^= 0x11;
        assert!(Bundle::open(broken.bytes()).is_err(), "byte {at}");
        broken.bytes_mut()[at] ^= 0x11;
    }
    // The tensors begin after the header of 128 bytes and the table of 40: parcels, then the whitening's first row.
    let name = |at: usize, byte: u8| {
        let mut bytes = Aligned::new(&sound);
        bytes.bytes_mut()[at] = byte;
        match Bundle::open(bytes.bytes()) {
            Err(BundleError::Value { tensor }) => tensor.to_string(),
            other => format!("{other:?}"),
        }
    };
    assert_eq!(name(192, 6), "connectome.parcels");
    assert_eq!(name(256 + 4, 0x55), "connectome.whitening");
    assert_eq!(name(256 + 20, 1), "connectome.whitening", "padding of a row");
}

proptest! {
    #[test]
    fn any_values_give_a_unit_embedding_or_an_error(
        bits in proptest::collection::vec(any::<u32>(), 5 * 12), scale in -30i32..30,
    ) {
        let bytes = Aligned::new(&changed("", |_| {}).unwrap());
        let encoder = Bundle::open(bytes.bytes()).unwrap().encoder();
        let any: Vec<f32> = bits.iter().map(|bits| f32::from_bits(*bits)).collect();
        let scaled: Vec<f32> = bits.iter().map(|bits| (*bits as f32 / 4e9 - 0.5) * 2f32.powi(scale)).collect();
        for frames in [any, scaled] {
            if let Ok(embedding) = whole(&encoder, &frames) {
                let length = embedding.iter().map(|component| component * component).sum::<f32>();
                prop_assert!((length - 1.0).abs() < 1e-5, "{length}");
            }
        }
    }

    #[test]
    fn units_and_levels_of_regions_do_not_matter(seed in any::<u32>(), gain in 0.01f32..100.0, level in -10.0f32..10.0) {
        let bytes = Aligned::new(&changed("", |_| {}).unwrap());
        let encoder = Bundle::open(bytes.bytes()).unwrap().encoder();
        let frames = Random(seed).floats(40 * 12, 3.0);
        let moved: Vec<f32> = frames.iter().map(|value| gain * (value + level)).collect();
        let (frames, moved) = (whole(&encoder, &frames).unwrap(), whole(&encoder, &moved).unwrap());
        let product: f32 = frames.iter().zip(&moved).map(|(a, b)| a * b).sum();
        prop_assert!(product > 0.9999, "{product}");
    }
}
