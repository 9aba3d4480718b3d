//! Effective dimension, bits and the map, against numpy, scipy and scikit-learn.

#![allow(clippy::unwrap_used)]

use super::super::tests::reference;
use super::*;

#[test]
fn agrees_with_the_eigenvalues_and_the_principal_components() {
    let cases = reference().embeddings;
    assert!(!cases.is_empty());
    for case in cases {
        let found = participation_ratio(&case.embeddings);
        assert!((found - case.participation_ratio).abs() < 1e-6, "{found} {}", case.participation_ratio);
        for (found, expected) in principal_map(&case.embeddings).iter().zip(&case.principal_map) {
            assert!((found[0] - expected[0]).abs() < 1e-5 && (found[1] - expected[1]).abs() < 1e-5, "{found:?}");
        }
    }
}

#[test]
fn agrees_with_the_integral_of_the_gaussians() {
    for case in reference().curves {
        let Some(expected) = case.relative_entropy_bits else { continue };
        let found = relative_entropy_bits(&case.genuine, &case.impostor).unwrap();
        assert!((found - expected).abs() < 1e-8, "{}: {found} {expected}", case.name);
    }
    assert_eq!(relative_entropy_bits(&[], &[0.0]), Err(ScoreError::Empty { list: "genuine" }));
    assert!(relative_entropy_bits(&[f64::NAN], &[0.0]).is_err());
    assert_eq!(relative_entropy_bits(&[1.0, 2.0], &[2.0, 1.0]), Ok(0.0));
}

#[test]
fn directions_of_equal_variance_count_one_each() {
    // The corners of a cube in the first 3 of 5 dimensions; a line; one point.
    let cube: Vec<[f32; 5]> = (0..8_u8).map(|i| [0, 1, 2, 8, 8].map(|bit| f32::from(i >> bit.min(7) & 1))).collect();
    assert!((participation_ratio(&cube) - 3.0).abs() < 1e-12);
    assert!((participation_ratio(&[[1.0_f32, 2.0], [2.0, 4.0], [3.0, 6.0]]) - 1.0).abs() < 1e-12);
    assert_eq!(participation_ratio(&[[1.0_f32, 2.0], [1.0, 2.0]]), 0.0);
    assert_eq!(participation_ratio::<[f32; 2]>(&[]), 0.0);
}

#[test]
fn a_direction_without_variance_is_zero_on_the_map() {
    let line = principal_map(&[[1.0_f32, 2.0, 2.0], [2.0, 4.0, 4.0], [3.0, 6.0, 6.0]]);
    for (found, expected) in line.iter().zip([-3.0, 0.0, 3.0]) {
        assert!((found[0] - expected).abs() < 1e-9 && found[1] == 0.0, "{line:?}");
    }
    assert_eq!(principal_map(&[[1.0_f32, 2.0], [1.0, 2.0]]), [[0.0; 2]; 2]);
    assert!(principal_map::<[f32; 2]>(&[]).is_empty());
}
