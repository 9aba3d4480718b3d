//! Intervals do not depend on threads, widen with differences between sessions, and narrow by pairing.

#![allow(clippy::unwrap_used)]

use super::*;

const RESAMPLING: Resampling = Resampling { seed: 5, replicates: 400, units: Units::SessionsThenLabels };

/// Probes of each label in each session against all labels' prototypes; a session shifts all its genuine scores.
fn trials(sessions: u32, labels: u32, probes: u32, session_effect: f64, seed: u64) -> Vec<Trial> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut trials = Vec::new();
    for probe_session in 0..sessions {
        let shift = session_effect * random.random_range(-1.0..1.0);
        for (probe_label, _) in (0..labels).flat_map(|label| (0..probes).map(move |probe| (label, probe))) {
            for enrolled_label in 0..labels {
                let noise = random.random_range(-1.0..1.0) + random.random_range(-1.0..1.0);
                let score = if enrolled_label == probe_label { 1.0 + shift + noise } else { noise };
                trials.push(Trial { probe_label, probe_session, enrolled_label, score });
            }
        }
    }
    trials
}

fn width(interval: Option<[f64; 2]>) -> f64 {
    let [low, high] = interval.unwrap();
    high - low
}

#[test]
fn any_number_of_threads_and_any_order_of_trials_gives_the_same_intervals() {
    let mut trials = trials(6, 8, 3, 0.5, 1);
    let on = |trials: &[Trial], threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| intervals(trials, RESAMPLING).unwrap())
    };
    let one = on(&trials, 1);
    assert!(one.eer.is_some());
    for threads in [0, 2, 3, 1000] {
        assert_eq!(on(&trials, threads), one);
    }
    // d' is summed in the order of the trials, so its last digits may differ.
    trials.reverse();
    let reversed = on(&trials, 2);
    assert_eq!((reversed.eer, reversed.roc_auc), (one.eer, one.roc_auc));
}

#[test]
fn another_seed_draws_other_replicates() {
    let trials = trials(6, 8, 3, 0.5, 1);
    let other = intervals(&trials, Resampling { seed: 6, ..RESAMPLING }).unwrap();
    assert_ne!(other, intervals(&trials, RESAMPLING).unwrap());
}

#[test]
fn intervals_contain_the_figures_and_widen_with_differences_between_sessions() {
    let alike = trials(6, 8, 9, 0.0, 2);
    let different = trials(6, 8, 9, 1.0, 2);
    let of = |trials: &[Trial]| intervals(trials, RESAMPLING).unwrap();
    let (genuine, impostor) = genuine_and_impostor(&alike);
    let holds =
        |interval: Option<[f64; 2]>, value: f64| interval.is_some_and(|[low, high]| low < value && value < high);
    assert!(holds(of(&alike).eer, eer(&genuine, &impostor).unwrap().percent));
    assert!(holds(of(&alike).d_prime, super::super::d_prime(&genuine, &impostor).unwrap()));
    assert!(holds(of(&alike).roc_auc, super::super::roc_auc(&genuine, &impostor).unwrap()));
    assert!(width(of(&different).eer) > 1.5 * width(of(&alike).eer));
}

#[test]
fn one_session_resamples_its_labels_and_one_label_of_one_session_nothing() {
    assert!(intervals(&trials(1, 8, 3, 0.0, 3), RESAMPLING).unwrap().eer.is_some());
    assert!(intervals(&trials(6, 1, 3, 0.0, 3), RESAMPLING).unwrap().eer.is_none(), "without impostor scores");
    let mut one_label = trials(1, 2, 3, 0.0, 3);
    one_label.retain(|trial| trial.probe_label == 0);
    assert_eq!(intervals(&one_label, RESAMPLING), Ok(Intervals::default()));
    assert_eq!(intervals(&[], RESAMPLING), Ok(Intervals::default()));
    assert_eq!(
        intervals(&trials(2, 2, 1, 0.0, 3), Resampling { replicates: 0, ..RESAMPLING }),
        Ok(Intervals::default())
    );
}

