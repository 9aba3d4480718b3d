//! A scan has one embedding, however it arrives.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "std")]

use std::borrow::Cow;

use neural_vault_core::bundle::{Bundle, Description, write};
use neural_vault_core::encoder::{Dims, EncodeError, Encoder, Fill, WeightFormat};
use neural_vault_core::scan::{FrameError, ScanEncoder, ScanError};
use neural_vault_core::similarity::cosine;
use neural_vault_core::testing::{Aligned, FULL_WIDTH, LINEAR, Random, SMALL, bundle, bundle_in, described_bundle};
use proptest::prelude::*;

/// Blocks of 256 and sums of 32 bits end inside its frames.
const WIDE_FRAMES: Dims = Dims { features: 700, positions: 7, ..SMALL };

/// A sound frame of [`SMALL`].
const FRAME: [f32; 5] = [0.5, 0.25, -1.0, 2.0, 0.0];

fn encoder(bytes: &Aligned) -> Encoder<'_> {
    Bundle::open(bytes.bytes()).unwrap().encoder()
}

fn scratch(dims: &Dims, window: usize) -> Vec<f32> {
    vec![f32::NAN; Encoder::scratch_len(dims, window)]
}

fn embed(encoder: &Encoder<'_>, frames: &[f32], window: usize) -> Result<Vec<f32>, ScanError> {
    let dims = encoder.dims();
    let mut embedding = vec![0.0; dims.latent];
    ScanEncoder::new(encoder, window, &mut scratch(dims, window))?.embed(frames, &mut embedding)?;
    Ok(embedding)
}

fn embed_window(encoder: &Encoder<'_>, frames: &[f32]) -> Vec<f32> {
    let dims = encoder.dims();
    let mut embedding = vec![0.0; dims.latent];
    let mut scratch = scratch(dims, frames.len() / dims.features);
    encoder.embed_window(frames, &mut scratch, &mut embedding).unwrap();
    embedding
}

fn stream(encoder: &Encoder<'_>, frames: &[f32], window: usize, sizes: &[usize]) -> Result<Vec<f32>, ScanError> {
    let mut scratch = scratch(encoder.dims(), window);
    let mut state = ScanEncoder::new(encoder, window, &mut scratch)?.pause();
    let mut rest = frames;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, next) = rest.split_at((*size).min(rest.len()));
        let mut scan = ScanEncoder::resume(encoder, state, &mut scratch)?;
        scan.push(chunk)?;
        state = scan.pause();
        rest = next;
    }
    let mut embedding = vec![0.0; encoder.dims().latent];
    ScanEncoder::resume(encoder, state, &mut scratch)?.finish(&mut embedding)?;
    Ok(embedding)
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn chunks_of_any_size_give_the_same_bits(
        frames in 1usize..12, window in 1usize..8, seed in any::<u32>(),
        sizes in proptest::collection::vec(1usize..1600, 1..6), format in 0..5usize,
    ) {
        let bytes = bundle_in(WeightFormat::ALL[format], &WIDE_FRAMES, seed, None).unwrap();
        let encoder = encoder(&bytes);
        let scan = Random(seed).floats(frames * WIDE_FRAMES.features, 2.0);
        let whole = embed(&encoder, &scan, window).unwrap();
        let streamed = stream(&encoder, &scan, window, &sizes).unwrap();
        prop_assert_eq!(bits(&streamed), bits(&whole));
        let by_value = stream(&encoder, &scan, window, &[1]).unwrap();
        prop_assert_eq!(bits(&by_value), bits(&whole));
    }

    #[test]
    fn any_values_give_a_finite_embedding_or_an_error(
        words in proptest::collection::vec(any::<u32>(), 15), window in 1usize..4, format in 0..5usize,
    ) {
        let bytes = bundle_in(WeightFormat::ALL[format], &SMALL, 1, None).unwrap();
        let scan: Vec<f32> = words.into_iter().map(f32::from_bits).collect();
        if let Ok(embedding) = embed(&encoder(&bytes), &scan, window) {
            prop_assert!(embedding.iter().all(|value| value.is_finite()));
        }
    }
}

