//! Embedding components to signed 16-bit codes, the input of both key schemes.

use core::error::Error;
use core::fmt;

/// Codes per unit: a component of 1.0 becomes 1000.
pub const SCALE: f32 = 1000.0;

/// Why an embedding has no codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants say what their fields are")]
#[non_exhaustive]
pub enum QuantiseError {
    /// The embedding has so many components, and there is room for another number of codes.
    Length { components: usize, codes: usize },
    /// The component at this position, the first such, is NaN or infinite.
    NotFinite { index: usize },
    /// The component at this position, the first such, does not fit a signed 16-bit code: about 32.768 or more either
    /// side of 0.
    OutOfRange { index: usize },
    /// There are no components.
    Empty,
}

impl fmt::Display for QuantiseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { components, codes } => {
                write!(f, "embedding of {components} components, room for {codes} codes: give one code a component")
            }
            Self::NotFinite { index } => write!(f, "embedding component {index} is not finite"),
            Self::OutOfRange { index } => {
                write!(f, "embedding component {index} is outside the 16-bit range of +-32.767")
            }
            Self::Empty => write!(f, "the embedding has no components"),
        }
    }
}

impl Error for QuantiseError {}

/// Writes the codes of `embedding`: each component times 1000, toward zero.
///
/// Like the reference's, the codes of an all-zero embedding are zeros. Scheme v2 never meets them: it normalises first,
/// and refuses a zero norm.
///
/// # Errors
/// The lengths differ, there are no components, or one is not finite or does not fit. The content of `codes` is then
/// unspecified.
pub fn quantise(embedding: &[f32], codes: &mut [i16]) -> Result<(), QuantiseError> {
    if embedding.len() != codes.len() {
        return Err(QuantiseError::Length { components: embedding.len(), codes: codes.len() });
    }
    if embedding.is_empty() {
        return Err(QuantiseError::Empty);
    }
    for (index, (component, code)) in embedding.iter().zip(codes).enumerate() {
        *code = quantise_component(index, *component)?;
    }
    Ok(())
}

/// The code of the component at `index`.
///
/// The product is rounded to float32 before it is cut to an integer, as the reference does.
pub(crate) fn quantise_component(index: usize, component: f32) -> Result<i16, QuantiseError> {
    let scaled = component * SCALE;
    if !component.is_finite() {
        Err(QuantiseError::NotFinite { index })
    } else if scaled > -32769.0 && scaled < 32768.0 {
        Ok(scaled as i16)
    } else {
        Err(QuantiseError::OutOfRange { index })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;

    #[test]
    fn refuses_what_has_no_codes() {
        let mut codes = [0; 2];
        let mut refusal = |embedding: &[f32]| quantise(embedding, &mut codes).unwrap_err();
        assert_eq!(refusal(&[1.0]), QuantiseError::Length { components: 1, codes: 2 });
        assert_eq!(refusal(&[1.0, f32::NAN]), QuantiseError::NotFinite { index: 1 });
        assert_eq!(refusal(&[f32::INFINITY, 0.0]), QuantiseError::NotFinite { index: 0 });
        assert_eq!(refusal(&[32.768, 0.0]), QuantiseError::OutOfRange { index: 0 });
        assert_eq!(-32.769f32 * SCALE, -32769.0);
        assert_eq!(refusal(&[0.0, -32.769]), QuantiseError::OutOfRange { index: 1 });
        assert_eq!(refusal(&[1.0, f32::MAX]), QuantiseError::OutOfRange { index: 1 });
        assert_eq!(quantise(&[], &mut []), Err(QuantiseError::Empty));
    }

    #[test]
    fn reaches_both_ends_of_the_range() {
        let mut codes = [0; 2];
        quantise(&[32.7675, -32.7685], &mut codes).unwrap();
        assert_eq!(codes, [32767, -32768]);
    }

    proptest! {
        #[test]
        fn never_panics_and_truncates_toward_zero(bits in proptest::collection::vec(any::<u32>(), 0..64)) {
            let embedding: vec::Vec<f32> = bits.iter().map(|&b| f32::from_bits(b)).collect();
            let mut codes = vec![0i16; embedding.len()];
            if quantise(&embedding, &mut codes).is_ok() {
                for (component, code) in embedding.iter().zip(&codes) {
                    prop_assert_eq!(f32::from(*code), libm::truncf(component * SCALE));
                }
            }
        }
    }
}
