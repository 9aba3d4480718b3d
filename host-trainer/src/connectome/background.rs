//! What persons outside the background score against each other, estimated from the background.
//!
//! The background's own scores are no estimate: the model was fitted to them, so that two of them score below zero. The two
//! persons of a pair are therefore scored by what the others alone give: their whitening, and their mean. The others are two
//! fewer than the background, which raises scores; where it is small, by much. So the scores of fewer than eight persons are
//! multiplied by the root of their eighth part. That is an empirical correction: with it, estimates from three to seven persons
//! of two sets at rest were 0.8 to 1.8 times what persons of either set scored at 25 and 50 frames.

use faer::Mat;
use neural_vault_core::encoder::IMPOSTOR_LENGTHS;
use rayon::prelude::*;

use super::fit_error::FitError;
use super::impostor::ImpostorTable;
use super::person::Person;
use super::tangent::{features, mean_features, mean_of};
use super::whitening::whitening_of;

/// The probe lengths that are measured, in frames.
const LENGTHS: [u32; IMPOSTOR_LENGTHS] = [5, 10, 15, 25, 50, 100, 200, 400];
/// Most probes of a person at a length, and the frames that they hold together at most where there are two or more.
const MOST_PROBES: usize = 8;
const PROBE_FRAMES: usize = 400;
/// Persons whose pairs need no correction.
const MANY_PERSONS: f64 = 8.0;
/// Most pairs of persons: each takes a fit of its own.
const MOST_PAIRS: usize = 4;

/// The table of a background with these correlations, one matrix a person.
pub(super) fn impostor_scores(background: &[Person<'_>], correlations: &[Mat<f64>]) -> Result<ImpostorTable, FitError> {
    let pairs = pairs(background.len());
    let scores = |&(one, other): &(usize, usize)| pair_scores(background, correlations, one, other);
    let scores = pairs.par_iter().map(scores).collect::<Result<Vec<_>, _>>()?.concat();
    let correction = (background.len() as f64 / MANY_PERSONS).sqrt().min(1.0);
    let mean = |at: usize| {
        let found: Vec<f64> = scores.iter().filter_map(|of_length| of_length[at]).collect();
        // Persons with shorter scans are left out of the longer lengths.
        (found.len() > pairs.len()).then(|| (LENGTHS[at], (correction * mean(&found)) as f32))
    };
    Ok(ImpostorTable::new((0..LENGTHS.len()).map_while(mean)))
}

/// Pairs of persons, each person in one of them; of three persons, all pairs.
fn pairs(persons: usize) -> Vec<(usize, usize)> {
    match persons / 2 {
        0 | 1 => (0..persons).map(|person| (person, (person + 1) % persons)).collect(),
        half => (0..half.min(MOST_PAIRS)).map(|person| (person, person + half)).collect(),
    }
}

/// The mean score of each of two persons' probes against the other's prototype, at every length that there are probes of.
fn pair_scores(
    background: &[Person<'_>],
    correlations: &[Mat<f64>],
    one: usize,
    other: usize,
) -> Result<Vec<[Option<f64>; IMPOSTOR_LENGTHS]>, FitError> {
    let others = || (0..background.len()).filter(|person| *person != one && *person != other);
    let whitening = whitening_of(&others().map(|person| &correlations[person]).collect::<Vec<_>>())?;
    let means = others().map(|person| mean_features(&background[person], &whitening));
    let model_mean = mean_of(&means.collect::<Result<Vec<_>, _>>()?);
    let embed = |frames: &[f32]| -> Result<Vec<f64>, FitError> {
        let mut features = features(frames, &whitening)?;
        features.iter_mut().zip(&model_mean).for_each(|(value, mean)| *value -= mean);
        let length = features.iter().map(|value| value * value).sum::<f64>().sqrt();
        features.iter_mut().for_each(|value| *value /= length);
        Ok(features)
    };
    let regions = whitening.nrows();
    let direction = |(probed, enrolled): (usize, usize)| {
        let prototype = embed(&joined(&background[enrolled], regions))?;
        let mut scores = [None; IMPOSTOR_LENGTHS];
        for (score, length) in scores.iter_mut().zip(LENGTHS) {
            let probes = probes_of(&background[probed], regions, length as usize).into_iter().map(&embed);
            let probes = probes.collect::<Result<Vec<_>, _>>()?;
            let products = probes.iter().map(|probe| probe.iter().zip(&prototype).map(|(x, y)| x * y).sum());
            let products: Vec<f64> = products.collect();
            *score = (!products.is_empty()).then(|| mean(&products));
        }
        Ok(scores)
    };
    [(one, other), (other, one)].map(direction).into_iter().collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// All frames of a person, each run's mean removed, as an enrolment has them.
fn joined(person: &Person<'_>, regions: usize) -> Vec<f32> {
    let mut joined = Vec::new();
    for run in &person.runs {
        let mut mean = vec![0.0f64; regions];
        let count = (run.frames.len() / regions) as f64;
        for frame in run.frames.chunks_exact(regions) {
            mean.iter_mut().zip(frame).for_each(|(mean, value)| *mean += f64::from(*value) / count);
        }
        let centred = |(value, mean): (&f32, &f64)| (f64::from(*value) - mean) as f32;
        joined.extend(run.frames.chunks_exact(regions).flat_map(|frame| frame.iter().zip(&mean).map(centred)));
    }
    joined
}

/// Segments of a person's runs, evenly spread over them.
fn probes_of<'a>(person: &Person<'a>, regions: usize, length: usize) -> Vec<&'a [f32]> {
    let segments: Vec<&[f32]> = person.runs.iter().flat_map(|run| run.frames.chunks_exact(length * regions)).collect();
    let wanted = (PROBE_FRAMES / length).clamp(2, MOST_PROBES).min(segments.len());
    (0..wanted).map(|k| segments[k * segments.len() / wanted]).collect()
}
