//! Cosine similarity with sums in one fixed order, the same bits on every machine.
//!
//! A sum runs in 16 lanes (component `i` in lane `i % 16`), and the lanes are added as a fixed tree: 8 and 8, 4 and 4,
//! 2 and 2, 1 and 1. Any vector width computes exactly this; nothing is fused or reordered.

use core::array;
use core::error::Error;
use core::fmt;

const LANES: usize = 16;

/// Products of a partial sum in [`signed_square_of_cosine`].
const PARTIAL: usize = 64;

/// Why two vectors have no cosine, or one no direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants say what their fields are")]
#[non_exhaustive]
pub enum SimilarityError {
    /// The vectors have these numbers of components, which differ.
    Length { left: usize, right: usize },
    /// A component is NaN or infinite, or the squares overflow.
    NotFinite,
    /// A vector is empty, or too short to have a direction (its squares sum to zero).
    Zero,
}

impl fmt::Display for SimilarityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { left, right } => write!(f, "vectors of {left} and {right} components"),
            Self::NotFinite => write!(f, "a vector is not finite"),
            Self::Zero => write!(f, "a vector is zero"),
        }
    }
}

impl Error for SimilarityError {}

/// Cosine of the angle between two vectors, clamped to -1..=1.
///
/// # Errors
/// The lengths differ, or a vector is zero or not finite.
pub fn cosine(left: &[f32], right: &[f32]) -> Result<f32, SimilarityError> {
    let product = dot(left, right)?;
    let cosine = product / norm(left)? / norm(right)?;
    if cosine.is_nan() {
        return Err(SimilarityError::NotFinite);
    }
    Ok(cosine.clamp(-1.0, 1.0))
}

/// The square of the cosine, negative for a negative one: a second way to the same verdict.
///
/// It shares no code with [`cosine`], neither sums nor square root, so that one error in either leaves the other's answer
/// right. Not in the canonical order: it differs from the square of [`cosine`] by rounding errors.
///
/// # Errors
/// The lengths differ. The square is NaN if a vector is zero or not finite.
pub(crate) fn signed_square_of_cosine(left: &[f32], right: &[f32]) -> Result<f32, SimilarityError> {
    if left.len() != right.len() {
        return Err(SimilarityError::Length { left: left.len(), right: right.len() });
    }
    let (mut product, mut left_square, mut right_square) = (0.0f32, 0.0, 0.0);
    // Partial sums, so that rounding errors stay within what the verdict allows for.
    for (left, right) in left.chunks(PARTIAL).zip(right.chunks(PARTIAL)) {
        let mut partial = (0.0f32, 0.0, 0.0);
        for (left, right) in left.iter().zip(right) {
            partial = (partial.0 + left * right, partial.1 + left * left, partial.2 + right * right);
        }
        product += partial.0;
        left_square += partial.1;
        right_square += partial.2;
    }
    Ok((product / left_square) * (product.abs() / right_square))
}

/// Euclidean length of a vector, always finite and above zero.
///
/// # Errors
/// The vector is zero or not finite.
pub fn norm(vector: &[f32]) -> Result<f32, SimilarityError> {
    match dot(vector, vector)? {
        squares if !squares.is_finite() => Err(SimilarityError::NotFinite),
        squares if squares <= 0.0 => Err(SimilarityError::Zero),
        squares => Ok(libm::sqrtf(squares)),
    }
}

/// Scales a vector to unit length in place.
///
/// # Errors
/// The vector is zero or not finite, and stays as it was.
pub fn normalise(vector: &mut [f32]) -> Result<(), SimilarityError> {
    let length = norm(vector)?;
    for component in vector {
        *component /= length;
    }
    Ok(())
}

/// The sum of products in 16 lanes and the fixed tree.
///
/// # Errors
/// The lengths differ.
pub(crate) fn dot(left: &[f32], right: &[f32]) -> Result<f32, SimilarityError> {
    if left.len() != right.len() {
        return Err(SimilarityError::Length { left: left.len(), right: right.len() });
    }
    let mut lanes = [0.0; LANES];
    for (left, right) in left.chunks(LANES).zip(right.chunks(LANES)) {
        for ((lane, left), right) in lanes.iter_mut().zip(left).zip(right) {
            *lane += left * right;
        }
    }
    Ok(tree(&lanes))
}