#[test]
fn a_scan_is_the_mean_of_its_full_windows() {
    let bytes = bundle(&FULL_WIDTH, 9, None).unwrap();
    let encoder = encoder(&bytes);
    let features = FULL_WIDTH.features;
    let scan = Random(5).floats(8 * features, 2.0);
    let windows: Vec<_> =
        scan[..6 * features].chunks(3 * features).map(|window| embed_window(&encoder, window)).collect();
    let mean: Vec<f32> = (0..FULL_WIDTH.latent).map(|i| (windows[0][i] + windows[1][i]) / 2.0).collect();
    // Two frames are left over after two windows of three: dropped.
    assert_eq!(bits(&embed(&encoder, &scan, 3).unwrap()), bits(&mean));
    let mut scratch = scratch(&FULL_WIDTH, 3);
    let mut open = ScanEncoder::new(&encoder, 3, &mut scratch).unwrap();
    open.push(&scan).unwrap();
    assert_eq!(open.windows(), 2);
}

#[test]
fn a_short_scan_repeats_up_to_one_window() {
    let bytes = bundle(&WIDE_FRAMES, 9, None).unwrap();
    let encoder = encoder(&bytes);
    let features = WIDE_FRAMES.features;
    let scan = Random(5).floats(3 * features, 2.0);
    let repeated = [&scan[..], &scan, &scan[..features]].concat();
    let expected = embed_window(&encoder, &repeated);
    assert_eq!(bits(&embed(&encoder, &scan, 7).unwrap()), bits(&expected));
}

#[test]
fn a_single_window_has_unit_length() {
    let bytes = bundle(&FULL_WIDTH, 2, None).unwrap();
    let scan = Random(5).floats(FULL_WIDTH.features, 2.0);
    let embedding = embed_window(&encoder(&bytes), &scan);
    let length: f32 = embedding.iter().map(|value| value * value).sum();
    assert!((length - 1.0).abs() < 1e-5);
}

#[test]
fn frames_embedded_together_have_the_bits_of_each_alone() {
    let bytes = bundle(&WIDE_FRAMES, 2, None).unwrap();
    let encoder = encoder(&bytes);
    let frames = Random(6).floats(WIDE_FRAMES.features * 13, 2.0);
    let alone: Vec<f32> = frames.chunks(WIDE_FRAMES.features).flat_map(|frame| embed_window(&encoder, frame)).collect();
    for together in 1..=WIDE_FRAMES.positions {
        let mut embeddings = vec![0.0; alone.len()];
        encoder.embed_frames(&frames, together, &mut scratch(&WIDE_FRAMES, together), &mut embeddings).unwrap();
        assert_eq!(bits(&embeddings), bits(&alone), "{together} together");
    }
    let mut short = scratch(&WIDE_FRAMES, 1);
    let given = alone.len() - 1;
    let refused = encoder.embed_frames(&frames, 1, &mut short, &mut vec![0.0; given]);
    assert_eq!(refused, Err(EncodeError::Embedding { given, needed: alone.len() }));
    let refused = encoder.embed_frames(&frames, 0, &mut short, &mut vec![0.0; alone.len()]);
    assert_eq!(refused, Err(EncodeError::Window { given: 0, max: 7 }));
}

#[test]
fn standardised_frames_enter_as_they_are() {
    for format in WeightFormat::ALL {
        let bytes = bundle_in(format, &SMALL, 2, None).unwrap();
        let encoder = encoder(&bytes);
        let mut frame = Random(7).floats(SMALL.features, 2.0);
        frame[3] = f32::NAN;
        let expected = embed_window(&encoder, &frame);
        encoder.standardise(&mut frame);
        let unstandardised = encoder.without_standardiser();
        assert_eq!(bits(&embed_window(&unstandardised, &frame)), bits(&expected));
        let streamed = stream(&unstandardised, &frame, 1, &[2]).unwrap();
        assert_eq!(bits(&streamed), bits(&expected));
    }
}

