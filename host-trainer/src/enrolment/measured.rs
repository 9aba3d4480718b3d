//! What was measured with a threshold: its false matches, and the thresholds that give no more of them to shorter probes.

use neural_vault_core::budget::FalseMatches;
use neural_vault_core::verify::{Threshold, accepts};
use serde::{Deserialize, Serialize};

use super::threshold;
use crate::metrics::proportion::clopper_pearson;

/// The false matches of a threshold, and thresholds for shorter probes.
///
/// The bound of the false match rate holds although the threshold was chosen on the same trials: the rate above the
/// (k + 1)-th highest of n impostor scores has the exact upper bound of k matches in n trials (Wilks 1941). It assumes
/// independent trials; trials that share a person or a recording are not, which is why the persons are counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Frames of the probes that the enrolment's threshold was measured with; longer ones are cut to them.
    pub frames: u32,
    /// Thresholds of shorter probes, by ascending length.
    pub shorter: Vec<ProbeThreshold>,
    /// False matches of the enrolment's threshold; unknown where a rule chose it and nobody else was there to try it. Those
    /// of shorter probes are no more on the same trials.
    pub false_matches: FalseMatches,
}

/// The threshold for probes of one length.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbeThreshold {
    /// Frames of a probe; longer ones, up to the next length, are cut to them.
    pub frames: u32,
    /// Smallest accepted cosine.
    #[serde(with = "threshold")]
    pub threshold: Threshold,
}

impl Measured {
    /// Measures `threshold` on impostor scores of `persons` persons or labels, by ascending length of the probes.
    ///
    /// `None` without impostor scores. A length is left out where no threshold keeps it to the matches of the longest.
    pub(super) fn new(threshold: Threshold, impostor: &[(usize, &[f64])], persons: usize) -> Option<Self> {
        let ((frames, longest), shorter) = impostor.split_last()?;
        let false_matches = accepted(threshold, longest, persons)?;
        let lowest = |(frames, scores): &(usize, &[f64])| {
            let threshold = lowest_threshold(scores, false_matches.matches as usize)?;
            Some(ProbeThreshold { frames: *frames as u32, threshold })
        };
        let shorter = shorter.iter().filter_map(lowest).collect();
        Some(Self { frames: *frames as u32, shorter, false_matches })
    }

    /// What is measured with thresholds by a rule, by ascending length, on impostor scores of `persons` persons.
    ///
    /// False matches are unknown without impostor scores. A shorter length has the higher of the rule's threshold and the
    /// lowest that keeps it to the matches of the longest; it is left out where no threshold does. `None` without a length.
    pub(super) fn by_rule(rule: &[ProbeThreshold], impostor: &[Vec<f64>], persons: usize) -> Option<Self> {
        let (longest, shorter) = rule.split_last()?;
        let false_matches = impostor.last().and_then(|scores| accepted(longest.threshold, scores, persons));
        let false_matches = false_matches.unwrap_or(FalseMatches::UNKNOWN);
        let raised = |(rule, scores): (&ProbeThreshold, &Vec<f64>)| {
            let lowest = lowest_threshold(scores, false_matches.matches as usize)?;
            let threshold = if lowest > rule.threshold { lowest } else { rule.threshold };
            Some(ProbeThreshold { threshold, ..*rule })
        };
        let shorter = match impostor {
            [] => shorter.to_vec(),
            impostor => shorter.iter().zip(impostor).filter_map(raised).collect(),
        };
        Some(Self { frames: longest.frames, shorter, false_matches })
    }

    /// The length that a probe of `frames` frames is cut to, and its threshold, where `threshold` is that of the longest.
    ///
    /// `None` for a probe that is shorter than any that was measured.
    pub(super) fn fit(&self, threshold: Threshold, frames: usize) -> Option<ProbeThreshold> {
        let longest = ProbeThreshold { frames: self.frames, threshold };
        let longest_first = [longest].into_iter().chain(self.shorter.iter().rev().copied());
        longest_first.into_iter().find(|fit| fit.frames as usize <= frames)
    }

    /// Takes the false matches of other trials for its own when their rate is higher.
    pub(super) fn test(&mut self, tested: FalseMatches) {
        let own = self.false_matches;
        let is_higher =
            u64::from(tested.matches) * u64::from(own.trials) > u64::from(own.matches) * u64::from(tested.trials);
        if is_higher {
            self.false_matches = tested;
        }
    }