/// Adds 16 lanes as the fixed tree.
pub(crate) fn tree(lanes: &[f32; LANES]) -> f32 {
    let eight: [f32; 8] = array::from_fn(|lane| lanes[lane] + lanes[lane + 8]);
    let four: [f32; 4] = array::from_fn(|lane| eight[lane] + eight[lane + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cosine_of_known_angles() {
        assert_eq!(cosine(&[1.0, 0.0], &[0.0, 2.0]), Ok(0.0));
        assert_eq!(cosine(&[3.0, 4.0], &[3.0, 4.0]), Ok(1.0));
        assert_eq!(cosine(&[3.0, 4.0], &[-3.0, -4.0]), Ok(-1.0));
    }

    #[test]
    fn refuses_what_has_no_angle() {
        let overflow = [f32::MAX; 2];
        assert_eq!(cosine(&[1.0], &[1.0, 2.0]), Err(SimilarityError::Length { left: 1, right: 2 }));
        assert_eq!(cosine(&[1.0, 0.0], &[0.0, 0.0]), Err(SimilarityError::Zero));
        assert_eq!(cosine(&[], &[]), Err(SimilarityError::Zero));
        assert_eq!(cosine(&[f32::NAN, 1.0], &[1.0, 1.0]), Err(SimilarityError::NotFinite));
        assert_eq!(norm(&overflow), Err(SimilarityError::NotFinite));
    }

    #[test]
    fn the_second_way_to_the_square_needs_equal_lengths_and_a_direction() {
        let refused = Err(SimilarityError::Length { left: 1, right: 2 });
        assert_eq!(signed_square_of_cosine(&[1.0], &[1.0, 2.0]), refused);
        assert!(signed_square_of_cosine(&[0.0; 2], &[1.0, 2.0]).unwrap().is_nan());
        assert_eq!(signed_square_of_cosine(&[3.0, 4.0], &[-3.0, -4.0]), Ok(-1.0));
    }

    proptest! {
        #[test]
        fn the_second_way_to_the_square_is_that_of_the_cosine(
            pairs in proptest::collection::vec((-10.0f32..10.0, -10.0f32..10.0), 1..400),
        ) {
            let (left, right): (std::vec::Vec<f32>, std::vec::Vec<f32>) = pairs.into_iter().unzip();
            if let Ok(cosine) = cosine(&left, &right) {
                let square = signed_square_of_cosine(&left, &right).unwrap();
                prop_assert!((square - cosine * cosine.abs()).abs() < 1e-5, "{} {}", square, cosine);
            }
        }

        #[test]
        fn dot_is_the_lane_sum_for_any_length(values in proptest::collection::vec(-10.0f32..10.0, 0..80)) {
            let mut lanes = [0f32; 16];
            for (i, v) in values.iter().enumerate() {
                lanes[i % 16] += v * v;
            }
            for half in [8, 4, 2, 1] {
                for i in 0..half {
                    lanes[i] += lanes[i + half];
                }
            }
            prop_assert_eq!(dot(&values, &values).unwrap().to_bits(), lanes[0].to_bits());
        }

        #[test]
        fn normalised_vectors_have_unit_length(mut values in proptest::collection::vec(-10.0f32..10.0, 1..80)) {
            if normalise(&mut values).is_ok() {
                prop_assert!((norm(&values).unwrap() - 1.0).abs() < 1e-6);
            }
        }

        #[test]
        fn cosine_of_any_bits_is_in_range_or_an_error(bits in proptest::collection::vec(any::<(u32, u32)>(), 0..40)) {
            let (a, b): (std::vec::Vec<f32>, std::vec::Vec<f32>) =
                bits.iter().map(|&(a, b)| (f32::from_bits(a), f32::from_bits(b))).unzip();
            if let Ok(c) = cosine(&a, &b) {
                prop_assert!((-1.0..=1.0).contains(&c));
            }
        }
    }
}
