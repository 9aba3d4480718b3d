//! Bootstrap intervals of independent scores: each is resampled by itself, genuine and impostor scores apart.
//!
//! For lists of scores that depend on nothing in common. Where scores share sessions, labels or probes these intervals are
//! too narrow, and [`super::bootstrap`] resamples what they share. A replicate draws from each list as many scores as it
//! has, with replacement; intervals are the 2.5 and 97.5 percentiles (Efron 1979). In simulations of 50 to 500 genuine and
//! 200 to 4,500 impostor scores with normal distributions, 91 to 96 % of the intervals contained the true EER.
//!
//! The EER of a replicate depends on few of its draws: how many are above the threshold at which the rates cross, and how
//! many at it. So it is not drawn score by score. The sorted scores are halved, and it is drawn from the binomial
//! distribution how many of the draws are of the upper half; then the half in which the rates cross is halved again, down
//! to one score. The counts so found have the distribution that counting single draws would give them.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Binomial, Distribution};
use rayon::prelude::*;

use super::bootstrap::percentiles;
use super::roc::{Accepted, accepted};
use super::trial::Trial;
use super::weighted::{Figures, RankedTrials, equal_error};
use super::{ScoreError, check_finite, check_not_empty};

/// How scores are drawn.
#[derive(Clone, Copy, Debug)]
pub struct Draws {
    /// Seed of the generators; replicate `r` uses stream `r`.
    pub seed: u64,
    /// Replicates; 1,000 are usual for percentiles.
    pub replicates: usize,
}

/// The interval of the equal error rate in percent; `None` without replicates.
///
/// # Errors
/// [`ScoreError`].
pub fn eer(genuine: &[f64], impostor: &[f64], draws: Draws) -> Result<Option<[f64; 2]>, ScoreError> {
    check_finite(genuine, impostor)?;
    check_not_empty(genuine, impostor)?;
    let accepted = accepted(genuine, impostor);
    let replicate = |number| draw_eer(&accepted, &mut draws.generator(number));
    Ok(percentiles((0..draws.replicates).into_par_iter().map(replicate).collect()))
}

/// The interval of d'; `None` without replicates.
///
/// # Errors
/// [`ScoreError`].
pub fn d_prime(genuine: &[f64], impostor: &[f64], draws: Draws) -> Result<Option<[f64; 2]>, ScoreError> {
    Ok(percentiles(one_by_one(genuine, impostor, draws)?.iter().map(|figures| figures.d_prime).collect()))
}

/// The interval of the area under the ROC; `None` without replicates.
///
/// # Errors
/// [`ScoreError`].
pub fn roc_auc(genuine: &[f64], impostor: &[f64], draws: Draws) -> Result<Option<[f64; 2]>, ScoreError> {
    Ok(percentiles(one_by_one(genuine, impostor, draws)?.iter().map(|figures| figures.roc_auc).collect()))
}

impl Draws {
    fn generator(self, replicate: usize) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(replicate as u64);
        random
    }
}

/// The EER of one replicate, in percent; `thresholds` are all, in descending order.
fn draw_eer(thresholds: &[Accepted], random: &mut impl Rng) -> f64 {
    let count = |at: usize| [thresholds[at].genuine as u64, thresholds[at].impostor as u64];
    let less = |a: [u64; 2], b: [u64; 2]| [a[0] - b[0], a[1] - b[1]];
    // The rates cross between these two thresholds, of which the higher accepts `above` and the lower `below`.
    let (mut high, mut low) = (0, thresholds.len() - 1);
    let all = count(low);
    let (mut above, mut below) = ([0, 0], all);
    while low - high > 1 {
        let middle = high + (low - high) / 2;
        let (drawn, scores, upper) =
            (less(below, above), less(count(low), count(high)), less(count(middle), count(high)));
        let mut reached = above;
        for kind in 0..2 {
            reached[kind] += draw_part(drawn[kind], upper[kind], scores[kind], random);
        }
        // Both kinds count the same, however many scores each has.
        match reached[0] * all[1] + reached[1] * all[0] >= all[0] * all[1] {
            true => (low, below) = (middle, reached),
            false => (high, above) = (middle, reached),
        }
    }
    equal_error(above, below, all)
}

/// How many of `drawn` draws from `scores` scores are of a `part` of these.
fn draw_part(drawn: u64, part: u64, scores: u64, random: &mut impl Rng) -> u64 {
    if drawn == 0 || part == 0 {
        return 0;
    }
    // A share above one is an error of the distribution, which a part of the scores is not.
    Binomial::new(drawn, part as f64 / scores as f64).map_or(drawn, |binomial| binomial.sample(random))
}

/// The figures of replicates whose scores are drawn one by one.
fn one_by_one(genuine: &[f64], impostor: &[f64], draws: Draws) -> Result<Vec<Figures>, ScoreError> {
    check_finite(genuine, impostor)?;
    check_not_empty(genuine, impostor)?;
    let trial = |enrolled_label| move |&score| Trial { probe_label: 0, probe_session: 0, enrolled_label, score };
    let trials: Vec<Trial> = genuine.iter().map(trial(0)).chain(impostor.iter().map(trial(1))).collect();
    let numbers: Vec<u32> = (0..).take(trials.len()).collect();
    let ranked = RankedTrials::new(&trials, &numbers, trials.len());
    let replicate = |weights: &mut Vec<u32>, number| {
        let mut random = draws.generator(number);
        weights.fill(0);
        let (of_genuine, of_impostor) = weights.split_at_mut(genuine.len());
        for weights in [of_genuine, of_impostor] {
            for _ in 0..weights.len() {
                weights[random.random_range(0..weights.len())] += 1;
            }
        }
        ranked.figures(weights)
    };
    let drawn = (0..draws.replicates).into_par_iter().map_init(|| vec![0; trials.len()], replicate);
    // Neither list is ever drawn empty.
    Ok(drawn.flatten_iter().collect())
}

#[cfg(test)]
mod tests;