    /// The record's own checks of what a file states.
    pub(super) fn is_sound(&self) -> bool {
        let FalseMatches { matches, trials, bound, .. } = self.false_matches;
        let lengths = || self.shorter.iter().map(|shorter| shorter.frames).chain([self.frames]);
        let ascend = lengths().zip(lengths().skip(1)).all(|(short, long)| short < long);
        let begin = lengths().next().is_some_and(|shortest| shortest > 0);
        let is_tried = trials > 0 && matches <= trials && bound == upper_bound(matches, trials);
        begin && ascend && (is_tried || self.false_matches == FalseMatches::UNKNOWN)
    }
}

/// The false match rate that `matches` in `trials` show, with its bound; `persons` are those the trials come from.
///
/// Unknown without trials.
#[must_use]
pub fn false_matches(matches: u32, trials: u32, persons: usize) -> FalseMatches {
    if trials == 0 {
        return FalseMatches::UNKNOWN;
    }
    let persons = u16::try_from(persons).unwrap_or(u16::MAX);
    FalseMatches { matches, trials, persons, bound: upper_bound(matches, trials) }
}

/// The false matches of `threshold` among impostor scores; `None` without any.
pub(super) fn accepted(threshold: Threshold, impostor: &[f64], persons: usize) -> Option<FalseMatches> {
    let threshold = f64::from(threshold.cosine());
    let matches = impostor.iter().filter(|&&score| accepts(threshold, score)).count() as u32;
    let trials = u32::try_from(impostor.len()).ok().filter(|trials| *trials > 0)?;
    Some(false_matches(matches, trials, persons))
}

/// The lowest threshold at which at most `matches` of these scores are accepted; `None` where that would be above 1.
fn lowest_threshold(impostor: &[f64], matches: usize) -> Option<Threshold> {
    let mut scores: Vec<f32> = impostor.iter().map(|&score| score as f32).collect();
    scores.sort_unstable_by(|a, b| b.total_cmp(a));
    let lowest = scores.get(matches).map_or(-1.0, |rejected| rejected.next_up());
    Threshold::new(lowest).ok()
}

