//! EER, d' and ROC area of weighted trials, without sorting them again for each weighting.

use super::trial::Trial;

/// Trials in the order of their scores; all trials of a cell have the same weight.
pub(super) struct RankedTrials {
    /// In descending order of scores.
    ranked: Vec<Ranked>,
    /// Impostor and genuine moments of each cell, about the overall centres.
    moments: Vec<[Moments; 2]>,
    /// The centre of all genuine scores minus that of all impostor scores.
    distance: f64,
}

/// The three figures, as [`super::eer`] (in percent), [`super::d_prime`] and [`super::roc_auc`] define them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figures {
    pub(super) eer: f64,
    pub(super) d_prime: f64,
    pub(super) roc_auc: f64,
}

#[derive(Clone, Copy)]
struct Ranked {
    cell: u32,
    is_genuine: bool,
    /// Whether the next score is lower.
    ends_tie: bool,
}

/// Count, sum and sum of squares of distances from a centre near the mean, so that the squares do not cancel.
#[derive(Clone, Copy, Default)]
struct Moments {
    count: u64,
    sum: f64,
    squares: f64,
}

impl RankedTrials {
    /// Ranks `trials`, whose scores must be finite; trial `i` belongs to `cells[i]`, which is below `cell_count`.
    pub(super) fn new(trials: &[Trial], cells: &[u32], cell_count: usize) -> Self {
        let mut order: Vec<(&Trial, u32)> = trials.iter().zip(cells.iter().copied()).collect();
        order.sort_by(|a, b| b.0.score.total_cmp(&a.0.score));
        let ranked = order.iter().enumerate().map(|(place, &(trial, cell))| {
            let ends_tie = order.get(place + 1).is_none_or(|(next, _)| next.score != trial.score);
            Ranked { cell, is_genuine: trial.is_genuine(), ends_tie }
        });

        let centres = [false, true].map(|is_genuine| {
            let scores = trials.iter().filter(|trial| trial.is_genuine() == is_genuine).map(|trial| trial.score);
            let (count, sum) = scores.fold((0.0, 0.0), |(count, sum), score| (count + 1.0, sum + score));
            if count > 0.0 { sum / count } else { 0.0 }
        });
        let mut moments = vec![[Moments::default(); 2]; cell_count];
        for (trial, &cell) in trials.iter().zip(cells) {
            let kind = usize::from(trial.is_genuine());
            moments[cell as usize][kind].add(trial.score - centres[kind]);
        }
        Self { ranked: ranked.collect(), moments, distance: centres[1] - centres[0] }
    }

    /// The figures of the list in which each trial is repeated as often as the weight of its cell says.
    ///
    /// `None` if that list has no genuine or no impostor score.
    pub(super) fn figures(&self, weights: &[u32]) -> Option<Figures> {
        let [impostor, genuine] = self.weighted_moments(weights);
        if impostor.count == 0 || genuine.count == 0 {
            return None;
        }
        let distance = self.distance + genuine.mean() - impostor.mean();
        let d_prime = distance.abs() / ((genuine.variance() + impostor.variance()) / 2.0 + 1e-9).sqrt();
        let (eer, roc_auc) = self.walk(weights, genuine.count, impostor.count);
        Some(Figures { eer, d_prime, roc_auc })
    }

    /// The false non-match rate at the lowest threshold whose false match rate is `fmr` or less, as
    /// [`super::roc::fnmr_at_fmr`] finds it, in the list in which trials are repeated by the weights of their cells.
    ///
    /// `None` if that list has no genuine or no impostor score.
    pub(super) fn fnmr_at_fmr(&self, weights: &[u32], fmr: f64) -> Option<f64> {
        let [impostor, genuine] = self.weighted_moments(weights).map(|moments| moments.count);
        if impostor == 0 || genuine == 0 {
            return None;
        }
        let (mut matches, mut false_matches, mut accepted) = (0_u64, 0_u64, 0);
        for trial in &self.ranked {
            let weight = u64::from(weights[trial.cell as usize]);
            if trial.is_genuine {
                matches += weight
            } else {
                false_matches += weight
            }
            if false_matches as f64 > fmr * impostor as f64 {
                break;
            }
            if trial.ends_tie {
                accepted = matches;
            }
        }
        Some((genuine - accepted) as f64 / genuine as f64)
    }

    fn weighted_moments(&self, weights: &[u32]) -> [Moments; 2] {
        let mut total = [Moments::default(); 2];
        for (cell, &weight) in self.moments.iter().zip(weights) {
            for (total, part) in total.iter_mut().zip(cell) {
                total.count += u64::from(weight) * part.count;
                total.sum += f64::from(weight) * part.sum;
                total.squares += f64::from(weight) * part.squares;
            }
        }
        total
    }

