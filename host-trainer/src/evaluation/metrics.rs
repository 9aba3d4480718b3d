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
    #[error(
        "{list} score {index} is not a finite number; check the embeddings it was computed from"
    )]
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
        return Ok(Eer {
            percent: 50.0,
            threshold: f64::INFINITY,
        });
    }
    let points = roc(genuine, impostor);
    // Positive while the rate of false non-matches exceeds that of false matches; falls along the curve from 1 to -1.
    let excess = |point: &Point| 1.0 - point.false_match_rate - point.true_match_rate;
    let after = points
        .partition_point(|point| excess(point) > 0.0)
        .min(points.len() - 1);
    let point = points[after];
    if excess(&point) == 0.0 {
        let next = points
            .get(after + 1)
            .map_or(point.threshold, |next| next.threshold);
        let middle = next + (point.threshold - next) / 2.0;
        let threshold = if middle > next {
            middle
        } else {
            point.threshold
        };
        return Ok(Eer {
            percent: 100.0 * point.false_match_rate,
            threshold,
        });
    }
    let before = points[after - 1];
    let share = excess(&before) / (excess(&before) - excess(&point));
    let between = |from: f64, to: f64| from + share * (to - from);
    let threshold = if before.threshold.is_finite() {
        between(before.threshold, point.threshold)
    } else {
        point.threshold
    };
    Ok(Eer {
        percent: 100.0 * between(before.false_match_rate, point.false_match_rate),
        threshold,
    })
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
    Ok((genuine_mean - impostor_mean).abs()
        / ((genuine_variance + impostor_variance) / 2.0 + 1e-9).sqrt())
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

    let mut points = vec![Point {
        threshold: f64::INFINITY,
        false_match_rate: 0.0,
        true_match_rate: 0.0,
    }];
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
    (
        mean,
        scores
            .iter()
            .map(|score| (score - mean).powi(2))
            .sum::<f64>()
            / count,
    )
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
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    use super::*;

    #[derive(serde::Deserialize)]
    struct Case {
        name: String,
        genuine: Vec<f64>,
        impostor: Vec<f64>,
        eer_percent: f64,
        d_prime: Option<f64>,
        roc_auc: Option<f64>,
    }

    #[test]
    fn agrees_with_the_reference_vectors() {
        let cases: Vec<Case> =
            serde_json::from_slice(&crate::dataset::fixtures::vector("metrics.json")).unwrap();
        assert!(!cases.is_empty());
        for Case {
            name,
            genuine,
            impostor,
            eer_percent,
            d_prime: distance,
            roc_auc: area,
        } in cases
        {
            let found = eer(&genuine, &impostor).unwrap();
            assert!(
                (found.percent - eer_percent).abs() < 1e-4,
                "{name}: EER {} for {eer_percent}",
                found.percent
            );
            for (figure, found, expected) in [
                ("d'", d_prime(&genuine, &impostor), distance),
                ("AUC", roc_auc(&genuine, &impostor), area),
            ] {
                match expected {
                    Some(expected) => {
                        assert!((found.unwrap() - expected).abs() < 1e-6, "{name}: {figure}")
                    }
                    None => assert!(
                        matches!(found, Err(ScoreError::Empty { .. })),
                        "{name}: {figure}"
                    ),
                }
            }
        }
    }

    #[test]
    fn agrees_with_counting_directly_on_random_lists() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        for round in 0..1000 {
            // A coarse grid gives many ties, a fine one none.
            let steps = [4, 32, 1 << 30][round % 3];
            let genuine = draw(&mut random, steps, steps / 4);
            let impostor = draw(&mut random, steps, 0);
            let found = eer(&genuine, &impostor).unwrap();
            let expected = eer_by_bisection(&genuine, &impostor);
            assert!(
                (found.percent - expected).abs() < 1e-6,
                "round {round}: {} for {expected}",
                found.percent
            );
            let area = roc_auc(&genuine, &impostor).unwrap();
            assert!(
                (area - area_by_pairs(&genuine, &impostor)).abs() < 1e-9,
                "round {round}"
            );
        }
    }

    #[test]
    fn a_threshold_between_separated_scores_keeps_its_distance() {
        let found = eer(&[0.9, 0.8], &[0.2, 0.1]).unwrap();
        assert_eq!(
            found,
            Eer {
                percent: 0.0,
                threshold: 0.5
            }
        );
    }

    #[test]
    fn no_scores_of_a_kind_accept_nobody() {
        assert_eq!(
            eer(&[], &[0.5]).unwrap(),
            Eer {
                percent: 50.0,
                threshold: f64::INFINITY
            }
        );
        assert_eq!(eer(&[0.5], &[]).unwrap().percent, 50.0);
        assert_eq!(
            d_prime(&[0.5], &[]),
            Err(ScoreError::Empty { list: "impostor" })
        );
        assert_eq!(
            roc_auc(&[], &[0.5]),
            Err(ScoreError::Empty { list: "genuine" })
        );
    }

    #[test]
    fn a_score_that_is_no_number_is_an_error() {
        let wrong = Err(ScoreError::NotFinite {
            list: "impostor",
            index: 1,
        });
        assert_eq!(
            eer(&[0.5], &[0.1, f64::NAN]).map(|found| found.percent),
            wrong
        );
        assert_eq!(d_prime(&[0.5], &[0.1, f64::INFINITY]), wrong);
        assert_eq!(roc_auc(&[0.5], &[0.1, f64::NAN]), wrong);
    }

    proptest! {
        #[test]
        fn the_threshold_separates_as_the_rate_says(
            genuine in prop::collection::vec(-1.0..1.0_f64, 1..60),
            impostor in prop::collection::vec(-1.0..1.0_f64, 1..60),
        ) {
            let found = eer(&genuine, &impostor).unwrap();
            let accepted = |scores: &[f64]| scores.iter().filter(|&&score| score >= found.threshold).count() as f64;
            let false_matches = accepted(&impostor) / impostor.len() as f64;
            let false_non_matches = 1.0 - accepted(&genuine) / genuine.len() as f64;
            // One score more or less on either side is as near as a decision can come.
            let step = 1.0 / genuine.len().min(impostor.len()) as f64 + 1e-9;
            prop_assert!((100.0 * false_matches - found.percent).abs() <= 100.0 * step);
            prop_assert!((100.0 * false_non_matches - found.percent).abs() <= 100.0 * step);
        }
    }

    fn draw(random: &mut ChaCha8Rng, steps: u32, shift: u32) -> Vec<f64> {
        let count = 1 + random.next_u32() % 40;
        (0..count)
            .map(|_| f64::from(random.next_u32() % steps + shift) / f64::from(steps))
            .collect()
    }

    /// Bisects `1 - x - TPR(x)`, with each rate counted score by score.
    fn eer_by_bisection(genuine: &[f64], impostor: &[f64]) -> f64 {
        let rate = |scores: &[f64], threshold: f64| {
            scores.iter().filter(|&&score| score >= threshold).count() as f64 / scores.len() as f64
        };
        let mut thresholds = [genuine, impostor].concat();
        thresholds.push(f64::INFINITY);
        let mut points: Vec<(f64, f64)> = thresholds
            .iter()
            .map(|&threshold| (rate(impostor, threshold), rate(genuine, threshold)))
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let true_match_rate = |x: f64| {
            let right = points.iter().position(|point| point.0 >= x).unwrap();
            let (x1, y1) = points[right];
            let (x0, y0) = points[right.saturating_sub(1)];
            if x1 > x0 {
                y0 + (y1 - y0) * (x - x0) / (x1 - x0)
            } else {
                y1
            }
        };
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..60 {
            let middle = (low + high) / 2.0;
            if 1.0 - middle - true_match_rate(middle) > 0.0 {
                low = middle
            } else {
                high = middle
            }
        }
        100.0 * (low + high) / 2.0
    }

    fn area_by_pairs(genuine: &[f64], impostor: &[f64]) -> f64 {
        let mut won = 0.0;
        for g in genuine {
            for i in impostor {
                won += if g > i {
                    1.0
                } else if g == i {
                    0.5
                } else {
                    0.0
                };
            }
        }
        won / (genuine.len() * impostor.len()) as f64
    }
}