fn filled_by(fill: Fill, format: WeightFormat, dims: &Dims, seed: u32) -> Aligned {
    let description = Description { fill, window: 1, recipe: "", labels: [0; 32] };
    described_bundle(Some(&description), format, dims, seed, None).unwrap()
}

#[test]
fn values_that_are_no_numbers_enter_as_the_reference_has_them() {
    let first_version = described_bundle(None, WeightFormat::F32, &SMALL, 2, None).unwrap();
    for bytes in
        WeightFormat::ALL.map(|format| filled_by(Fill::Reference, format, &SMALL, 2)).iter().chain([&first_version])
    {
        let encoder = encoder(bytes);
        for (raw, clean) in [
            ([f32::NAN, f32::INFINITY, 3.0, 0.25, -0.5], [0.0, 1.0, 3.0, 0.25, -0.5]),
            ([2.0, 0.25, -0.5, f32::NEG_INFINITY, f32::NAN], [2.0, 0.25, -0.5, -1.0, 0.0]),
        ] {
            assert_eq!(bits(&embed_window(&encoder, &raw)), bits(&embed_window(&encoder, &clean)));
        }
    }
}

/// A scan's frames with some values that are not finite, and the same with these replaced by the model's means.
fn with_gaps(bundle: &Bundle<'_>, frames: usize, seed: u32) -> (Vec<f32>, Vec<f32>) {
    let (mean, features) = (bundle.state_tensor("standardiser.mean").unwrap(), bundle.dims().features);
    let mut filled = Random(seed).floats(frames * features, 2.0);
    let mut raw = filled.clone();
    for (k, value) in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY].into_iter().cycle().take(raw.len() / 5).enumerate() {
        let place = (k * 7 + seed as usize) % raw.len();
        (raw[place], filled[place]) = (value, mean[place % features]);
    }
    (raw, filled)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn values_that_are_no_numbers_are_the_training_mean(
        frames in 1usize..5, seed in any::<u32>(), size in 1usize..1600, format in 0..5usize,
    ) {
        let bytes = filled_by(Fill::Mean, WeightFormat::ALL[format], &WIDE_FRAMES, seed);
        let bundle = Bundle::open(bytes.bytes()).unwrap();
        let (raw, filled) = with_gaps(&bundle, frames, seed % 1000);
        let expected = bits(&embed(&bundle.encoder(), &filled, frames).unwrap());
        prop_assert_eq!(bits(&embed(&bundle.encoder(), &raw, frames).unwrap()), &expected[..]);
        prop_assert_eq!(bits(&stream(&bundle.encoder(), &raw, frames, &[size]).unwrap()), expected);
        let mut standardised = raw;
        standardised.chunks_mut(WIDE_FRAMES.features).for_each(|frame| bundle.encoder().standardise(frame));
        prop_assert!(standardised.iter().all(|value| value.is_finite()));
    }
}

#[test]
fn three_dead_voxels_of_two_hundred_decide_nothing() {
    const DIMS: Dims = Dims::linear(200, 128, 4);
    // Raw scanner values, far from zero.
    const MEAN: f32 = 9_000.0;
    const DEVIATION: f32 = 20.0;
    let weights = Random(3).floats(DIMS.features * DIMS.latent, 0.1);
    let model = |fill| {
        let description = Description { fill, window: 1, recipe: "", labels: [0; 32] };
        let tensor = |name: &str| {
            Some(Cow::Owned(match name {
                "standardiser.mean" => vec![MEAN; DIMS.features],
                "standardiser.inv_std" => vec![1.0 / DEVIATION; DIMS.features],
                "proj.weight" => weights.clone(),
                _ => vec![0.0; DIMS.latent],
            }))
        };
        Aligned::new(&write(&DIMS, WeightFormat::F32, Some(&description), tensor, None).unwrap())
    };
    let frame = |person: u32| -> Vec<f32> {
        Random(person).floats(DIMS.features, 2.0).into_iter().map(|value| MEAN + DEVIATION * value).collect()
    };
    let dead = |person: u32| {
        let mut frame = frame(person);
        [17, 60, 199].into_iter().for_each(|voxel| frame[voxel] = f32::NAN);
        frame
    };
    let cosine_by = |fill, a: &[f32], b: &[f32]| {
        let bytes = model(fill);
        cosine(&embed_window(&encoder(&bytes), a), &embed_window(&encoder(&bytes), b)).unwrap()
    };
    let (own, other) = (frame(1), cosine_by(Fill::Mean, &frame(1), &frame(2)));
    assert!(cosine_by(Fill::Mean, &own, &dead(1)) > 0.97);
    assert!((cosine_by(Fill::Mean, &dead(1), &dead(2)) - other).abs() < 0.1);
    // Filled by zero, they were all that counted.
    assert!(cosine_by(Fill::Reference, &dead(1), &dead(2)) > 0.99);
}

