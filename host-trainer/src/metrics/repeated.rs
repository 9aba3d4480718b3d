//! Error rates where a comparison is repeated under several fits, with intervals for what was recorded once.
//!
//! If persons are divided in many ways into background and evaluated ones, a probe is scored once for each of them. These
//! scores are no independent trials: exact intervals of their number would be far too narrow. Here persons are resampled,
//! then their segments; and since a sample without errors has none in any replicate, an interval is never narrower than
//! that of Clopper and Pearson for the distinct comparisons.

use std::collections::BTreeSet;

use neural_vault_core::verify::accepts;

use super::bootstrap::{Cells, Resampling, percentiles};
use super::operating::{operating_point, transfer};
use super::proportion::clopper_pearson;
use super::trial::{Trial, genuine_and_impostor};
use super::weighted::RankedTrials;
use super::{ScoreError, check_finite};
use crate::results::{OperatingPoint, Transfer};

const CONFIDENCE: f64 = 0.95;

/// Distinct probes, and distinct comparisons of a probe with another label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distinct {
    /// Probes.
    pub probes: usize,
    /// Pairs of a probe and the prototype of another label.
    pub impostors: usize,
}

/// Counts each probe, and each comparison with another label, once.
#[must_use]
pub fn distinct(trials: &[Trial]) -> Distinct {
    let count = |genuine: bool| {
        let of_kind = trials.iter().filter(|trial| trial.is_genuine() == genuine);
        let place = |trial: &Trial| (trial.probe_label, trial.probe_session, trial.enrolled_label);
        of_kind.map(place).collect::<BTreeSet<_>>().len()
    };
    Distinct { probes: count(true), impostors: count(false) }
}

/// The FNMR at each of the false match rates that the trials are enough for.
///
/// A rate below one in the distinct comparisons differs between the fits only: its FNMR is that of few impostor scores.
///
/// # Errors
/// [`ScoreError`].
pub fn operating_points(
    trials: &[Trial],
    rates: &[f64],
    resampling: Resampling,
) -> Result<Vec<OperatingPoint>, ScoreError> {
    let (genuine, impostor) = genuine_and_impostor(trials);
    let distinct = distinct(trials);
    let cells = Cells::new(trials, resampling.units);
    let mut points = Vec::new();
    for &fmr in rates {
        let Some(point) = operating_point(&genuine, &impostor, fmr)? else { continue };
        let ranked = RankedTrials::new(trials, &cells.of_trial, cells.count);
        let drawn = cells.replicates(resampling, |weights| ranked.fnmr_at_fmr(weights, fmr));
        points.push(OperatingPoint { interval: interval(point.fnmr, distinct.probes, drawn), ..point });
    }
    Ok(points)
}

/// The error rates of decisions: trials whose scores have a threshold subtracted, so that those of 0 or more are accepted.
///
/// # Errors
/// [`ScoreError`].
pub fn decided(trials: &[Trial], threshold: f64, resampling: Resampling) -> Result<Transfer, ScoreError> {
    let (genuine, impostor) = genuine_and_impostor(trials);
    check_finite(&genuine, &impostor)?;
    let rates = transfer(0.0, &genuine, &impostor)?;
    let distinct = distinct(trials);
    let cells = Cells::new(trials, resampling.units);
    let of_kind = |genuine: bool| {
        let mut counts = vec![(0_u64, 0_u64); cells.count];
        for (trial, &cell) in trials.iter().zip(&cells.of_trial).filter(|(trial, _)| trial.is_genuine() == genuine) {
            let (errors, all) = &mut counts[cell as usize];
            *errors += u64::from(accepts(0.0, trial.score) != genuine);
            *all += 1;
        }
        cells.replicates(resampling, |weights| {
            let weighted = |of: fn(&(u64, u64)) -> u64| -> u64 {
                counts.iter().zip(weights).map(|(count, &weight)| of(count) * u64::from(weight)).sum()
            };
            let all = weighted(|(_, all)| *all);
            (all > 0).then(|| weighted(|(errors, _)| *errors) as f64 / all as f64)
        })
    };
    Ok(Transfer {
        threshold,
        fmr_interval: interval(rates.fmr, distinct.impostors, of_kind(false)),
        fnmr_interval: interval(rates.fnmr, distinct.probes, of_kind(true)),
        ..rates
    })
}

/// The wider of a rate's bootstrap interval and its exact interval for this many trials.
fn interval(rate: f64, trials: usize, drawn: Option<Vec<Option<f64>>>) -> [f64; 2] {
    let [low, high] = clopper_pearson((rate * trials as f64).round() as u64, trials as u64, CONFIDENCE);
    let drawn = drawn.and_then(|rates| percentiles(rates.into_iter().flatten().collect()));
    drawn.map_or([low, high], |[lower, higher]| [low.min(lower), high.max(higher)])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::bootstrap::Units;
    use super::*;

    const RESAMPLING: Resampling = Resampling { seed: 1, replicates: 200, units: Units::LabelsThenSessions };

    /// Probes of four labels in five segments each, scored `repeats` times; genuine scores are 1, but `missed` of one label.
    fn trials(repeats: usize, missed: u32) -> Vec<Trial> {
        let mut trials = Vec::new();
        for _ in 0..repeats {
            for (probe_label, probe_session) in (0..4).flat_map(|label| (0..5).map(move |segment| (label, segment))) {
                for enrolled_label in 0..4 {
                    let genuine = probe_label == enrolled_label;
                    let score = if genuine && (probe_label > 0 || probe_session >= missed) { 1.0 } else { -1.0 };
                    trials.push(Trial { probe_label, probe_session, enrolled_label, score });
                }
            }
        }
        trials
    }

    #[test]
    fn repeated_comparisons_count_once() {
        assert_eq!(distinct(&trials(7, 0)), Distinct { probes: 20, impostors: 60 });
        let once = operating_points(&trials(1, 0), &[0.1], RESAMPLING).unwrap();
        assert_eq!(operating_points(&trials(7, 0), &[0.1], RESAMPLING).unwrap(), once);
        // No error among 20 probes is compatible with 17 %.
        assert_eq!(once[0].interval, clopper_pearson(0, 20, 0.95));
    }

    #[test]
    fn errors_of_one_person_make_the_interval_wider_than_as_many_independent_ones() {
        let found = decided(&trials(3, 5), 0.4, RESAMPLING).unwrap();
        assert_eq!((found.threshold, found.fmr, found.fnmr), (0.4, 0.0, 0.25));
        let exact = clopper_pearson(5, 20, 0.95);
        assert!(found.fnmr_interval[0] < exact[0] && found.fnmr_interval[1] > exact[1], "{found:?}");
        assert_eq!(found.fmr_interval, clopper_pearson(0, 60, 0.95));
    }
}
