//! The receiver operating characteristic: its points, its convex hull, fixed false match rates.
//!
//! FMR and FNMR are those of ISO/IEC 19795-1 at trial level; plotted against each other on normal-deviate axes the same
//! points are the DET curve (Martin et al. 1997).

use neural_vault_core::verify::accepts;

use super::{Eer, ScoreError, check_finite, check_not_empty};

/// A threshold and its error rates; a score at or above the threshold is accepted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RocPoint {
    /// The threshold; +inf accepts nothing.
    pub threshold: f64,
    /// False match rate: share of impostor scores accepted, 0 to 1.
    pub fmr: f64,
    /// False non-match rate: share of genuine scores rejected, 0 to 1.
    pub fnmr: f64,
}

/// The whole curve, from the threshold +inf, which accepts nothing, down to the lowest score; one point per score.
///
/// # Errors
/// [`ScoreError`].
pub fn roc_points(genuine: &[f64], impostor: &[f64]) -> Result<Vec<RocPoint>, ScoreError> {
    check_finite(genuine, impostor)?;
    check_not_empty(genuine, impostor)?;
    Ok(roc(genuine, impostor))
}

/// At most `limit` (2 or more) of a curve's points, for plotting: its ends, and points at equal steps along it.
///
/// Steps are equal in the log odds of both rates, so that the ends with small rates, which a DET curve enlarges, keep
/// their detail.
#[must_use]
pub fn thinned(points: &[RocPoint], limit: usize) -> Vec<RocPoint> {
    let [first, .., last] = points else { return points.to_vec() };
    if points.len() <= limit {
        return points.to_vec();
    }
    let position = |point: &RocPoint| log_odds(point.fmr) - log_odds(point.fnmr);
    let start = position(first);
    let step = (position(last) - start) / (limit.max(2) - 1) as f64;
    let mut kept = vec![*first];
    let mut reached = 0.0;
    for point in &points[1..points.len() - 1] {
        let steps = ((position(point) - start) / step).floor();
        if steps > reached {
            kept.push(*point);
            reached = steps;
        }
    }
    // The end of the curve takes the place of the last whole step.
    kept.truncate(limit.max(2) - 1);
    kept.push(*last);
    kept
}

/// The equal error rate in percent on the ROC's convex hull; 50 % if a list is empty.
///
/// A random choice between two thresholds reaches every point of the hull; its equal error rate is at most that of
/// [`super::eer`]. It is bob.measure's `eer_rocch` and the one Brümmer and de Villiers recommend (BOSARIS toolkit, 2011).
///
/// # Errors
/// [`ScoreError::NotFinite`].
pub fn eer_convex_hull(genuine: &[f64], impostor: &[f64]) -> Result<f64, ScoreError> {
    check_finite(genuine, impostor)?;
    if genuine.is_empty() || impostor.is_empty() {
        return Ok(50.0);
    }
    Ok(equal_error(&convex_hull(&roc(genuine, impostor))).percent)
}

/// The point of the lowest threshold whose FMR is `fmr` (0 to 1) or less.
///
/// `None` if there are fewer than 1 / `fmr` impostor scores, so that less than one false match is expected. The
/// threshold may be +inf if the highest score is an impostor's.
///
/// # Errors
/// [`ScoreError`].
pub fn fnmr_at_fmr(genuine: &[f64], impostor: &[f64], fmr: f64) -> Result<Option<RocPoint>, ScoreError> {
    let points = roc_points(genuine, impostor)?;
    // Rates such as 1e-3 are not exact floats: a product just below 1 still counts as 1.
    if impostor.len() as f64 * fmr < 1.0 - 1e-9 {
        return Ok(None);
    }
    let kept = points.partition_point(|point| point.fmr <= fmr);
    Ok(kept.checked_sub(1).map(|last| points[last]))
}

