//! Cosine similarity with sums in one fixed order, the same bits on every machine.
//!
//! A sum runs in 16 lanes (component `i` in lane `i % 16`), and the lanes are added as a fixed tree: 8 and 8, 4 and 4,
//! 2 and 2, 1 and 1. Any vector width computes exactly this; nothing is fused or reordered.

use core::error::Error;
use core::fmt;

const LANES: usize = 16;

/// Why two vectors have no cosine, or one no direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimilarityError {
    /// The vectors differ in length.
    Length {
        /// Components of the first vector.
        left: usize,
        /// Components of the second vector.
        right: usize,
    },
    /// A component is NaN or infinite, or the squares overflow.
    NotFinite,
    /// A vector is empty, or too short to have a direction (its squares sum to zero).
    Zero,
}

impl fmt::Display for SimilarityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { left, right } => {
                write!(f, "vectors of {left} and {right} components")
            }
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
    if left.len() != right.len() {
        return Err(SimilarityError::Length { left: left.len(), right: right.len() });
    }
    let (left_norm, right_norm) = (norm(left)?, norm(right)?);
    let cosine = dot(left, right) / left_norm / right_norm;
    if cosine.is_nan() {
        return Err(SimilarityError::NotFinite);
    }
    Ok(cosine.clamp(-1.0, 1.0))
}

/// Euclidean length of a vector, always finite and above zero.
///
/// # Errors
/// The vector is zero or not finite.
pub fn norm(vector: &[f32]) -> Result<f32, SimilarityError> {
    let squares = dot(vector, vector);
    if !squares.is_finite() {
        return Err(SimilarityError::NotFinite);
    }
    if squares <= 0.0 {
        return Err(SimilarityError::Zero);
    }
    Ok(square_root(squares))
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

/// The float nearest to the square root of what is not below zero.
pub(crate) fn square_root(x: f32) -> f32 {
    // The standard library's is IEEE 754's too, in a tenth of the time.
    #[cfg(feature = "std")]
    let root = x.sqrt();
    #[cfg(not(feature = "std"))]
    let root = digits_of_root(x);
    root
}

/// [`square_root`], digit by digit; zero, infinity and what has no root are their own.
#[cfg(any(test, not(feature = "std")))]
fn digits_of_root(x: f32) -> f32 {
    let bits = x.to_bits();
    if bits.wrapping_sub(1) >= f32::INFINITY.to_bits() - 1 {
        return x;
    }
    let stored = if bits >> 23 == 0 { bits << 1 } else { bits & 0x7f_ffff | 0x80_0000 };
    // A subnormal has leading zeros.
    let shift = stored.leading_zeros() - 8;
    let exponent = (bits >> 23) as i32 - shift as i32 - 127;
    let mut rest = stored << (shift + 1 + (exponent & 1) as u32);
    let (mut root, mut digit) = (0, 1 << 24);
    while digit != 0 {
        let trial = 2 * root + digit;
        if trial <= rest {
            rest -= trial;
            root += digit;
        }
        rest *= 2;
        digit /= 2;
    }
    // The last digit alone decides: no root lies in the middle between floats.
    f32::from_bits(root.div_ceil(2) + (((exponent >> 1) + 126) as u32) * (1 << 23))
}

/// Sum of products in 16 lanes and the fixed tree; vectors of one length.
#[inline(never)]
pub(crate) fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let (left_chunks, left_rest) = left.as_chunks::<LANES>();
    let (right_chunks, right_rest) = right.as_chunks::<LANES>();
    for (left, right) in left_chunks.iter().zip(right_chunks) {
        add_products(&mut lanes, left, right);
    }
    // In another place, so that those of the loop stay in registers.
    let mut lanes = lanes.map(|lane| lane);
    add_products(&mut lanes, left_rest, right_rest);
    tree(&mut lanes)
}

#[inline]
fn add_products(lanes: &mut [f32; LANES], left: &[f32], right: &[f32]) {
    for ((lane, a), b) in lanes.iter_mut().zip(left).zip(right) {
        *lane += a * b;
    }
}

/// Sum in 16 lanes and the fixed tree.
#[cfg(feature = "encoder")]
#[inline(never)]
pub(crate) fn sum(values: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    for chunk in values.chunks(LANES) {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    tree(&mut lanes)
}

/// Adds 16 lanes as the fixed tree.
#[inline]
fn tree(lanes: &mut [f32; LANES]) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        // Not by index: a check of one would be a panic.
        let (low, high) = lanes.split_at_mut_checked(half).unwrap_or_default();
        for (low, high) in low.iter_mut().zip(high) {
            *low += *high;
        }
        half /= 2;
    }
    let [sum, ..] = *lanes;
    sum
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
    fn square_roots_are_the_nearest_floats() {
        for bits in (0..=f32::INFINITY.to_bits()).step_by(1282) {
            let x = f32::from_bits(bits);
            let expected = libm::sqrtf(x).to_bits();
            assert_eq!(digits_of_root(x).to_bits(), expected, "{x:e}");
            assert_eq!(square_root(x).to_bits(), expected, "{x:e}");
        }
        assert!(digits_of_root(f32::NAN).is_nan());
        assert_eq!(digits_of_root(f32::INFINITY), f32::INFINITY);
    }

    proptest! {
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
            prop_assert_eq!(dot(&values, &values).to_bits(), lanes[0].to_bits());
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
