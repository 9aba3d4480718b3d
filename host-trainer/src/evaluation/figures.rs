//! The figures of one method from its trials, and paired differences between methods.

use super::error::EvaluationError;
use super::methods::Method;
use super::plan::Plan;
use crate::metrics::bootstrap::{Resampling, Units, intervals, paired_difference};
use crate::metrics::classification::{accuracy, confusion_matrix, macro_f1};
use crate::metrics::operating::{operating_point, transfer};
use crate::metrics::roc::eer_convex_hull;
use crate::metrics::trial::{Trial, genuine_and_impostor};
use crate::metrics::{ScoreError, d_prime, eer, roc_auc};
use crate::results::{Difference, Estimate, MethodResult, OverSeeds, TrialList};

/// False match rates of the operating points, as far as there are enough trials.
const FMR_LEVELS: [f64; 4] = [1e-1, 1e-2, 1e-3, 1e-4];

/// Checks that `trials` are those of `list`, by which results say what each score is of.
pub(super) fn check_listed(list: &TrialList, trials: &[Trial]) -> Result<(), ScoreError> {
    let listed = list.comparisons().map(|(_, probe, enrolled)| (probe.label, probe.unit, enrolled));
    let scored = trials.iter().map(|trial| (trial.probe_label, trial.probe_session, trial.enrolled_label));
    match listed.zip(scored.clone()).position(|(listed, scored)| listed != scored) {
        Some(index) => Err(ScoreError::Unpaired { index }),
        None if list.comparisons().count() != scored.len() => Err(ScoreError::Unpaired { index: trials.len() }),
        None => Ok(()),
    }
}

/// The figures of `method`; `development` are the trials that fix its threshold, if there are any.
pub(super) fn method_result(
    method: &dyn Method,
    trials: &[Trial],
    development: &[Trial],
    plan: &Plan,
) -> Result<MethodResult, EvaluationError> {
    let (genuine, impostor) = genuine_and_impostor(trials);
    let (known_genuine, known_impostor) = genuine_and_impostor(development);
    let transferred = match eer(&known_genuine, &known_impostor)?.threshold {
        threshold if threshold.is_finite() => Some(transfer(threshold, &genuine, &impostor)?),
        _ => None,
    };
    let points = FMR_LEVELS.iter().map(|&fmr| operating_point(&genuine, &impostor, fmr));
    let decisions = decisions(trials);
    let classes = decisions.iter().map(|&(a, b)| a.max(b) as usize + 1).max().unwrap_or(0);
    let confusion = confusion_matrix(&decisions, classes);
    let intervals = intervals(trials, plan.resampling(Units::SessionsThenLabels))?;
    Ok(MethodResult {
        name: method.name().to_owned(),
        eer: Estimate { value: eer(&genuine, &impostor)?.percent, interval: intervals.eer },
        eer_convex_hull: eer_convex_hull(&genuine, &impostor)?,
        d_prime: Estimate { value: d_prime(&genuine, &impostor)?, interval: intervals.d_prime },
        roc_auc: Estimate { value: roc_auc(&genuine, &impostor)?, interval: intervals.roc_auc },
        fnmr_at_fmr: points.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect(),
        transfer: transferred,
        over_seeds: None,
        repeated: None,
        shortened: None,
        accuracy: accuracy(&confusion).unwrap_or(0.0),
        macro_f1: macro_f1(&confusion).unwrap_or(0.0),
        genuine,
        impostor,
    })
}

/// The EER of each seed's training and their mean, with an interval from the trials of all seeds together.
pub(super) fn over_seeds(seeds: &[Vec<Trial>], plan: &Plan) -> Result<OverSeeds, ScoreError> {
    let each = seeds.iter().map(|trials| {
        let (genuine, impostor) = genuine_and_impostor(trials);
        Ok(eer(&genuine, &impostor)?.percent)
    });
    let each = each.collect::<Result<Vec<f64>, ScoreError>>()?;
    let value = each.iter().sum::<f64>() / each.len() as f64;
    // Sessions and labels are resampled, in the same way for every seed.
    let interval = intervals(&seeds.concat(), plan.resampling(Units::SessionsThenLabels))?.eer;
    Ok(OverSeeds { eer: Estimate { value, interval }, each })
}

/// The difference of the method under test, with trials `tested`, to another method.
pub(super) fn difference(
    method: &dyn Method,
    tested: &[Trial],
    trials: &[Trial],
    resampling: Resampling,
) -> Result<Difference, ScoreError> {
    let eer = paired_difference(tested, trials, resampling)?;
    Ok(Difference { method: method.name().to_owned(), eer })
}

/// For each probe, its class and the class of the best-scoring template; ties go to the lower class.
pub(super) fn decisions(trials: &[Trial]) -> Vec<(u32, u32)> {
    let mut list: Vec<(u32, u32)> = Vec::new();
    let mut best = f64::NEG_INFINITY;
    let mut last = u32::MAX;
    for trial in trials {
        // A probe's trials are consecutive, in the order of the enrolled classes.
        if list.is_empty() || trial.enrolled_label <= last {
            list.push((trial.probe_label, trial.enrolled_label));
            best = trial.score;
        } else if trial.score > best
            && let Some(decision) = list.last_mut()
        {
            decision.1 = trial.enrolled_label;
            best = trial.score;
        }
        last = trial.enrolled_label;
    }
    list
}
