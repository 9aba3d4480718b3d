//! The halving draws the EERs that single draws give, on any number of threads.

#![allow(clippy::unwrap_used)]

use rand_distr::Normal;

use super::*;

const DRAWS: Draws = Draws { seed: 5, replicates: 4000 };

/// Normal scores, rounded to `steps` a unit so that there are ties.
fn scores(count: usize, mean: f64, steps: f64, seed: u64) -> Vec<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let normal = Normal::new(mean, 1.0).unwrap();
    (0..count).map(|_| (normal.sample(&mut random) * steps).round() / steps).collect()
}

fn by_halving(genuine: &[f64], impostor: &[f64]) -> Vec<f64> {
    let thresholds = accepted(genuine, impostor);
    (0..DRAWS.replicates).map(|number| draw_eer(&thresholds, &mut DRAWS.generator(number))).collect()
}

/// The largest difference of two empirical distribution functions (Kolmogorov and Smirnov).
fn distance(mut a: Vec<f64>, mut b: Vec<f64>) -> f64 {
    a.sort_unstable_by(f64::total_cmp);
    b.sort_unstable_by(f64::total_cmp);
    let share = |list: &[f64], x: f64| list.partition_point(|value| *value <= x) as f64 / list.len() as f64;
    a.iter().chain(&b).map(|&x| (share(&a, x) - share(&b, x)).abs()).fold(0.0, f64::max)
}

#[test]
fn halving_draws_the_same_distribution_as_drawing_one_by_one() {
    for (genuine, impostor, steps) in [(40, 40, 1e9), (60, 900, 1e9), (300, 200, 4.0), (5, 3, 2.0), (1, 50, 1e9)] {
        let (genuine, impostor) = (scores(genuine, 1.5, steps, 1), scores(impostor, 0.0, steps, 2));
        let plain = one_by_one(&genuine, &impostor, Draws { seed: 6, ..DRAWS }).unwrap();
        // Rounding may set values of a coarse distribution apart that are equal.
        let rounded = |values: Vec<f64>| values.into_iter().map(|value| (value * 1e9).round()).collect();
        let found = distance(rounded(by_halving(&genuine, &impostor)), rounded(plain.iter().map(|f| f.eer).collect()));
        // A difference of 0.0436 occurs once in a thousand samples of this size.
        assert!(found < 0.0436, "{found} for {} and {} scores", genuine.len(), impostor.len());
    }
}

#[test]
fn a_replicate_in_which_each_score_is_drawn_once_has_the_eer_of_the_scores() {
    /// Draws in proportion: of every part as many as it has scores.
    fn proportional(thresholds: &[Accepted]) -> f64 {
        let all = thresholds.last().unwrap();
        let crossing = thresholds
            .iter()
            .position(|at| at.genuine * all.impostor + at.impostor * all.genuine >= all.genuine * all.impostor);
        let of = |at: &Accepted| [at.genuine as u64, at.impostor as u64];
        let crossing = crossing.unwrap();
        equal_error(of(&thresholds[crossing - 1]), of(&thresholds[crossing]), of(all))
    }
    for (seed, steps) in (0..50).flat_map(|seed| [(seed, 1e9), (seed, 3.0)]) {
        let (genuine, impostor) = (scores(37, 1.0, steps, seed), scores(91, 0.0, steps, seed + 100));
        let expected = super::super::eer(&genuine, &impostor).unwrap().percent;
        let found = proportional(&accepted(&genuine, &impostor));
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }
}

#[test]
fn intervals_contain_the_figures_and_narrow_with_more_scores() {
    let of = |count| {
        let (genuine, impostor) = (scores(count, 1.5, 1e9, 1), scores(4 * count, 0.0, 1e9, 2));
        let draws = Draws { seed: 0, replicates: 500 };
        let figures = [
            (super::super::eer(&genuine, &impostor).unwrap().percent, eer(&genuine, &impostor, draws)),
            (super::super::d_prime(&genuine, &impostor).unwrap(), d_prime(&genuine, &impostor, draws)),
            (super::super::roc_auc(&genuine, &impostor).unwrap(), roc_auc(&genuine, &impostor, draws)),
        ];
        figures.map(|(value, interval)| {
            let [low, high] = interval.unwrap().unwrap();
            assert!(low < value && value < high, "{low} {value} {high}");
            high - low
        })
    };
    let (few, many) = (of(50), of(800));
    for (few, many) in few.iter().zip(many) {
        // Sixteen times as many scores have intervals a quarter as wide.
        assert!((2.5..6.0).contains(&(few / many)), "{few} {many}");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_intervals_and_another_seed_others() {
    let (genuine, impostor) = (scores(100, 1.0, 1e9, 1), scores(300, 0.0, 1e9, 2));
    let of = |threads, seed| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let draws = Draws { seed, replicates: 200 };
        pool.install(|| [eer, d_prime, roc_auc].map(|interval| interval(&genuine, &impostor, draws).unwrap()))
    };
    let one = of(1, 3);
    assert_eq!(of(2, 3), one);
    assert_eq!(of(7, 3), one);
    assert!(of(2, 4).iter().zip(&one).all(|(other, one)| other != one));
}

#[test]
fn separated_scores_have_no_error_in_any_replicate_and_swapped_ones_nothing_else() {
    let (high, low) = (scores(30, 100.0, 1e9, 1), scores(70, 0.0, 1e9, 2));
    assert_eq!(eer(&high, &low, DRAWS), Ok(Some([0.0, 0.0])));
    assert_eq!(eer(&low, &high, DRAWS), Ok(Some([100.0, 100.0])));
    // One score in common to both lists: the ROC is a line, at any number of draws.
    assert_eq!(eer(&[0.5; 9], &[0.5; 4], DRAWS), Ok(Some([50.0, 50.0])));
}

#[test]
fn unusable_scores_are_errors_and_no_replicates_no_interval() {
    assert_eq!(eer(&[], &[0.5], DRAWS), Err(ScoreError::Empty { list: "genuine" }));
    assert_eq!(d_prime(&[0.5], &[], DRAWS), Err(ScoreError::Empty { list: "impostor" }));
    let not_finite = Err(ScoreError::NotFinite { list: "impostor", index: 1 });
    assert_eq!(eer(&[0.5], &[0.5, f64::NAN], DRAWS), not_finite);
    assert_eq!(roc_auc(&[0.5], &[0.5, f64::INFINITY], DRAWS), not_finite);
    assert_eq!(eer(&[0.5], &[0.1], Draws { seed: 0, replicates: 0 }), Ok(None));
}
