//! The figures, against reference vectors and against direct counting.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

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

/// Results of scipy, scikit-learn and numpy.
#[derive(serde::Deserialize)]
pub(super) struct Reference {
    pub(super) clopper_pearson: Vec<ProportionCase>,
    pub(super) curves: Vec<CurveCase>,
    pub(super) classification: Vec<ClassificationCase>,
    pub(super) embeddings: Vec<EmbeddingsCase>,
}

#[derive(serde::Deserialize)]
pub(super) struct ProportionCase {
    pub(super) errors: u64,
    pub(super) trials: u64,
    pub(super) confidence: f64,
    pub(super) interval: [f64; 2],
}

#[derive(serde::Deserialize)]
pub(super) struct CurveCase {
    pub(super) name: String,
    pub(super) genuine: Vec<f64>,
    pub(super) impostor: Vec<f64>,
    pub(super) eer_convex_hull: f64,
    pub(super) relative_entropy_bits: Option<f64>,
    pub(super) fmr: Vec<f64>,
    pub(super) fnmr: Vec<f64>,
    /// In descending order; null is infinite.
    pub(super) thresholds: Vec<Option<f64>>,
}

#[derive(serde::Deserialize)]
pub(super) struct ClassificationCase {
    pub(super) classes: usize,
    pub(super) truth: Vec<u32>,
    pub(super) decided: Vec<u32>,
    pub(super) confusion: Vec<Vec<u32>>,
    pub(super) accuracy: f64,
    pub(super) macro_f1: f64,
}

#[derive(serde::Deserialize)]
pub(super) struct EmbeddingsCase {
    pub(super) embeddings: Vec<Vec<f32>>,
    pub(super) participation_ratio: f64,
    pub(super) principal_map: Vec<[f64; 2]>,
}

pub(super) fn reference() -> Reference {
    serde_json::from_str(include_str!("../../tests/data/metrics_reference.json")).unwrap()
}

/// Lists of scores, coarse ones with many ties among them.
pub(super) fn scores() -> impl Strategy<Value = Vec<f64>> {
    let coarse = (-4..4_i32).prop_map(|step| f64::from(step) / 4.0);
    prop_oneof![prop::collection::vec(coarse, 1..60), prop::collection::vec(-1.0..1.0_f64, 1..60)]
}

#[test]
fn agrees_with_the_reference_vectors() {
    let cases: Vec<Case> = serde_json::from_slice(&neural_vault_testkit::vector("metrics.json")).unwrap();
    assert!(!cases.is_empty());
    for Case { name, genuine, impostor, eer_percent, d_prime: distance, roc_auc: area } in cases {
        let found = eer(&genuine, &impostor).unwrap();
        assert!((found.percent - eer_percent).abs() < 1e-4, "{name}: EER {} for {eer_percent}", found.percent);
        for (figure, found, expected) in
            [("d'", d_prime(&genuine, &impostor), distance), ("AUC", roc_auc(&genuine, &impostor), area)]
        {
            match expected {
                Some(expected) => {
                    assert!((found.unwrap() - expected).abs() < 1e-6, "{name}: {figure}")
                }
                None => assert!(matches!(found, Err(ScoreError::Empty { .. })), "{name}: {figure}"),
            }
        }
    }
}

#[test]
fn agrees_with_counting_directly_on_random_lists() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    for round in 0..1000 {
        // A coarse grid gives many ties, a fine one gives none.
        let steps = [4, 32, 1 << 30][round % 3];
        let genuine = draw(&mut random, steps, steps / 4);
        let impostor = draw(&mut random, steps, 0);
        let found = eer(&genuine, &impostor).unwrap();
        let expected = eer_by_bisection(&genuine, &impostor);
        assert!((found.percent - expected).abs() < 1e-6, "round {round}: {} for {expected}", found.percent);
        let area = roc_auc(&genuine, &impostor).unwrap();
        assert!((area - area_by_pairs(&genuine, &impostor)).abs() < 1e-9, "round {round}");
        let distance = d_prime(&genuine, &impostor).unwrap();
        assert!((distance - distance_of_pairs(&genuine, &impostor)).abs() < 1e-6 * (1.0 + distance), "round {round}");
    }
}

#[test]
fn a_threshold_between_separated_scores_keeps_its_distance() {
    let found = eer(&[0.9, 0.8], &[0.2, 0.1]).unwrap();
    assert_eq!(found, Eer { percent: 0.0, threshold: 0.5 });
}

#[test]
fn an_empty_list_of_scores_gives_a_threshold_that_accepts_nothing() {
    assert_eq!(eer(&[], &[0.5]).unwrap(), Eer { percent: 50.0, threshold: f64::INFINITY });
    assert_eq!(eer(&[0.5], &[]).unwrap().percent, 50.0);
    assert_eq!(d_prime(&[0.5], &[]), Err(ScoreError::Empty { list: "impostor" }));
    assert_eq!(roc_auc(&[], &[0.5]), Err(ScoreError::Empty { list: "genuine" }));
}

#[test]
fn a_score_that_is_not_finite_is_an_error() {
    let wrong = Err(ScoreError::NotFinite { list: "impostor", index: 1 });
    assert_eq!(eer(&[0.5], &[0.1, f64::NAN]).map(|found| found.percent), wrong);
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
        // The counts can be off by one score on either side.
        let step = 1.0 / genuine.len().min(impostor.len()) as f64 + 1e-9;
        prop_assert!((100.0 * false_matches - found.percent).abs() <= 100.0 * step);
        prop_assert!((100.0 * false_non_matches - found.percent).abs() <= 100.0 * step);
    }
}

fn draw(random: &mut ChaCha8Rng, steps: u32, shift: u32) -> Vec<f64> {
    let count = 1 + random.next_u32() % 40;
    (0..count).map(|_| f64::from(random.next_u32() % steps + shift) / f64::from(steps)).collect()
}

/// Bisects `1 - x - TPR(x)`, with each rate counted score by score.
fn eer_by_bisection(genuine: &[f64], impostor: &[f64]) -> f64 {
    let rate = |scores: &[f64], threshold: f64| {
        scores.iter().filter(|&&score| score >= threshold).count() as f64 / scores.len() as f64
    };
    let mut thresholds = [genuine, impostor].concat();
    thresholds.push(f64::INFINITY);
    let mut points: Vec<(f64, f64)> =
        thresholds.iter().map(|&threshold| (rate(impostor, threshold), rate(genuine, threshold))).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let true_match_rate = |x: f64| {
        let right = points.iter().position(|point| point.0 >= x).unwrap();
        let (x1, y1) = points[right];
        let (x0, y0) = points[right.saturating_sub(1)];
        if x1 > x0 { y0 + (y1 - y0) * (x - x0) / (x1 - x0) } else { y1 }
    };
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if 1.0 - middle - true_match_rate(middle) > 0.0 { low = middle } else { high = middle }
    }
    100.0 * (low + high) / 2.0
}

/// d' from the differences of all pairs: half their mean square within a list is its variance, and their mean between
/// the lists is the difference of the means.
fn distance_of_pairs(genuine: &[f64], impostor: &[f64]) -> f64 {
    let mean = |a: &[f64], b: &[f64], power: i32| {
        let differences = a.iter().flat_map(|a| b.iter().map(move |b| (a - b).powi(power)));
        differences.sum::<f64>() / (a.len() * b.len()) as f64
    };
    let variance = (mean(genuine, genuine, 2) + mean(impostor, impostor, 2)) / 4.0;
    mean(genuine, impostor, 1).abs() / (variance + 1e-9).sqrt()
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