/// The rates at a threshold fixed elsewhere.
///
/// # Errors
/// [`ScoreError`].
pub fn rates_at(threshold: f64, genuine: &[f64], impostor: &[f64]) -> Result<RocPoint, ScoreError> {
    check_finite(genuine, impostor)?;
    check_not_empty(genuine, impostor)?;
    let accepted = |scores: &[f64]| scores.iter().filter(|&&score| accepts(threshold, score)).count();
    Ok(RocPoint {
        threshold,
        fmr: accepted(impostor) as f64 / impostor.len() as f64,
        fnmr: (genuine.len() - accepted(genuine)) as f64 / genuine.len() as f64,
    })
}

/// How many genuine and impostor scores a threshold accepts.
pub(super) struct Accepted {
    pub(super) threshold: f64,
    pub(super) genuine: usize,
    pub(super) impostor: usize,
}

/// [`roc_points`] of lists that are known to be finite and not empty.
pub(super) fn roc(genuine: &[f64], impostor: &[f64]) -> Vec<RocPoint> {
    let point = |accepted: Accepted| RocPoint {
        threshold: accepted.threshold,
        fmr: accepted.impostor as f64 / impostor.len() as f64,
        fnmr: (genuine.len() - accepted.genuine) as f64 / genuine.len() as f64,
    };
    accepted(genuine, impostor).into_iter().map(point).collect()
}

/// What every threshold accepts, from +inf, which accepts nothing, down to the lowest score; one per distinct score.
pub(super) fn accepted(genuine: &[f64], impostor: &[f64]) -> Vec<Accepted> {
    let mut scores: Vec<(f64, bool)> = genuine.iter().map(|&score| (score, true)).collect();
    scores.extend(impostor.iter().map(|&score| (score, false)));
    scores.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));

    let mut list = vec![Accepted { threshold: f64::INFINITY, genuine: 0, impostor: 0 }];
    let (mut matches, mut false_matches) = (0, 0);
    for tied in scores.chunk_by(|a, b| a.0 == b.0) {
        let own = tied.iter().filter(|(_, is_genuine)| *is_genuine).count();
        matches += own;
        false_matches += tied.len() - own;
        list.push(Accepted { threshold: tied[0].0, genuine: matches, impostor: false_matches });
    }
    list
}

/// The point of equal rates on the curve through `points`, which run from (0, 1) to (1, 0).
pub(super) fn equal_error(points: &[RocPoint]) -> Eer {
    // Decreases along the curve from 1 to -1; exactly zero at equal rates.
    let excess = |point: &RocPoint| point.fnmr - point.fmr;
    let after = points.partition_point(|point| excess(point) > 0.0).min(points.len() - 1);
    let point = points[after];
    if excess(&point) == 0.0 {
        let next = points.get(after + 1).map_or(point.threshold, |next| next.threshold);
        let middle = next + (point.threshold - next) / 2.0;
        let threshold = if middle > next { middle } else { point.threshold };
        return Eer { percent: 100.0 * point.fmr, threshold };
    }
    let before = points[after - 1];
    let share = excess(&before) / (excess(&before) - excess(&point));
    let between = |from: f64, to: f64| from + share * (to - from);
    let threshold =
        if before.threshold.is_finite() { between(before.threshold, point.threshold) } else { point.threshold };
    Eer { percent: 100.0 * between(before.fmr, point.fmr), threshold }
}

/// The lower convex hull in (FMR, FNMR), by Andrew's monotone chain.
fn convex_hull(points: &[RocPoint]) -> Vec<RocPoint> {
    let mut hull: Vec<RocPoint> = Vec::new();
    for point in points {
        while let [.., a, b] = hull[..] {
            let turn = (b.fmr - a.fmr) * (point.fnmr - a.fnmr) - (b.fnmr - a.fnmr) * (point.fmr - a.fmr);
            if turn > 0.0 {
                break;
            }
            hull.pop();
        }
        hull.push(*point);
    }
    hull
}

/// The logarithm of the odds, with rates clamped to 1e-6 and 1 - 1e-6.
fn log_odds(rate: f64) -> f64 {
    let rate = rate.clamp(1e-6, 1.0 - 1e-6);
    (rate / (1.0 - rate)).ln()
}

#[cfg(test)]
mod tests;
