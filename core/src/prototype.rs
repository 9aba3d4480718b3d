//! Prototypes in one byte a component, for models whose embeddings have thousands of them.
//!
//! A component's code is the nearest integer to `127 x / m`, ties to even, where `m` is the largest magnitude of all
//! components; the prototype that counts is `code * scale`, with `scale = m / 127`. Scores and keys use these rounded
//! components on host and token alike, so one enrolment has one key. Rounding them again changes no bit.

use crate::similarity::{SimilarityError, norm};

/// Largest magnitude of a code.
const MAX_CODE: f32 = i8::MAX as f32;

/// Writes the codes of a prototype's components; returns their scale.
///
/// # Errors
/// There is another number of codes than components, or the prototype is zero or not finite. `codes` are as they were.
pub fn round(components: &[f32], codes: &mut [i8]) -> Result<f32, SimilarityError> {
    check_lengths(components.len(), codes.len())?;
    norm(components)?;
    // Without a branch on a component: a prototype is as secret as a key. Finite magnitudes are in the order of their bits.
    let largest =
        f32::from_bits(components.iter().fold(0, |largest, component| largest.max(component.abs().to_bits())));
    for (component, code) in components.iter().zip(codes) {
        // No component is above the largest, so the cast cuts nothing off.
        *code = round_to_even(component * MAX_CODE / largest) as i8;
    }
    Ok(largest / MAX_CODE)
}

/// Writes the components that codes and their scale stand for.
///
/// # Errors
/// There is another number of components than codes, or the prototype is zero or not finite.
pub fn restore(codes: &[i8], scale: f32, components: &mut [f32]) -> Result<(), SimilarityError> {
    check_lengths(codes.len(), components.len())?;
    for (component, code) in components.iter_mut().zip(codes) {
        *component = f32::from(*code) * scale;
    }
    norm(components).map(drop)
}

/// The nearest integer of a number of at most 127 on either side, ties to even.
fn round_to_even(number: f32) -> f32 {
    /// From 2^23 to 2^24 the floats are the integers, so the sum is rounded to one; 1.5 leaves room on both sides.
    const INTEGERS: f32 = 1.5 * (1 << 23) as f32;

    (number + INTEGERS) - INTEGERS
}

fn check_lengths(left: usize, right: usize) -> Result<(), SimilarityError> {
    if left == right { Ok(()) } else { Err(SimilarityError::Length { left, right }) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::key::{DeviceSecret, KeyBuffer, KeyContext, MAX_LATENT, derive_v2};
    use crate::similarity::cosine;
    use crate::testing::Random;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    /// The codes of a prototype, their scale, and the components that they stand for.
    fn rounded(components: &[f32]) -> (Vec<i8>, f32, Vec<f32>) {
        let (mut codes, mut restored) = (vec![0; components.len()], vec![0.0; components.len()]);
        let scale = round(components, &mut codes).unwrap();
        restore(&codes, scale, &mut restored).unwrap();
        (codes, scale, restored)
    }

    fn key(prototype: &[f32]) -> [u8; 32] {
        let (secret, mut buffer) = (DeviceSecret::from_bytes(&[3; 32]), KeyBuffer::empty());
        let context = KeyContext { model_digest: &[1; 32], enrolment_id: &[2; 16], application: b"door" };
        *derive_v2(prototype, &secret, &context, &mut buffer).unwrap().expose_secret()
    }

    #[test]
    fn codes_are_the_nearest_ties_to_even_and_the_largest_is_127() {
        // With 127 as the largest, components are their codes.
        let components = [127.0, -127.0, 0.5, 1.5, 2.5, -0.5, -1.5, 63.49, -63.51, 0.0, -0.0];
        let (codes, scale, restored) = rounded(&components);
        assert_eq!(codes, [127, -127, 0, 2, 2, 0, -2, 63, -64, 0, 0]);
        assert_eq!((scale, restored[7]), (1.0, 63.0));
    }

    #[test]
    fn every_component_is_rounded_as_by_the_c_library() {
        // Ties and their neighbours, and steps that fall anywhere.
        let halves = (-254..=254).map(|half| half as f32 / 2.0);
        let near = halves.flat_map(|tie| [tie.next_down(), tie, tie.next_up()]);
        let anywhere = (-127_000..=127_000).map(|number| number as f32 / 1000.003);
        for number in near.chain(anywhere) {
            assert_eq!(round_to_even(number) as i8, libm::rintf(number) as i8, "{number}");
        }
    }

    #[test]
    fn the_scale_of_rounded_components_is_the_same_scale() {
        // Every mantissa; exponents change nothing.
        for bits in 0x3f80_0000..0x4000_0000u32 {
            let scale = f32::from_bits(bits) / MAX_CODE;
            assert_eq!(scale * MAX_CODE / MAX_CODE, scale, "{bits:#x}");
        }
    }

    #[test]
    fn what_has_no_direction_is_refused() {
        let refused = |components: &[f32]| round(components, &mut vec![0; components.len()]).err();
        assert_eq!(refused(&[]), Some(SimilarityError::Zero));
        assert_eq!(refused(&[0.0; 5]), Some(SimilarityError::Zero));
        for unsound in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX] {
            assert_eq!(refused(&[1.0, unsound]), Some(SimilarityError::NotFinite), "{unsound}");
        }
        assert_eq!(round(&[1.0; 3], &mut [0; 2]), Err(SimilarityError::Length { left: 3, right: 2 }));
        let restored = |codes: &[i8], scale| restore(codes, scale, &mut [0.0; 2]);
        assert_eq!(restored(&[1; 3], 1.0), Err(SimilarityError::Length { left: 3, right: 2 }));
        assert_eq!(restored(&[0; 2], 1.0), Err(SimilarityError::Zero));
        assert_eq!(restored(&[1; 2], 0.0), Err(SimilarityError::Zero));
        for unsound in [f32::NAN, f32::INFINITY] {
            assert_eq!(restored(&[1; 2], unsound), Err(SimilarityError::NotFinite));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn rounding_keeps_the_direction_and_a_second_time_changes_nothing(
            count in 1..=MAX_LATENT, seed: u32, exponent in -15i32..15,
        ) {
            let magnitude = libm::powf(10.0, exponent as f32);
            let components: Vec<f32> = Random(seed).floats(count, 1.0).iter().map(|x| x * magnitude).collect();
            prop_assume!(norm(&components).is_ok());
            let (codes, scale, restored) = rounded(&components);
            prop_assert!(cosine(&components, &restored).unwrap() > 0.9998);
            for (component, restored) in components.iter().zip(&restored) {
                prop_assert!((component - restored).abs() <= 0.5001 * scale);
            }
            let again = rounded(&restored);
            prop_assert_eq!((&again.0, again.1.to_bits()), (&codes, scale.to_bits()));
            let bits = |components: &[f32]| components.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&again.2), bits(&restored));
            let probe = Random(!seed).floats(count, 1.0);
            prop_assert_eq!(cosine(&again.2, &probe), cosine(&restored, &probe));
            prop_assert_eq!(key(&again.2), key(&restored));
        }
    }
}