    /// EER in percent and ROC area, counted in integers down the ranks.
    fn walk(&self, weights: &[u32], genuine: u64, impostor: u64) -> (f64, f64) {
        let (mut matches, mut false_matches) = (0_u64, 0_u64);
        let (mut matches_above, mut false_matches_above) = (0, 0);
        // In units of half a pair of a genuine and an impostor score.
        let mut area = 0;
        let mut eer = None;
        for trial in &self.ranked {
            let weight = u64::from(weights[trial.cell as usize]);
            if trial.is_genuine {
                matches += weight
            } else {
                false_matches += weight
            }
            if !trial.ends_tie {
                continue;
            }
            area += (false_matches - false_matches_above) * (matches_above + matches);
            let accepted = matches * impostor + false_matches * genuine;
            if eer.is_none() && accepted >= genuine * impostor {
                let above = [matches_above, false_matches_above];
                eer = Some(equal_error(above, [matches, false_matches], [genuine, impostor]));
            }
            (matches_above, false_matches_above) = (matches, false_matches);
        }
        (eer.unwrap_or(50.0), area as f64 / (2 * genuine * impostor) as f64)
    }
}

/// The EER in percent, where the rates cross between two neighbouring thresholds.
///
/// `above` and `below` are the genuine and impostor scores that the two accept: above it less than half of all, with both
/// kinds counting the same, and below it half or more.
pub(super) fn equal_error(above: [u64; 2], below: [u64; 2], [genuine, impostor]: [u64; 2]) -> f64 {
    let accepted = |[matches, false_matches]: [u64; 2]| matches * impostor + false_matches * genuine;
    let share = (genuine * impostor - accepted(above)) as f64 / (accepted(below) - accepted(above)) as f64;
    100.0 * (above[1] as f64 + share * (below[1] - above[1]) as f64) / impostor as f64
}

impl Moments {
    fn add(&mut self, distance: f64) {
        self.count += 1;
        self.sum += distance;
        self.squares += distance * distance;
    }

    fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }

    fn variance(&self) -> f64 {
        (self.squares / self.count as f64 - self.mean().powi(2)).max(0.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::super::roc::roc_points;
    use super::super::{d_prime, eer, roc_auc};
    use super::*;

    proptest! {
        #[test]
        fn a_weight_counts_as_that_many_copies(
            // Coarse scores have ties, fine ones do not.
            steps in prop::sample::select(vec![3_u32, 20, 1 << 30]),
            drawn in prop::collection::vec((any::<u32>(), any::<bool>(), 0_u32..6), 1..80),
            weights in prop::collection::vec(0_u32..4, 6),
        ) {
            let trials: Vec<Trial> = drawn.iter().map(|&(score, is_genuine, cell)| Trial {
                probe_label: 0,
                probe_session: cell,
                enrolled_label: u32::from(!is_genuine),
                score: f64::from(score % steps) / f64::from(steps),
            }).collect();
            let cells: Vec<u32> = trials.iter().map(|trial| trial.probe_session).collect();
            let copies = |kept: bool| -> Vec<f64> {
                let of_kind = trials.iter().filter(|trial| trial.is_genuine() == kept);
                of_kind.flat_map(|t| vec![t.score; weights[t.probe_session as usize] as usize]).collect()
            };
            let (genuine, impostor) = (copies(true), copies(false));
            match RankedTrials::new(&trials, &cells, 6).figures(&weights) {
                None => prop_assert!(genuine.is_empty() || impostor.is_empty()),
                Some(found) => {
                    prop_assert!((found.eer - eer(&genuine, &impostor).unwrap().percent).abs() < 1e-9);
                    prop_assert!((found.roc_auc - roc_auc(&genuine, &impostor).unwrap()).abs() < 1e-12);
                    let expected = d_prime(&genuine, &impostor).unwrap();
                    prop_assert!((found.d_prime - expected).abs() < 1e-6 * (1.0 + expected), "{} {expected}", found.d_prime);
                    for fmr in [0.02, 0.3] {
                        let expected = roc_points(&genuine, &impostor).unwrap().into_iter().rfind(|p| p.fmr <= fmr).unwrap();
                        let found = RankedTrials::new(&trials, &cells, 6).fnmr_at_fmr(&weights, fmr).unwrap();
                        prop_assert!((found - expected.fnmr).abs() < 1e-12, "{found} {}", expected.fnmr);
                    }
                }
            }
        }
    }
}
