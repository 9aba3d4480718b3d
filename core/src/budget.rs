//! How many attempts an enrolment allows, from its false match rate (FMR).
//!
//! A stranger who makes n attempts is accepted with a chance of at most n x FMR, however the attempts depend on each other
//! (the union bound). The FMR is not known: trials were made, and `bound` is the upper end of its 95 % interval. So n
//! attempts are allowed as long as n x `bound` is at most [`CHANCE`]. FIDO's biometric requirements limit the same product.
//!
//! | trials | bound | attempts | |
//! |---|---|---|---|
//! | 5 matches in 56 | 0.196 | 0 | refused, unless the administrator accepts a risk |
//! | 0 in 224 | 0.0163 | 1 | the fewest trials that allow one attempt are 183 |
//! | 0 in 9,221 | 0.0004 | 50 | more trials allow no more |
//! | none | 1 | 0 | a threshold chosen by hand |
//!
//! The products are exact: float64 holds that of a float32 and of a number of 8 bits.

use core::error::Error;
use core::fmt;

/// The largest chance that a stranger is accepted, unless an administrator accepts a larger one: 2 %.
pub const CHANCE: f32 = 0.02;

/// The largest number of attempts of any enrolment.
pub const MAX_ATTEMPTS: u8 = 50;

/// False matches of a threshold among impostor trials, and the bound of the FMR that they give.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize, postcard_schema::Schema))]
pub struct FalseMatches {
    /// Impostor trials that were accepted.
    pub matches: u32,
    /// Impostor trials.
    pub trials: u32,
    /// Persons, or labels, that the impostor trials come from.
    pub persons: u16,
    /// Upper end of the 95 % Clopper-Pearson interval of the FMR, above 0 and at most 1; 1 without trials.
    pub bound: f32,
}

/// A risk that the administrator takes for an enrolment.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize, postcard_schema::Schema))]
pub struct AcceptedRisk {
    /// Attempts, 1 to [`MAX_ATTEMPTS`].
    pub attempts: u8,
    /// The chance that a stranger is accepted within them: that of [`chance()`] or more, at most 1.
    pub chance: f32,
}

/// Why an enrolment has no attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BudgetError {
    /// The counts and the bound contradict each other.
    FalseMatches,
    /// One attempt alone exceeds [`CHANCE`], and no risk is accepted.
    Exceeded,
    /// The accepted attempts are out of range, or exceed the chance that is accepted with them.
    AcceptedRisk,
}

/// The largest number of attempts whose chance is at most `chance`; 0 when one attempt exceeds it.
///
/// It is floor(`chance` / `bound`), at most [`MAX_ATTEMPTS`]. A bound outside (0, 1] allows none.
pub fn budget(bound: f32, chance: f32) -> u8 {
    if !is_bound(bound) {
        return 0;
    }
    (1..=MAX_ATTEMPTS).take_while(|&attempts| product(bound, attempts) <= f64::from(chance)).last().unwrap_or(0)
}

/// The chance that a stranger is accepted within `attempts`, at most 1; rounded upwards.
///
/// A bound outside (0, 1] gives 1.
pub fn chance(bound: f32, attempts: u8) -> f32 {
    if !is_bound(bound) {
        return 1.0;
    }
    let exact = product(bound, attempts);
    let nearest = exact as f32;
    let chance = if f64::from(nearest) < exact { nearest.next_up() } else { nearest };
    chance.min(1.0)
}

impl FalseMatches {
    /// Those of a threshold that was never tried.
    pub const UNKNOWN: Self = Self { matches: 0, trials: 0, persons: 0, bound: 1.0 };

    /// Attempts that an enrolment has: those accepted with a risk, else its [`budget`] for [`CHANCE`]. Never 0.
    ///
    /// # Errors
    /// See [`BudgetError`].
    pub fn attempts(&self, accepted: Option<AcceptedRisk>) -> Result<u8, BudgetError> {
        if !self.is_sound() {
            return Err(BudgetError::FalseMatches);
        }
        match accepted {
            None => match budget(self.bound, CHANCE) {
                0 => Err(BudgetError::Exceeded),
                attempts => Ok(attempts),
            },
            Some(AcceptedRisk { attempts, chance: accepted }) => {
                let in_range = (1..=MAX_ATTEMPTS).contains(&attempts) && accepted <= 1.0;
                let covered = in_range && chance(self.bound, attempts) <= accepted;
                if covered { Ok(attempts) } else { Err(BudgetError::AcceptedRisk) }
            }
        }
    }

    /// Whether counts and bound can belong together. The exact bound is for the host to compute: it takes logarithms.
    fn is_sound(&self) -> bool {
        let rate_is_within = f64::from(self.bound) * f64::from(self.trials) >= f64::from(self.matches);
        let is_tried = self.trials > 0 && self.persons > 0 && self.matches <= self.trials;
        is_bound(self.bound) && rate_is_within && (is_tried || *self == Self::UNKNOWN)
    }
}

fn is_bound(bound: f32) -> bool {
    bound > 0.0 && bound <= 1.0
}

/// `bound` times `attempts`, exactly.
fn product(bound: f32, attempts: u8) -> f64 {
    f64::from(bound) * f64::from(attempts)
}

impl fmt::Display for BudgetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FalseMatches => "the numbers of false matches and trials do not belong to the bound of the FMR",
            Self::Exceeded => "a stranger's chance of one attempt is above 2 %",
            Self::AcceptedRisk => "the accepted risk has no attempts, too many, or a chance below theirs",
        })
    }
}

impl Error for BudgetError {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DEMO: FalseMatches = FalseMatches { matches: 5, trials: 56, persons: 8, bound: 0.196_2 };
    const NONE_OF_224: FalseMatches = FalseMatches { matches: 0, trials: 224, persons: 8, bound: 0.016_33 };