/// The upper end of the 95 % Clopper-Pearson interval, rounded upwards to float32.
fn upper_bound(matches: u32, trials: u32) -> f32 {
    let [_, exact] = clopper_pearson(matches.into(), trials.into(), 0.95);
    let nearest = exact as f32;
    if f64::from(nearest) < exact { nearest.next_up() } else { nearest }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use neural_vault_core::budget::BudgetError;
    use proptest::prelude::*;

    use super::*;

    fn threshold(cosine: f32) -> Threshold {
        Threshold::new(cosine).unwrap()
    }

    fn count(matches: usize, trials: usize) -> FalseMatches {
        let scores: Vec<f64> = (0..trials).map(|index| if index < matches { 0.5 } else { 0.25 }).collect();
        accepted(threshold(0.5), &scores, 8).unwrap()
    }

    #[test]
    fn five_of_56_allow_no_attempt_none_of_224_one_and_none_of_9221_fifty() {
        let demo = count(5, 56);
        assert_eq!((demo.matches, demo.trials, demo.persons), (5, 56, 8));
        assert!((demo.bound - 0.196_193_44).abs() < 1e-7, "{}", demo.bound);
        assert_eq!(demo.attempts(None), Err(BudgetError::Exceeded));
        assert_eq!(count(0, 182).attempts(None), Err(BudgetError::Exceeded));
        for (trials, attempts) in [(183, 1), (224, 1), (368, 2), (921, 5), (9221, 50), (100_000, 50)] {
            assert_eq!(count(0, trials).attempts(None), Ok(attempts), "{trials}");
        }
        assert_eq!(count(56, 56).bound, 1.0);
        assert_eq!((accepted(threshold(0.5), &[], 0), false_matches(0, 0, 0)), (None, FalseMatches::UNKNOWN));
    }

    #[test]
    fn a_shorter_probe_has_the_lowest_threshold_without_more_matches() {
        let (one, two) = ([0.125, 0.875, 0.75, 0.625], [0.25, 0.375, 0.5, 0.125]);
        let found = Measured::new(threshold(0.5), &[(1, &one), (2, &two)], 4).unwrap();
        assert_eq!((found.frames, found.false_matches.matches), (2, 1));
        assert_eq!(found.shorter, [ProbeThreshold { frames: 1, threshold: threshold(0.75_f32.next_up()) }]);
        assert!(found.is_sound());
        // No threshold rejects a score of 1, and none is needed where all match.
        assert_eq!(Measured::new(threshold(1.0), &[(1, &[1.0]), (2, &[0.5])], 1).unwrap().shorter, []);
        let all = Measured::new(threshold(0.5), &[(1, &[0.5]), (2, &[0.5])], 1).unwrap();
        assert_eq!(all.shorter[0].threshold, threshold(-1.0));
        assert_eq!(Measured::new(threshold(0.5), &[], 0), None);
    }

    #[test]
    fn a_probe_is_fitted_to_the_longest_length_that_it_has() {
        let found = Measured::new(threshold(0.5), &[(2, &[0.1]), (4, &[0.2]), (9, &[0.3])], 1).unwrap();
        let fit = |frames| found.fit(threshold(0.5), frames).map(|fit| fit.frames);
        assert_eq!([1, 2, 3, 4, 8, 9, 100].map(fit), [None, Some(2), Some(2), Some(4), Some(4), Some(9), Some(9)]);
        assert_eq!(found.fit(threshold(0.5), 9).unwrap().threshold, threshold(0.5));
    }

    #[test]
    fn a_test_counts_only_where_it_shows_a_higher_rate() {
        let after = |tested: FalseMatches| {
            let mut measured = Measured::new(threshold(0.5), &[(1, &[0.4; 224])], 8).unwrap();
            measured.test(tested);
            measured.false_matches
        };
        assert_eq!(after(count(0, 56)), count(0, 224), "few trials without a match say nothing against it");
        assert_eq!(after(count(1, 56)), count(1, 56));
        assert_eq!(after(count(5, 56)), count(5, 56));
    }

    #[test]
    fn lengths_out_of_order_and_a_bound_of_other_counts_are_not_sound() {
        let scores = [0.1, 0.4, 0.6];
        let sound = Measured::new(threshold(0.5), &[(1, &scores), (2, &scores), (4, &scores)], 3).unwrap();
        assert!(sound.is_sound());
        let wrong = |change: fn(&mut Measured)| {
            let mut changed = sound.clone();
            change(&mut changed);
            !changed.is_sound()
        };
        assert!(wrong(|m| m.frames = 2));
        assert!(wrong(|m| m.shorter[0].frames = 0));
        assert!(wrong(|m| m.shorter.swap(0, 1)));
        assert!(wrong(|m| m.false_matches.bound = m.false_matches.bound.next_down()));
        assert!(wrong(|m| m.false_matches.matches = 4));
        assert!(wrong(|m| m.false_matches = FalseMatches { bound: 0.5, ..FalseMatches::UNKNOWN }));
        let untried = Measured { false_matches: FalseMatches::UNKNOWN, ..sound };
        assert!(untried.is_sound(), "a rule's threshold that nobody tried");
    }

    #[test]
    fn a_rule_gives_a_threshold_a_length_and_a_shorter_one_no_more_matches() {
        let rule = [(10, 0.2), (25, 0.4)].map(|(frames, t)| ProbeThreshold { frames, threshold: threshold(t) });
        let untried = Measured::by_rule(&rule, &[], 0).unwrap();
        assert_eq!((untried.frames, &untried.shorter[..]), (25, &rule[..1]));
        assert_eq!(untried.false_matches, FalseMatches::UNKNOWN);
        let tried = |short: &[f64]| Measured::by_rule(&rule, &[short.to_vec(), vec![0.5, 0.25, 0.125]], 2).unwrap();
        let found = tried(&[0.3, 0.1, 0.05]);
        assert_eq!((found.false_matches.matches, found.false_matches.trials), (1, 3));
        assert_eq!(found.shorter, rule[..1], "one match as at the longest");
        assert_eq!(tried(&[0.3, 0.25, 0.05]).shorter[0].threshold, threshold(0.25_f32.next_up()));
        assert_eq!(Measured::by_rule(&[], &[], 0), None);
    }

    proptest! {
        #[test]
        fn no_length_has_more_matches_than_the_longest(
            scores in proptest::collection::vec((-1.0_f64..=1.0, -1.0_f64..=1.0), 1..60), cosine in -1.0_f32..=1.0,
        ) {
            let (one, two): (Vec<f64>, Vec<f64>) = scores.into_iter().map(|(a, b)| (f64::from(a as f32), f64::from(b as f32))).unzip();
            let found = Measured::new(threshold(cosine), &[(1, &one), (2, &two)], 9).unwrap();
            prop_assert!(found.is_sound());
            if let [shorter] = found.shorter.as_slice() {
                let of_shorter = accepted(shorter.threshold, &one, 9).unwrap();
                prop_assert!(of_shorter.matches <= found.false_matches.matches);
            }
        }
    }
}
