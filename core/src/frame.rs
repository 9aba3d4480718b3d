//! The check that a raw frame says something.
//!
//! A frame needs at least half of its values finite, and two finite values that differ; a frame of a single value needs
//! that value. What fails this, such as NaN alone, zeros or a constant, would be embedded like any other frame, and all
//! such frames alike: each would match an enrolment made of another.

use core::error::Error;
use core::fmt;

/// What a frame lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// Fewer than half of its values are finite.
    NotFinite {
        /// Finite values.
        finite: usize,
        /// Values in the frame.
        features: usize,
    },
    /// No two of its finite values differ.
    Constant,
    /// A region of a connectome model has no finite value.
    Region {
        /// The region, from 1.
        region: usize,
    },
}

/// Checks that a raw frame says something: half of its values are finite, and two of those differ.
///
/// Reads no further than it needs to, in a sound frame about half of it.
///
/// # Errors
/// What the frame lacks.
pub fn check_frame(frame: &[f32]) -> Result<(), FrameError> {
    let mut check = FrameCheck::NEW;
    check.take(frame, frame.len());
    check.finish(frame.len())
}

/// The check of a frame that arrives in pieces.
// Two words, because a token has it on the stack several times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameCheck {
    /// Finite values so far; no longer counted once they are half of the frame and two differ.
    finite: usize,
    /// The finite value that there is so far: NaN before the first, infinite once two differ.
    only: f32,
}

impl FrameCheck {
    /// The check of a frame of which nothing has arrived.
    pub(crate) const NEW: Self = Self { finite: 0, only: f32::NAN };

    /// Takes the next values of a frame of `features` values.
    pub(crate) fn take(&mut self, values: &[f32], features: usize) {
        /// Values that are counted together, with SIMD.
        const TOGETHER: usize = 64;

        let mut values = values;
        while !self.differs() {
            let Some((value, rest)) = values.split_first() else { return };
            if value.is_finite() {
                let is_another = self.finite > 0 && *value != self.only;
                self.only = if is_another { f32::INFINITY } else { *value };
                self.finite += 1;
            }
            values = rest;
        }
        for values in values.chunks(TOGETHER) {
            if self.has_half(features) {
                return;
            }
            self.finite += values.iter().map(|value| u32::from(value.is_finite())).sum::<u32>() as usize;
        }
    }

    /// Ends a frame of `features` values.
    pub(crate) fn finish(self, features: usize) -> Result<(), FrameError> {
        if !self.has_half(features) {
            return Err(FrameError::NotFinite { finite: self.finite, features });
        }
        if self.differs() || features == 1 { Ok(()) } else { Err(FrameError::Constant) }
    }

    fn has_half(&self, features: usize) -> bool {
        self.finite >= features.div_ceil(2)
    }

    fn differs(&self) -> bool {
        self.only.is_infinite()
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite { finite, features } => {
                write!(f, "{finite} of its {features} values are finite, at least half must be")
            }
            Self::Constant => write!(f, "its finite values are all equal"),
            Self::Region { region } => write!(f, "region {region} has no finite value"),
        }
    }
}

impl Error for FrameError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NAN: f32 = f32::NAN;
    const INFINITY: f32 = f32::INFINITY;

    #[test]
    fn half_of_the_values_must_be_finite() {
        assert_eq!(check_frame(&[1.0, 2.0, NAN, INFINITY]), Ok(()));
        assert_eq!(check_frame(&[NAN, 1.0, -INFINITY, 2.0]), Ok(()));
        let lacks = |frame: &[f32], finite| {
            assert_eq!(check_frame(frame), Err(FrameError::NotFinite { finite, features: frame.len() }));
        };
        lacks(&[NAN; 4], 0);
        lacks(&[INFINITY, -INFINITY], 0);
        lacks(&[1.0, NAN, NAN, NAN], 1);
        // Half of five values is three.
        lacks(&[1.0, 2.0, NAN, NAN, NAN], 2);
    }

    #[test]
    fn two_finite_values_must_differ() {
        for constant in [0.0, 7.5, -0.0, f32::MAX] {
            assert_eq!(check_frame(&[constant; 200]), Err(FrameError::Constant));
        }
        assert_eq!(check_frame(&[0.0, -0.0]), Err(FrameError::Constant));
        assert_eq!(check_frame(&[1.0, INFINITY, 1.0, NAN]), Err(FrameError::Constant));
        let mut frame = [1.0; 200];
        frame[199] = 1.0f32.next_up();
        assert_eq!(check_frame(&frame), Ok(()));
    }

    #[test]
    fn a_frame_of_one_value_needs_that_value() {
        assert_eq!(check_frame(&[3.0]), Ok(()));
        assert!(check_frame(&[NAN]).is_err());
    }

    #[test]
    fn a_sound_frame_is_read_no_further_than_its_half() {
        let mut check = FrameCheck::NEW;
        let frame: std::vec::Vec<f32> = (0..10_000u16).map(f32::from).collect();
        check.take(&frame, frame.len());
        assert!((5000..5200).contains(&check.finite), "{}", check.finite);
    }

    /// Values of which many are equal or not finite.
    fn value() -> impl Strategy<Value = f32> {
        prop_oneof![Just(NAN), Just(INFINITY), Just(1.0), Just(2.0)]
    }

    proptest! {
        #[test]
        fn pieces_of_any_size_have_the_outcome_of_the_rule(
            frame in proptest::collection::vec(value(), 2..300), equal in any::<bool>(), size in 1usize..90,
        ) {
            let frame: std::vec::Vec<f32> =
                frame.into_iter().map(|value| if equal { value.min(1.0) } else { value }).collect();
            let features = frame.len();
            let mut check = FrameCheck::NEW;
            frame.chunks(size).for_each(|piece| check.take(piece, features));
            let count = |wanted: fn(&f32) -> bool| frame.iter().filter(|value| wanted(value)).count();
            let (finite, ones) = (count(|value| value.is_finite()), count(|value| *value == 1.0));
            let expected = match (2 * finite >= features, ones) {
                (false, _) => Err(FrameError::NotFinite { finite, features }),
                (true, ones) if ones == 0 || ones == finite => Err(FrameError::Constant),
                (true, _) => Ok(()),
            };
            prop_assert_eq!(check.finish(features), expected);
            prop_assert_eq!(check_frame(&frame), expected);
        }
    }
}