#[test]
fn lengths_that_do_not_fit_are_refused() {
    let bytes = bundle(&SMALL, 2, None).unwrap();
    let encoder = encoder(&bytes);
    let frame = FRAME;
    let encode = |error| Some(ScanError::Encode(error));
    let window = |given| encode(EncodeError::Window { given, max: 3 });
    assert_eq!(embed(&encoder, &frame, 0).err(), window(0));
    assert_eq!(embed(&encoder, &frame, 4).err(), window(4));
    assert_eq!(embed(&encoder, &[], 1).err(), Some(ScanError::Empty));
    let (given, features) = (2, 5);
    let incomplete = ScanError::IncompleteFrame { given, features };
    assert_eq!(embed(&encoder, &[FRAME, FRAME].as_flattened()[..7], 1).err(), Some(incomplete));

    let needed = Encoder::scratch_len(&SMALL, 2);
    let mut short = vec![0.0; needed - 1];
    let given = needed - 1;
    let refused = ScanEncoder::new(&encoder, 2, &mut short).err();
    assert_eq!(refused, encode(EncodeError::Scratch { given, needed }));

    let mut scratch = scratch(&SMALL, 1);
    let refused = ScanEncoder::new(&encoder, 1, &mut scratch).unwrap().embed(&frame, &mut [0.0; 15]).err();
    let (given, needed) = (15, 16);
    assert_eq!(refused, encode(EncodeError::Embedding { given, needed }));
    let refused = encoder.embed_window(&[0.5; 6], &mut scratch, &mut [0.0; 16]);
    let (given, features) = (6, 5);
    assert_eq!(refused, Err(EncodeError::Frames { given, features }));
    let refused = encoder.embed_window(&[], &mut scratch, &mut [0.0; 16]);
    assert_eq!(refused, Err(EncodeError::Window { given: 0, max: 3 }));
}

#[test]
fn a_failed_window_fails_the_scan() {
    let bytes = bundle(&SMALL, 2, None).unwrap();
    let encoder = encoder(&bytes);
    let mut scratch = scratch(&SMALL, 1);
    let mut scan = ScanEncoder::new(&encoder, 1, &mut scratch).unwrap();
    scan.push(&FRAME).unwrap();
    let lost = scan.push(&[f32::MAX, -f32::MAX, f32::MAX, f32::MAX, 1.0]);
    assert!(matches!(lost, Err(ScanError::Encode(EncodeError::Degenerate(_)))));
    assert_eq!(scan.push(&FRAME), lost);
    assert_eq!(scan.finish(&mut [0.0; 16]), lost);
}

