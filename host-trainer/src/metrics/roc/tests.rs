//! The curve, its hull and its operating points, against scikit-learn and against counting directly.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::super::tests::{reference, scores};
use super::super::{eer, roc_auc};
use super::*;

#[test]
fn agrees_with_scikit_learn_and_the_hull_by_pooling_adjacent_violators() {
    let cases = reference().curves;
    assert!(!cases.is_empty());
    for case in cases {
        let points = roc_points(&case.genuine, &case.impostor).unwrap();
        assert_eq!(points.len(), case.fmr.len(), "{}", case.name);
        for (point, ((threshold, fmr), fnmr)) in points.iter().zip(case.thresholds.iter().zip(case.fmr).zip(case.fnmr))
        {
            assert_eq!(point.threshold, threshold.unwrap_or(f64::INFINITY), "{}", case.name);
            assert!((point.fmr - fmr).abs() < 1e-12 && (point.fnmr - fnmr).abs() < 1e-12, "{}", case.name);
        }
        let found = eer_convex_hull(&case.genuine, &case.impostor).unwrap();
        assert!((found - case.eer_convex_hull).abs() < 1e-9, "{}: {found} {}", case.name, case.eer_convex_hull);
    }
}

#[test]
fn the_hull_bridges_a_dent_of_the_curve() {
    // Points (0, 1/2), (1/2, 1/2), (1/2, 0), (1, 0): the hull's line from (0, 1/2) to (1/2, 0) has equal rates at 1/4.
    let (genuine, impostor) = ([4.0, 2.0], [3.0, 1.0]);
    assert_eq!(eer(&genuine, &impostor).unwrap().percent, 50.0);
    assert_eq!(eer_convex_hull(&genuine, &impostor), Ok(25.0));
}

#[test]
fn a_rate_is_not_given_below_one_expected_false_match() {
    let impostor: Vec<f64> = (0..1000).map(|i| f64::from(i) / 1000.0).collect();
    let genuine = [0.9985, 0.9995, 2.0];
    let found = fnmr_at_fmr(&genuine, &impostor, 1e-3).unwrap().unwrap();
    assert_eq!((found.threshold, found.fmr, found.fnmr), (0.9985, 1e-3, 0.0));
    assert_eq!(fnmr_at_fmr(&genuine, &impostor, 0.999e-3), Ok(None));
    assert_eq!(fnmr_at_fmr(&genuine, &impostor[1..], 1e-3), Ok(None));
}

#[test]
fn nothing_is_accepted_when_the_highest_scores_are_impostors() {
    let found = fnmr_at_fmr(&[0.0], &[1.0; 10], 0.1).unwrap();
    assert_eq!(found, Some(RocPoint { threshold: f64::INFINITY, fmr: 0.0, fnmr: 1.0 }));
}

#[test]
fn a_score_at_the_threshold_is_accepted() {
    let found = rates_at(0.5, &[0.5, 0.4], &[0.5, 0.4, 0.3, 0.2]).unwrap();
    assert_eq!(found, RocPoint { threshold: 0.5, fmr: 0.25, fnmr: 0.5 });
}

#[test]
fn scores_that_cannot_be_evaluated_are_errors() {
    let not_finite = ScoreError::NotFinite { list: "genuine", index: 0 };
    let empty = ScoreError::Empty { list: "impostor" };
    assert_eq!(roc_points(&[f64::NAN], &[0.0]), Err(not_finite));
    assert_eq!(eer_convex_hull(&[f64::NAN], &[0.0]), Err(not_finite));
    assert_eq!(fnmr_at_fmr(&[f64::NAN], &[0.0], 0.1), Err(not_finite));
    assert_eq!(rates_at(0.0, &[f64::NAN], &[0.0]), Err(not_finite));
    assert_eq!(roc_points(&[0.0], &[]), Err(empty));
    assert_eq!(fnmr_at_fmr(&[0.0], &[], 0.1), Err(empty));
    assert_eq!(rates_at(0.0, &[0.0], &[]), Err(empty));
    assert_eq!(eer_convex_hull(&[0.0], &[]), Ok(50.0));
}

proptest! {
    #[test]
    fn the_hull_is_never_above_the_curve(genuine in scores(), impostor in scores()) {
        prop_assert!(eer_convex_hull(&genuine, &impostor).unwrap() <= eer(&genuine, &impostor).unwrap().percent + 1e-9);
    }

    #[test]
    fn an_increasing_transform_of_the_scores_changes_no_rate(genuine in scores(), impostor in scores()) {
        let transformed = |scores: &[f64]| scores.iter().map(|score| (3.0 * score).exp() - 7.0).collect::<Vec<_>>();
        let (g, i) = (transformed(&genuine), transformed(&impostor));
        prop_assert_eq!(eer(&genuine, &impostor).unwrap().percent, eer(&g, &i).unwrap().percent);
        prop_assert_eq!(eer_convex_hull(&genuine, &impostor), eer_convex_hull(&g, &i));
        prop_assert_eq!(roc_auc(&genuine, &impostor), roc_auc(&g, &i));
    }

    #[test]
    fn exchanging_the_lists_and_the_sign_exchanges_the_rates(genuine in scores(), impostor in scores()) {
        let negated = |scores: &[f64]| scores.iter().map(|score| -score).collect::<Vec<_>>();
        let (g, i) = (negated(&impostor), negated(&genuine));
        prop_assert!((eer(&genuine, &impostor).unwrap().percent - eer(&g, &i).unwrap().percent).abs() < 1e-9);
        prop_assert!((eer_convex_hull(&genuine, &impostor).unwrap() - eer_convex_hull(&g, &i).unwrap()).abs() < 1e-9);
        prop_assert!((roc_auc(&genuine, &impostor).unwrap() - roc_auc(&g, &i).unwrap()).abs() < 1e-12);
    }

    #[test]
    fn no_lower_threshold_keeps_the_rate(genuine in scores(), impostor in scores(), fmr in 0.0..1.0_f64) {
        match fnmr_at_fmr(&genuine, &impostor, fmr).unwrap() {
            None => prop_assert!((impostor.len() as f64) * fmr < 1.0),
            Some(point) => {
                prop_assert!(point.fmr <= fmr);
                prop_assert_eq!(rates_at(point.threshold, &genuine, &impostor), Ok(point));
                let lower = genuine.iter().chain(&impostor).filter(|&&score| score < point.threshold);
                for &threshold in lower {
                    prop_assert!(rates_at(threshold, &genuine, &impostor).unwrap().fmr > fmr);
                }
            }
        }
    }

    #[test]
    fn thinning_keeps_the_ends_and_only_points_of_the_curve(genuine in scores(), impostor in scores(), limit in 2_usize..40) {
        let points = roc_points(&genuine, &impostor).unwrap();
        let kept = thinned(&points, limit);
        prop_assert!(kept.len() <= limit.max(2));
        prop_assert_eq!((kept.first(), kept.last()), (points.first(), points.last()));
        let mut rest = points.iter();
        prop_assert!(kept.iter().all(|point| rest.any(|other| other == point)));
        prop_assert!(points.len() > limit || kept.len() == points.len());
    }
}
