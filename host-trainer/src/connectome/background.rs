//! What persons outside the background score against each other, estimated from the background.
//!
//! The background's own scores are no estimate: the model's mean is theirs, so that their features scatter around zero and
//! two of them score below zero. For each pair the mean is therefore that of the other persons. That mean is of fewer
//! persons than the model's, and what it errs by is common to probe and prototype and raises their score: the excess of
//! this variance over that of the model's mean is taken off again. The whitening stays the one of all persons.

use faer::Mat;
use neural_vault_core::encoder::IMPOSTOR_LENGTHS;
use rayon::prelude::*;

use super::fit::{FitError, Person, mean_of};
use super::impostor::ImpostorTable;
use super::tangent::features;

/// The probe lengths that are measured, in frames.
const LENGTHS: [u32; IMPOSTOR_LENGTHS] = [5, 10, 15, 25, 50, 100, 200, 400];
/// Most probes of a person at a length, and the frames that they hold together at most where there are two or more.
const MOST_PROBES: usize = 8;
const PROBE_FRAMES: usize = 400;
/// Most persons that a person's probes are scored against.
const MOST_OTHERS: usize = 16;

/// The table for a whitening and the mean features of each person's runs.
pub(super) fn impostor_scores(
    background: &[Person<'_>],
    whitening: &Mat<f64>,
    means: &[Vec<f64>],
) -> Result<ImpostorTable, FitError> {
    let prototypes: Vec<Vec<f64>> = background
        .par_iter()
        .map(|person| features(&joined(person, whitening.nrows()), whitening))
        .collect::<Result<_, _>>()?;
    let others = Others::new(means, &prototypes);
    let mut pairs = Vec::new();
    for length in LENGTHS {
        let scores = |(person, probes): (usize, &Person<'_>)| {
            let probes = probes_of(probes, whitening.nrows(), length as usize).into_iter();
            let probes = probes.map(|frames| features(frames, whitening)).collect::<Result<Vec<_>, _>>()?;
            Ok(others.mean_score(person, &probes))
        };
        let scores = background.par_iter().enumerate().map(scores).collect::<Result<Vec<Option<f64>>, FitError>>()?;
        let scores: Vec<f64> = scores.into_iter().flatten().collect();
        // Persons with shorter scans are left out of the longer lengths.
        if scores.len() > background.len() / 2 {
            pairs.push((length, (scores.iter().sum::<f64>() / scores.len() as f64) as f32));
        }
    }
    Ok(ImpostorTable::new(pairs))
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

/// The persons that a probe is compared with.
struct Others<'a> {
    means: &'a [Vec<f64>],
    prototypes: &'a [Vec<f64>],
    /// The mean of all persons' means.
    mean: Vec<f64>,
    /// What the squared error of a mean of all but two persons has more than that of the mean of all.
    excess: f64,
}

impl<'a> Others<'a> {
    fn new(means: &'a [Vec<f64>], prototypes: &'a [Vec<f64>]) -> Self {
        let persons = means.len() as f64;
        let mean = mean_of(means);
        let squares: f64 =
            means.iter().map(|one| one.iter().zip(&mean).map(|(x, m)| (x - m).powi(2)).sum::<f64>()).sum();
        let variance = squares / (persons - 1.0);
        Self { means, prototypes, mean, excess: variance * (1.0 / (persons - 2.0) - 1.0 / persons) }
    }

    /// The mean score of a person's probes against the others' prototypes; `None` without probes.
    fn mean_score(&self, person: usize, probes: &[Vec<f64>]) -> Option<f64> {
        let persons = self.means.len();
        let others = (1..persons.min(MOST_OTHERS + 1)).map(|ahead| (person + ahead) % persons);
        let scores: Vec<f64> = others.flat_map(|other| self.scores(person, other, probes)).collect();
        (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64)
    }

    /// The probes' scores against one other person.
    fn scores(&self, person: usize, other: usize, probes: &[Vec<f64>]) -> Vec<f64> {
        let persons = self.means.len() as f64;
        let means = self.mean.iter().zip(&self.means[person]).zip(&self.means[other]);
        let mean: Vec<f64> = means.map(|((all, a), b)| (persons * all - a - b) / (persons - 2.0)).collect();
        let prototype: Vec<f64> = self.prototypes[other].iter().zip(&mean).map(|(value, mean)| value - mean).collect();
        let norm = |squares: f64| (squares - self.excess).max(f64::MIN_POSITIVE).sqrt();
        let prototype_norm = norm(prototype.iter().map(|value| value * value).sum());
        let score = |probe: &Vec<f64>| {
            let (mut product, mut squares) = (0.0, 0.0);
            for ((value, mean), component) in probe.iter().zip(&mean).zip(&prototype) {
                product += (value - mean) * component;
                squares += (value - mean).powi(2);
            }
            ((product - self.excess) / (norm(squares) * prototype_norm)).clamp(-1.0, 1.0)
        };
        probes.iter().map(score).collect()
    }
}