#[test]
fn a_replicate_draws_whole_cells_and_as_many_as_there_are() {
    let trials = trials(3, 4, 1, 0.0, 4);
    let cells = Cells::new(&trials, Units::SessionsThenLabels);
    assert_eq!((cells.count, cells.groups.len()), (12, 3));
    let mut weights = vec![0; 12];
    let mut drawn = vec![0; 12];
    for replicate in 0..1000 {
        cells.draw(5, replicate, &mut weights);
        assert_eq!(weights.iter().sum::<u32>(), 12);
        drawn.iter_mut().zip(&weights).for_each(|(sum, weight)| *sum += weight);
        // Sessions are drawn whole, so the counts of a session's cells add up to a multiple of its labels.
        assert!(weights.chunks(4).all(|session| session.iter().sum::<u32>() % 4 == 0));
    }
    assert!(drawn.iter().all(|&sum| (850..1150).contains(&sum)), "{drawn:?}");
}

#[test]
fn persons_that_differ_widen_the_interval_only_where_persons_are_drawn() {
    let mut trials = trials(12, 6, 2, 0.0, 9);
    for trial in trials.iter_mut().filter(|trial| trial.is_genuine() && trial.probe_label < 2) {
        trial.score -= 2.0;
    }
    let by = |units| width(intervals(&trials, Resampling { units, ..RESAMPLING }).unwrap().eer);
    assert!(by(Units::LabelsThenSessions) > 1.5 * by(Units::SessionsThenLabels));
    let cells = Cells::new(&trials, Units::LabelsThenSessions);
    assert_eq!((cells.count, cells.groups.len()), (72, 6));
}

#[test]
fn a_method_does_not_differ_from_itself_and_a_better_one_does() {
    let a = trials(6, 8, 3, 0.5, 6);
    assert_eq!(paired_difference(&a, &a, RESAMPLING), Ok(Estimate { value: 0.0, interval: Some([0.0, 0.0]) }));
    let better: Vec<Trial> =
        a.iter().map(|trial| Trial { score: trial.score + 0.7 * f64::from(trial.is_genuine()), ..*trial }).collect();
    let found = paired_difference(&a, &better, RESAMPLING).unwrap();
    assert!(found.value > 0.0 && found.interval.unwrap()[0] > 0.0, "{found:?}");
    let reverse = paired_difference(&better, &a, RESAMPLING).unwrap();
    assert_eq!(reverse.value, -found.value);
    // Pairing cancels what the methods share, so the difference has a narrower interval than either figure.
    assert!(width(found.interval) < width(intervals(&a, RESAMPLING).unwrap().eer));
}

#[test]
fn trials_of_other_comparisons_are_not_paired() {
    let a = trials(2, 2, 2, 0.0, 7);
    let mut other = a.clone();
    other[3].probe_session = 9;
    assert_eq!(paired_difference(&a, &other, RESAMPLING), Err(ScoreError::Unpaired { index: 3 }));
    assert_eq!(paired_difference(&a, &a[..5], RESAMPLING), Err(ScoreError::Unpaired { index: 5 }));
}

#[test]
fn a_score_that_is_not_finite_is_an_error() {
    let mut trials = trials(2, 2, 1, 0.0, 8);
    trials[1].score = f64::NAN;
    let not_finite = ScoreError::NotFinite { list: "impostor", index: 0 };
    assert_eq!(intervals(&trials, RESAMPLING), Err(not_finite));
    assert!(matches!(paired_difference(&trials, &trials, RESAMPLING), Err(ScoreError::NotFinite { .. })));
}

#[test]
fn percentiles_are_numpys() {
    // numpy.percentile([1, 2, 3, 4, 10], [2.5, 97.5])
    let [low, high] = percentiles(vec![10.0, 2.0, 1.0, 4.0, 3.0]).unwrap();
    assert!((low - 1.1).abs() < 1e-12 && (high - 9.4).abs() < 1e-12);
    assert_eq!(percentiles(vec![3.0]), Some([3.0, 3.0]));
    assert_eq!(percentiles(vec![]), None);
}
