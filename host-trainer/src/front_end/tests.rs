use neural_vault_core::encoder::Fill;
use proptest::prelude::*;

use super::*;
use crate::dataset::Standardiser;

/// Standardised frames of three classes along features 0 and 1; the others are noise of growing size.
fn recording(features: usize, rows: usize) -> (Vec<f32>, Vec<u32>) {
    let mut state = 7u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    let labels: Vec<u32> = (0..rows as u32).map(|row| row % 3).collect();
    let mut frames = Vec::new();
    for &label in &labels {
        for feature in 0..features {
            let signal = if feature == label as usize { 4.0 } else { 0.0 };
            frames.push(signal + noise() * (1.0 + feature as f32));
        }
    }
    let (standardiser, _) = Standardiser::fit(&frames, features, Fill::Mean);
    standardiser.apply(&mut frames);
    (frames, labels)
}

#[test]
fn two_classes_that_differ_in_one_feature_are_separated_by_it() {
    // Feature 0 depends on the class; feature 1 is large and does not; feature 2 is constant.
    let labels: Vec<u32> = (0..20).map(|i| u32::from(i >= 10)).collect();
    for features in [3, 30] {
        // Also with more features than frames: the further features are zero.
        let mut frames = vec![0.0; 20 * features];
        for (i, frame) in frames.chunks_exact_mut(features).enumerate() {
            let class = if i < 10 { 1.0 } else { -1.0 };
            frame[0] = class + 0.1 * (i % 3) as f32;
            frame[1] = 3.0 * ((i * 7 % 5) as f32 - 2.0);
        }
        let axes = FrontEnd::fit(&frames, features, &labels).unwrap().discriminants();
        assert_eq!(axes.ncols(), 1);
        assert!(axes[(0, 0)].abs() > 10.0 * axes[(1, 0)].abs());
    }
}

#[test]
fn projected_training_frames_are_the_weights_times_the_frames_with_a_mean_square_of_one() {
    for (features, rows) in [(6, 60), (60, 24)] {
        let (frames, labels) = recording(features, rows);
        let projection = FrontEnd::fit(&frames, features, &labels).unwrap().projection(32, CLOSED_SET_REST);
        assert_eq!(projection.rank, 32.min(rows - 1).min(features));
        for (frame, projected) in frames.chunks(features).zip(projection.frames.chunks(32)) {
            for (weights, value) in projection.weight.chunks(features).zip(projected) {
                let product: f32 = weights.iter().zip(frame).map(|(w, x)| w * x).sum();
                assert!((product - value).abs() < 1e-4, "{product} {value}");
            }
        }
        let squares: f32 = projection.frames.iter().map(|value| value * value).sum();
        let mean = squares / (rows * projection.rank) as f32;
        assert!((mean - 1.0).abs() < 1e-4, "{mean}");
    }
}

#[test]
fn wide_and_narrow_recordings_have_the_same_front_end() {
    let (features, rows, padded) = (20, 40, 60);
    let (frames, labels) = recording(features, rows);
    let wide: Vec<f32> =
        frames.chunks(features).flat_map(|f| f.iter().copied().chain(vec![0.0; padded - features])).collect();
    let narrow = FrontEnd::fit(&frames, features, &labels).unwrap().projection(16, CLOSED_SET_REST);
    let wide = FrontEnd::fit(&wide, padded, &labels).unwrap().projection(16, CLOSED_SET_REST);
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    // Axes are determined up to their signs, so inner products of frames are compared.
    for i in 0..rows {
        for j in 0..rows {
            let (a, b) = (i * 16..(i + 1) * 16, j * 16..(j + 1) * 16);
            let narrow = dot(&narrow.frames[a.clone()], &narrow.frames[b.clone()]);
            let wide = dot(&wide.frames[a], &wide.frames[b]);
            assert!((narrow - wide).abs() < 1e-3 * (1.0 + narrow.abs()), "{narrow} {wide}");
        }
    }
}

#[test]
fn frames_without_variation_are_refused_with_the_reason() {
    let fit = |frames: &[f32], labels: &[u32]| FrontEnd::fit(frames, 2, labels).err();
    assert_eq!(fit(&[0.0; 8], &[0, 0, 1, 1]), Some(FrontEndError::NoVariation));
    let copies = [1.0, -1.0, 1.0, -1.0, -1.0, 1.0, -1.0, 1.0];
    assert_eq!(fit(&copies, &[0, 0, 1, 1]), Some(FrontEndError::NoVariationWithin));
    let alike = [1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0, 1.0];
    assert_eq!(fit(&alike, &[0, 0, 1, 1]), Some(FrontEndError::NoVariationBetween));
}

proptest! {
    #[test]
    fn every_projection_is_finite_or_refused(
        rows in 4usize..12, features in 1usize..9, values in prop::collection::vec(-3i8..4, 100),
    ) {
        let mut frames: Vec<f32> = values.iter().cycle().take(rows * features).map(|&v| f32::from(v)).collect();
        let (standardiser, _) = Standardiser::fit(&frames, features, Fill::Mean);
        standardiser.apply(&mut frames);
        let labels: Vec<u32> = (0..rows as u32).map(|row| row % 2).collect();
        if let Ok(front_end) = FrontEnd::fit(&frames, features, &labels) {
            let projection = front_end.projection(16, CLOSED_SET_REST);
            prop_assert!(projection.weight.iter().chain(&projection.frames).all(|v| v.is_finite()));
            prop_assert!(projection.rank >= 1 && projection.rank <= 16);
        }
    }
}
