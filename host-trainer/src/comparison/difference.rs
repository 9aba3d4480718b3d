//! The difference of two equal error rates, paired where both are of the same trials.

use crate::metrics::bootstrap::{Resampling, Units, paired_difference};
use crate::metrics::trial::Trial;
use crate::results::{Estimate, MethodResult, Resampled, TrialList};

/// The EER of `a` minus that of `b`, in percentage points, of methods scored on the same `trials`.
///
/// Both are resampled in the same way, so that what sessions and labels do to both cancels: of equal scores the difference is
/// 0 with an interval of no width. `None` if not every score was kept.
#[must_use]
pub fn paired(
    trials: &TrialList,
    a: &MethodResult,
    b: &MethodResult,
    seed: u64,
    replicates: usize,
) -> Option<Estimate> {
    let (first, second) = (scored(trials, a)?, scored(trials, b)?);
    let units = match trials.resampled {
        Resampled::SessionsThenLabels => Units::SessionsThenLabels,
        Resampled::LabelsThenSegments => Units::LabelsThenSessions,
    };
    let found = paired_difference(&first, &second, Resampling { seed, replicates, units }).ok()?;
    if first == second {
        return Some(found);
    }
    let [below, above] = [zero_bound(b), zero_bound(a)];
    let interval = found.interval.map(|[low, high]| {
        let low = if below > 0.0 { low.min(found.value - below) } else { low };
        [low, if above > 0.0 { high.max(found.value + above) } else { high }]
    });
    Some(Estimate { interval, ..found })
}

/// The EER of `a` minus that of `b`, in percentage points, taken as independent.
///
/// On the same recordings figures are correlated, which makes the interval too wide, not too narrow.
#[must_use]
pub fn unpaired(a: &MethodResult, b: &MethodResult) -> Estimate {
    let cautious = |method: &MethodResult| {
        let interval = method.eer.interval.map(|[low, high]| [low, high.max(zero_bound(method))]);
        Estimate { interval, ..method.eer }
    };
    difference(&cautious(a), &cautious(b))
}

/// `a` minus `b`, with a 95 % interval from the two intervals by the method of variance estimates recovery.
///
/// Zou and Donner, Statistics in Medicine 27 (2008), for independent estimates. No interval if either figure has none.
#[must_use]
pub fn difference(a: &Estimate, b: &Estimate) -> Estimate {
    let value = a.value - b.value;
    let interval = a.interval.zip(b.interval).map(|(first, second)| {
        // A percentile interval need not contain its figure; that side then adds nothing.
        let below = (a.value - first[0]).max(0.0).hypot((second[1] - b.value).max(0.0));
        let above = (first[1] - a.value).max(0.0).hypot((b.value - second[0]).max(0.0));
        [value - below, value + above]
    });
    Estimate { value, interval }
}

/// Whether the interval of a difference excludes zero, which makes the difference significant.
#[must_use]
pub fn excludes_zero(difference: &Estimate) -> bool {
    difference.interval.is_some_and(|[low, high]| low > 0.0 || high < 0.0)
}

/// What an EER of zero is still compatible with, in percent; 0 for any other EER.
///
/// Without an error in the trials no replicate has one, so that one lucky run would make any difference significant: the
/// bound is that of the rule of three (Hanley and Lippman-Hand, JAMA 249, 1983).
fn zero_bound(method: &MethodResult) -> f64 {
    let [genuine, impostor] = method.distinct_trials();
    match method.eer.value {
        0.0 => (300.0 / genuine.min(impostor) as f64).min(100.0),
        _ => 0.0,
    }
}

/// The trials of a method with its scores; `None` if their numbers differ.
fn scored(trials: &TrialList, method: &MethodResult) -> Option<Vec<Trial>> {
    let (mut genuine, mut impostor) = (method.genuine.iter(), method.impostor.iter());
    let trial = |(_, probe, enrolled_label): (usize, crate::results::Probe, u32)| {
        let scores = if probe.label == enrolled_label { &mut genuine } else { &mut impostor };
        let score = *scores.next()?;
        Some(Trial { probe_label: probe.label, probe_session: probe.unit, enrolled_label, score })
    };
    let all = trials.comparisons().map(trial).collect::<Option<Vec<_>>>()?;
    (genuine.next().is_none() && impostor.next().is_none()).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(value: f64, low: f64, high: f64) -> Estimate {
        Estimate { value, interval: Some([low, high]) }
    }

    #[test]
    fn a_difference_recovers_the_variance_of_both_sides() {
        let found = difference(&estimate(10.0, 7.0, 14.0), &estimate(6.0, 3.0, 10.0));
        assert_eq!(found, estimate(4.0, -1.0, 9.0));
        assert!(!excludes_zero(&found));
        assert!(excludes_zero(&difference(&estimate(20.0, 17.0, 24.0), &estimate(6.0, 3.0, 10.0))));
    }

    #[test]
    fn without_an_interval_no_difference_is_significant() {
        let bare = Estimate { value: 50.0, interval: None };
        let found = difference(&bare, &estimate(1.0, 0.5, 2.0));
        assert_eq!(found.value, 49.0);
        assert!(found.interval.is_none() && !excludes_zero(&found));
    }

    #[test]
    fn an_eer_of_zero_in_few_trials_does_not_make_a_small_difference_significant() {
        let method = |eer: Estimate| MethodResult {
            name: String::new(),
            eer,
            eer_convex_hull: eer.value,
            d_prime: eer,
            roc_auc: eer,
            fnmr_at_fmr: Vec::new(),
            transfer: None,
            over_seeds: None,
            repeated: None,
            shortened: None,
            accuracy: 1.0,
            macro_f1: 1.0,
            genuine: vec![0.0; 30],
            impostor: vec![0.0; 90],
        };
        let zero = method(estimate(0.0, 0.0, 0.0));
        let found = unpaired(&method(estimate(4.0, 3.0, 5.0)), &zero);
        assert!(!excludes_zero(&found), "{found:?}");
        assert!(excludes_zero(&unpaired(&method(estimate(48.0, 44.0, 52.0)), &zero)));
    }

    #[test]
    fn an_interval_that_does_not_contain_its_figure_does_not_invert_the_difference() {
        let found = difference(&estimate(1.0, 2.0, 3.0), &estimate(5.0, 5.0, 5.0));
        assert_eq!(found.interval, Some([-4.0, -2.0]));
    }
}