#[test]
fn a_frame_that_says_nothing_fails_the_scan_by_its_number() {
    let constant = |value| ([value; 5], FrameError::Constant);
    let few = |finite: usize| {
        let mut frame = [f32::NAN; 5];
        frame[..finite].copy_from_slice(&FRAME[..finite]);
        (frame, FrameError::NotFinite { finite, features: 5 })
    };
    for format in WeightFormat::ALL {
        let bytes = bundle_in(format, &SMALL, 2, None).unwrap();
        let encoder = encoder(&bytes);
        for (empty, cause) in [constant(0.0), constant(7.0), few(0), few(1), few(2)] {
            for place in 0..7 {
                let mut frames = [FRAME; 7];
                frames[place] = empty;
                let (frames, frame) = (frames.as_flattened(), place + 1);
                // Windows of 3: the seventh frame is in none, and is looked at like any other.
                let refused = Err(ScanError::Degenerate { frame, cause });
                assert_eq!(embed(&encoder, frames, 3), refused);
                for size in [1, 4, 5, 7, 35] {
                    assert_eq!(stream(&encoder, frames, 3, &[size]), refused, "pieces of {size}");
                }
                let (mut scratch, mut embeddings) = (scratch(&SMALL, 3), [0.0; 7 * 16]);
                let refused = Err(EncodeError::Frame { frame, cause });
                assert_eq!(encoder.embed_frames(frames, 2, &mut scratch, &mut embeddings), refused);
                if place < 3 {
                    assert_eq!(encoder.embed_window(&frames[..15], &mut scratch, &mut embeddings[..16]), refused);
                }
            }
        }
    }
}

#[test]
fn a_scan_that_said_nothing_stays_refused() {
    let bytes = bundle(&SMALL, 2, None).unwrap();
    let encoder = encoder(&bytes);
    let mut scratch = scratch(&SMALL, 1);
    let mut scan = ScanEncoder::new(&encoder, 1, &mut scratch).unwrap();
    scan.push(&FRAME).unwrap();
    let refused = scan.push(&[0.0; 5]);
    assert_eq!(refused, Err(ScanError::Degenerate { frame: 2, cause: FrameError::Constant }));
    assert_eq!(scan.windows(), 1);
    assert_eq!(scan.push(&FRAME), refused);
    assert_eq!(scan.finish(&mut [0.0; 16]), refused);
}

#[test]
fn a_linear_model_projects_averages_and_normalises() {
    let bytes = bundle(&LINEAR, 4, None).unwrap();
    let bundle = Bundle::open(bytes.bytes()).unwrap();
    let tensor = |name: &str| bundle.state_tensor(name).unwrap();
    let (mean, inv_std) = (tensor("standardiser.mean"), tensor("standardiser.inv_std"));
    let (weight, bias) = (tensor("proj.weight"), tensor("proj.bias"));
    let (features, frames) = (LINEAR.features, 3);
    let scan = Random(8).floats(frames * features, 2.0);
    let expected = |output: usize| -> f64 {
        let frame = |frame: &[f32]| -> f64 {
            let standardised = frame.iter().zip(&mean).zip(&inv_std).map(|((x, m), s)| f64::from((x - m) * s));
            standardised.zip(&weight[output * features..]).map(|(x, w)| x * f64::from(*w)).sum()
        };
        scan.chunks(features).map(frame).sum::<f64>() / frames as f64 + f64::from(bias[output])
    };
    let expected: Vec<f64> = (0..LINEAR.latent).map(expected).collect();
    let norm = expected.iter().map(|x| x * x).sum::<f64>().sqrt();
    let embedding = embed_window(&bundle.encoder(), &scan);
    for (component, expected) in embedding.iter().zip(&expected) {
        assert!((f64::from(*component) - expected / norm).abs() < 1e-6, "{component} {expected}");
    }
    let streamed = stream(&bundle.encoder(), &scan, frames, &[1, 37, 256, 511]).unwrap();
    assert_eq!(bits(&streamed), bits(&embedding));
}

#[test]
fn every_format_embeds_near_float32() {
    for dims in [FULL_WIDTH, LINEAR] {
        let scan = Random(5).floats(3 * dims.features, 2.0);
        let embedding = |format| {
            let bytes = bundle_in(format, &dims, 2, None).unwrap();
            embed_window(&encoder(&bytes), &scan)
        };
        let exact = embedding(WeightFormat::F32);
        for (format, min_cosine) in [
            (WeightFormat::F16, 0.999_99),
            (WeightFormat::I16, 0.999_999),
            (WeightFormat::I8I16, 0.999),
            (WeightFormat::I8, 0.995),
        ] {
            let cosine = cosine(&exact, &embedding(format)).unwrap();
            assert!(cosine >= min_cosine, "{}: {cosine}", format.name());
        }
    }
}
