//! Embedding components to signed 16-bit codes, the input of both key schemes.

use core::error::Error;
use core::fmt;

/// Codes per unit: a component of 1.0 becomes 1000.
pub const SCALE: f32 = 1000.0;

/// Why an embedding has no codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantizeError {
    /// The embedding and the space for its codes differ in length.
    Length {
        /// Components of the embedding.
        components: usize,
        /// Codes there is room for.
        codes: usize,
    },
    /// A component is NaN or infinite.
    NotFinite {
        /// Position of the first such component.
        index: usize,
    },
    /// A component does not fit a signed 16-bit code (magnitude of about 32.768 or more).
    OutOfRange {
        /// Position of the first such component.
        index: usize,
    },
    /// There are no components.
    Empty,
}

impl QuantizeError {
    /// The same of an embedding that `components` precede.
    pub(crate) fn after(self, components: usize) -> Self {
        match self {
            Self::NotFinite { index } => Self::NotFinite { index: components + index },
            Self::OutOfRange { index } => Self::OutOfRange { index: components + index },
            other => other,
        }
    }
}

impl fmt::Display for QuantizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { components, codes } => {
                write!(f, "embedding of {components} components, room for {codes} codes: lend one code a component")
            }
            Self::NotFinite { index } => write!(f, "embedding component {index} is not finite"),
            Self::OutOfRange { index } => {
                write!(f, "embedding component {index} is outside the 16-bit range of +-32.767")
            }
            Self::Empty => write!(f, "the embedding has no components"),
        }
    }
}

impl Error for QuantizeError {}

/// Writes the codes of `embedding`: each component times 1000, toward zero.
///
/// The product is rounded to float32 before it is cut to an integer, as the reference does; like the reference's, the
/// codes of an all-zero embedding are zeros. Scheme v2 never meets them: it normalises first, and refuses a zero norm.
///
/// # Errors
/// The lengths differ, there are no components, or one is not finite or does not fit. The content of `codes` is then
/// unspecified.
pub fn quantize(embedding: &[f32], codes: &mut [i16]) -> Result<(), QuantizeError> {
    if embedding.len() != codes.len() {
        return Err(QuantizeError::Length { components: embedding.len(), codes: codes.len() });
    }
    if embedding.is_empty() {
        return Err(QuantizeError::Empty);
    }
    quantize_scaled(embedding, 1.0, codes)
}

/// [`quantize`] of `embedding / divisor`, as many components as codes.
pub(crate) fn quantize_scaled(embedding: &[f32], divisor: f32, codes: &mut [i16]) -> Result<(), QuantizeError> {
    // What is not finite does not fit either.
    let fits = |component: f32| (component * SCALE > -32769.0) & (component * SCALE < 32768.0);
    // No branch for each component: several share an instruction.
    let mut fit = true;
    for (component, code) in embedding.iter().zip(codes) {
        let component = component / divisor;
        fit &= (component * SCALE).abs() < 32768.0;
        *code = toward_zero(component * SCALE);
    }
    if fit {
        return Ok(());
    }
    let mut components = embedding.iter().map(|component| component / divisor).enumerate();
    match components.find(|(_, component)| !fits(*component)) {
        None => Ok(()),
        Some((index, component)) if component.is_finite() => Err(QuantizeError::OutOfRange { index }),
        Some((index, _)) => Err(QuantizeError::NotFinite { index }),
    }
}

/// What fits, cut to an integer.
#[inline(always)]
fn toward_zero(x: f32) -> i16 {
    // The cast has a branch for each component on x86-64, and is one instruction on a Cortex-M4.
    #[cfg(feature = "std")]
    let code = by_sums(x);
    #[cfg(not(feature = "std"))]
    let code = x as i32 as i16;
    code
}

/// [`toward_zero`] in sums, of which several share an instruction.
///
/// Near [`ONES`] a float counts ones, so that the nearest integer is its last bits. Where that is the longer one, it is
/// one too far from zero.
#[cfg(any(test, feature = "std"))]
#[inline(always)]
fn by_sums(x: f32) -> i16 {
    /// 1.5 times 2^23.
    const ONES: f32 = 12_582_912.0;
    let nearest = x + ONES;
    let too_far = if (nearest - ONES).abs() > x.abs() { 1f32.copysign(x) } else { 0.0 };
    (nearest - too_far).to_bits() as i16
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
        let mut refusal = |embedding: &[f32]| quantize(embedding, &mut codes).unwrap_err();
        assert_eq!(refusal(&[1.0]), QuantizeError::Length { components: 1, codes: 2 });
        assert_eq!(refusal(&[1.0, f32::NAN]), QuantizeError::NotFinite { index: 1 });
        assert_eq!(refusal(&[f32::INFINITY, 0.0]), QuantizeError::NotFinite { index: 0 });
        assert_eq!(refusal(&[32.768, 0.0]), QuantizeError::OutOfRange { index: 0 });
        assert_eq!(refusal(&[1.0, f32::MAX]), QuantizeError::OutOfRange { index: 1 });
        assert_eq!(quantize(&[], &mut []), Err(QuantizeError::Empty));
    }

    #[test]
    fn reaches_both_ends_of_the_range() {
        let mut codes = [0; 2];
        quantize(&[32.7675, -32.7685], &mut codes).unwrap();
        assert_eq!(codes, [32767, -32768]);
    }

    #[test]
    fn sums_cut_as_the_cast_does() {
        let same = |x: f32| assert_eq!(by_sums(x), x as i16, "{x:e}");
        for whole in -32768..=32767 {
            // The whole number, its neighbours, and what lies in the middle between two.
            let bits = (whole as f32).to_bits();
            let around = [bits.wrapping_sub(1), bits, bits + 1].map(f32::from_bits);
            around.into_iter().filter(|x| x.is_finite()).for_each(same);
            same(whole as f32 + 0.5);
            same(whole as f32 - 0.5);
        }
        for bits in (0..32768f32.to_bits()).step_by(999) {
            same(f32::from_bits(bits));
            same(-f32::from_bits(bits));
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_truncates_toward_zero(bits in proptest::collection::vec(any::<u32>(), 0..64)) {
            let embedding: vec::Vec<f32> = bits.iter().map(|&b| f32::from_bits(b)).collect();
            let mut codes = vec![0i16; embedding.len()];
            if quantize(&embedding, &mut codes).is_ok() {
                for (component, code) in embedding.iter().zip(&codes) {
                    prop_assert_eq!(f32::from(*code), libm::truncf(component * SCALE));
                }
            }
        }
    }
}