    #[test]
    fn five_of_56_allow_no_attempt_and_none_of_224_one() {
        assert_eq!(DEMO.attempts(None), Err(BudgetError::Exceeded));
        assert_eq!(NONE_OF_224.attempts(None), Ok(1));
        assert_eq!(FalseMatches::UNKNOWN.attempts(None), Err(BudgetError::Exceeded));
    }

    #[test]
    fn the_budget_is_the_whole_part_of_the_quotient_and_at_most_50() {
        for (bound, expected) in
            [(1.0, 0), (0.020_001, 0), (0.02, 1), (0.01, 2), (0.006_7, 2), (0.003_999, 5), (0.0004, 50)]
        {
            assert_eq!(budget(bound, CHANCE), expected, "{bound}");
        }
        assert_eq!(budget(f32::MIN_POSITIVE, CHANCE), MAX_ATTEMPTS);
        assert_eq!((budget(0.5, 1.0), budget(0.5, f32::NAN), budget(0.5, -1.0)), (2, 0, 0));
    }

    #[test]
    fn a_bound_that_is_none_allows_nothing() {
        for bound in [f32::NAN, 0.0, -0.0, -0.1, 1.000_001, f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!((budget(bound, 1.0), chance(bound, 1)), (0, 1.0), "{bound}");
            for accepted in [None, Some(AcceptedRisk { attempts: 1, chance: 1.0 })] {
                let refused = FalseMatches { bound, ..DEMO }.attempts(accepted);
                assert_eq!(refused, Err(BudgetError::FalseMatches), "{bound}");
            }
        }
    }

    #[test]
    fn counts_that_contradict_the_bound_are_refused() {
        for wrong in [
            FalseMatches { matches: 57, bound: 1.0, ..DEMO },
            FalseMatches { matches: 12, ..DEMO },
            FalseMatches { persons: 0, ..DEMO },
            FalseMatches { bound: 0.001, ..FalseMatches::UNKNOWN },
            FalseMatches { persons: 1, ..FalseMatches::UNKNOWN },
        ] {
            assert_eq!(wrong.attempts(None), Err(BudgetError::FalseMatches), "{wrong:?}");
        }
    }

    #[test]
    fn an_accepted_risk_names_its_attempts_and_no_smaller_chance_than_theirs() {
        let accept = |attempts, chance| DEMO.attempts(Some(AcceptedRisk { attempts, chance }));
        let stated = chance(DEMO.bound, 5);
        assert!((0.981..0.981_1).contains(&stated), "{stated}");
        assert_eq!(accept(5, stated), Ok(5));
        assert_eq!(accept(5, 1.0), Ok(5));
        for (attempts, chance) in
            [(5, stated.next_down()), (0, 1.0), (51, 1.0), (5, f32::NAN), (5, 1.000_001), (5, f32::INFINITY), (1, 0.0)]
        {
            assert_eq!(accept(attempts, chance), Err(BudgetError::AcceptedRisk), "{attempts} {chance}");
        }
        let certain = AcceptedRisk { attempts: 3, chance: 1.0 };
        assert_eq!(FalseMatches::UNKNOWN.attempts(Some(certain)), Ok(3));
    }

    proptest! {
        #[test]
        fn the_budget_is_the_most_attempts_within_the_chance(bits in 1_u32..=0x3f80_0000, within in 0.0_f32..=1.0) {
            let bound = f32::from_bits(bits);
            let allowed = budget(bound, within);
            prop_assert!(allowed <= MAX_ATTEMPTS);
            if allowed > 0 {
                prop_assert!(chance(bound, allowed) <= within);
            }
            if allowed < MAX_ATTEMPTS {
                prop_assert!(f64::from(bound) * f64::from(allowed + 1) > f64::from(within));
            }
        }

        #[test]
        fn a_larger_bound_never_allows_more(a in 1_u32..=0x3f80_0000, b in 1_u32..=0x3f80_0000) {
            let (small, large) = (f32::from_bits(a.min(b)), f32::from_bits(a.max(b)));
            prop_assert!(budget(small, CHANCE) >= budget(large, CHANCE));
            prop_assert!(chance(small, 7) <= chance(large, 7));
        }

        #[test]
        fn the_stated_chance_is_never_below_the_exact_one_and_can_always_be_accepted(bits in 1_u32..=0x3f80_0000, attempts in 1..=MAX_ATTEMPTS) {
            let bound = f32::from_bits(bits);
            let stated = chance(bound, attempts);
            let exact = f64::from(bound) * f64::from(attempts);
            prop_assert!(f64::from(stated) >= exact.min(1.0));
            prop_assert!(stated == 1.0 || f64::from(stated.next_down()) < exact);
            let trials = FalseMatches { matches: 0, trials: 1, persons: 1, bound };
            prop_assert_eq!(trials.attempts(Some(AcceptedRisk { attempts, chance: stated })), Ok(attempts));
        }

        #[test]
        fn any_bits_are_refused_or_within_the_chance(matches: u32, trials: u32, persons: u16, bits: u32, attempts: u8, chance: u32) {
            let found = FalseMatches { matches, trials, persons, bound: f32::from_bits(bits) };
            let risk = AcceptedRisk { attempts, chance: f32::from_bits(chance) };
            if let Ok(allowed) = found.attempts(None) {
                prop_assert!(f64::from(found.bound) * f64::from(allowed) <= f64::from(CHANCE));
            }
            if let Ok(allowed) = found.attempts(Some(risk)) {
                prop_assert_eq!(allowed, attempts);
                prop_assert!((f64::from(found.bound) * f64::from(allowed)).min(1.0) <= f64::from(risk.chance));
            }
        }
    }
}
