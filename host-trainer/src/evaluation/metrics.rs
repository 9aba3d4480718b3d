//! Equal error rate, d-prime and ROC area of genuine and impostor scores.
//!
//! A higher score means more likely genuine; a probe is accepted at or above a threshold.

/// Where false matches and false non-matches are equally frequent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Eer {
    /// The error rate, in percent.
    pub percent: f64,
    /// The score at which it is reached; +inf, which accepts nobody, where a list of scores is empty.
    pub threshold: f64,
}

/// Scores that cannot be evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// A score is NaN or infinite.
    #[error("{list} score {index} is not a finite number; check the embeddings it was computed from")]
    NotFinite {
        /// `genuine` or `impostor`.
        list: &'static str,
        /// Its place in the list, from 0.
        index: usize,
    },
    /// A list is empty, so that the figure is undefined.
    #[error("there are no {list} scores; evaluate on more recordings")]
    Empty {
        /// `genuine` or `impostor`.
        list: &'static str,
    },
}

/// One point of the ROC: what a threshold accepts.
#[derive(Debug, Clone, Copy)]
struct Point {
    threshold: f64,
    false_match_rate: f64,
    true_match_rate: f64,
}

/// The equal error rate: the root of `1 - x - TPR(x)` on the linearly interpolated ROC.
///
/// 50 % where a list is empty. The threshold is interpolated as the rate is; where a point of the ROC itself is the
/// root, any threshold down to the next lower score decides alike, and the middle of that range is taken.
///
/// # Errors
/// [`ScoreError::NotFinite`].
pub fn eer(genuine: &[f64], impostor: &[f64]) -> Result<Eer, ScoreError> {
    check_finite(genuine, impostor)?;
    if genuine.is_empty() || impostor.is_empty() {
        return Ok(Eer { percent: 50.0, threshold: f64::INFINITY });
    }
    let points = roc(genuine, impostor);
    // Positive while the rate of false non-matches exceeds that of false matches; falls along the curve from 1 to -1.
    let excess = |point: &Point| 1.0 - point.false_match_rate - point.true_match_rate;
    let after = points.partition_point(|point| excess(point) > 0.0).min(points.len() - 1);
    let point = points[after];
    if excess(&point) == 0.0 {
        let next = points.get(after + 1).map_or(point.threshold, |next| next.threshold);
        let middle = next + (point.threshold - next) / 2.0;
        let threshold = if middle > next { middle } else { point.threshold };
        return Ok(Eer { percent: 100.0 * point.false_match_rate, threshold });
    }
    let before = points[after - 1];
    let share = excess(&before) / (excess(&before) - excess(&point));
    let between = |from: f64, to: f64| from + share * (to - from);
    let threshold =
        if before.threshold.is_finite() { between(before.threshold, point.threshold) } else { point.threshold };
    Ok(Eer { percent: 100.0 * between(before.false_match_rate, point.false_match_rate), threshold })
}

/// The distance of the means in pooled standard deviations.
///
/// `|mean_g - mean_i| / sqrt((var_g + var_i) / 2 + 1e-9)` with population variances.
///
/// # Errors
/// [`ScoreError`].
pub fn d_prime(genuine: &[f64], impostor: &[f64]) -> Result<f64, ScoreError> {
    check_finite(genuine, impostor)?;
    check_not_empty(genuine, impostor)?;
    let (genuine_mean, genuine_variance) = moments(genuine);
    let (impostor_mean, impostor_variance) = moments(impostor);
    Ok((genuine_mean - impostor_mean).abs() / ((genuine_variance + impostor_variance) / 2.0 + 1e-9).sqrt())
}

/// The area under the ROC: the probability that a genuine score exceeds an impostor's, ties counting half.
///
/// # Errors
/// [`ScoreError`].
pub fn roc_auc(genuine: &[f64], impostor: &[f64]) -> Result<f64, ScoreError> {
    check_finite(genuine, impostor)?;
    check_not_empty(genuine, impostor)?;
    let mut area = 0.0;
    for pair in roc(genuine, impostor).windows(2) {
        let width = pair[1].false_match_rate - pair[0].false_match_rate;
        area += width * (pair[0].true_match_rate + pair[1].true_match_rate) / 2.0;
    }
    Ok(area)
}

/// The ROC from (0, 0) to (1, 1), one point per distinct score, from the highest down; no list may be empty.
fn roc(genuine: &[f64], impostor: &[f64]) -> Vec<Point> {
    let mut scores: Vec<(f64, bool)> = genuine.iter().map(|&score| (score, true)).collect();
    scores.extend(impostor.iter().map(|&score| (score, false)));
    scores.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));

    let mut points = vec![Point { threshold: f64::INFINITY, false_match_rate: 0.0, true_match_rate: 0.0 }];
    let (mut true_matches, mut false_matches) = (0_usize, 0_usize);
    for tied in scores.chunk_by(|a, b| a.0 == b.0) {
        let matches = tied.iter().filter(|(_, is_genuine)| *is_genuine).count();
        true_matches += matches;
        false_matches += tied.len() - matches;
        points.push(Point {
            threshold: tied[0].0,
            false_match_rate: false_matches as f64 / impostor.len() as f64,
            true_match_rate: true_matches as f64 / genuine.len() as f64,
        });
    }
    points
}

/// Mean and population variance.
fn moments(scores: &[f64]) -> (f64, f64) {
    let count = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / count;
    (mean, scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / count)
}

fn check_finite(genuine: &[f64], impostor: &[f64]) -> Result<(), ScoreError> {
    for (list, scores) in [("genuine", genuine), ("impostor", impostor)] {
        if let Some(index) = scores.iter().position(|score| !score.is_finite()) {
            return Err(ScoreError::NotFinite { list, index });
        }
    }
    Ok(())
}

fn check_not_empty(genuine: &[f64], impostor: &[f64]) -> Result<(), ScoreError> {
    for (list, scores) in [("genuine", genuine), ("impostor", impostor)] {
        if scores.is_empty() {
            return Err(ScoreError::Empty { list });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
