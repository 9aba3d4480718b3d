//! What attackers send: series of probes, of which one must be accepted.

use std::error::Error;

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::case::{Case, PROBES};
use crate::forger::Forger;

/// A way to be accepted.
pub struct Attack {
    /// What it is, in words.
    pub name: &'static str,
    /// The probes of each series; an attacker wins a series when one of its probes is accepted.
    pub series: fn(&Case<'_>) -> Result<Series, Box<dyn Error>>,
}

/// Series of probes; a probe is frames x regions, row-major.
pub type Series = Vec<Vec<Vec<f32>>>;

/// Every attack, beside the person's own probes.
pub const ATTACKS: [Attack; 15] = [
    Attack { name: "the person's own probe, of a later session", series: |case| Ok(one_by_one(case.own.clone())) },
    Attack {
        name: "the person's own probe, with noise of half a deviation",
        series: |case| Ok(one_by_one(case.own.iter().map(|probe| noisy(case, probe)).collect())),
    },
    Attack { name: "a stranger's probe", series: |case| Ok(best_of(case, 1)) },
    Attack { name: "the best of a stranger's 5 probes", series: |case| Ok(best_of(case, 5)) },
    Attack { name: "the best of a stranger's 20 probes", series: |case| Ok(best_of(case, 20)) },
    Attack { name: "the best of a stranger's 50 probes", series: |case| Ok(best_of(case, PROBES)) },
    Attack {
        name: "a stranger's probe, with noise of half a deviation",
        series: |case| Ok(one_by_one(case.strangers.concat().iter().map(|probe| noisy(case, probe)).collect())),
    },
    Attack { name: "the mean of two strangers' probes", series: |case| Ok(one_by_one(merged(case, 2, mean))) },
    Attack { name: "the mean of three strangers' probes", series: |case| Ok(one_by_one(merged(case, 3, mean))) },
    Attack { name: "frames of two strangers joined", series: |case| Ok(one_by_one(merged(case, 2, splice))) },
    Attack { name: "frames of three strangers joined", series: |case| Ok(one_by_one(merged(case, 3, splice))) },
    Attack {
        name: "made from one stranger's scans, to have their embedding",
        series: |case| case.strangers_embeddings()?.iter().map(|wished| forged(case, wished)).collect(),
    },
    Attack {
        name: "made from all strangers' scans, to have their mean embedding",
        series: |case| Ok(vec![forged(case, &mean_of(&case.strangers_embeddings()?))?]),
    },
    Attack { name: "made from the stolen prototype", series: |case| Ok(vec![forged(case, &case.record.prototype)?]) },
    Attack {
        name: "random frames with the covariance of the stolen prototype",
        series: |case| {
            let forger = Forger::new(case, &case.record.prototype)?;
            let mut random = ChaCha8Rng::seed_from_u64(case.seed);
            Ok((0..20).map(|_| vec![forger.random_frames(&mut random)]).collect())
        },
    },
];

fn one_by_one(probes: Vec<Vec<f32>>) -> Vec<Vec<Vec<f32>>> {
    probes.into_iter().map(|probe| vec![probe]).collect()
}

fn best_of(case: &Case<'_>, count: usize) -> Vec<Vec<Vec<f32>>> {
    let series = case.strangers.iter().flat_map(|probes| probes.chunks_exact(count));
    series.map(<[Vec<f32>]>::to_vec).collect()
}

/// The probes of `count` strangers merged, the first of each with the first of the next, and so on.
fn merged(case: &Case<'_>, count: usize, merge: fn(&[&[f32]], usize) -> Vec<f32>) -> Vec<Vec<f32>> {
    let strangers = case.strangers.len();
    if strangers < count {
        return Vec::new();
    }
    let groups = (0..strangers).map(|first| (0..count).map(move |next| (first + next) % strangers));
    // All strangers together are one group, not one for each who is first.
    let groups = groups.take(if count == strangers { 1 } else { strangers });
    groups
        .flat_map(|group| {
            let group: Vec<usize> = group.collect();
            (0..PROBES).filter_map(move |probe| {
                let parts = group.iter().map(|stranger| case.strangers[*stranger].get(probe).map(Vec::as_slice));
                Some(merge(&parts.collect::<Option<Vec<_>>>()?, case.data.features))
            })
        })
        .collect()
}

/// One forged probe.
fn forged(case: &Case<'_>, wished: &[f32]) -> Result<Vec<Vec<f32>>, Box<dyn Error>> {
    Ok(vec![Forger::new(case, wished)?.main_axes(&mut ChaCha8Rng::seed_from_u64(case.seed))])
}

fn mean_of(embeddings: &[Vec<f32>]) -> Vec<f32> {
    let at = |index: usize| embeddings.iter().map(|embedding| embedding[index]).sum();
    (0..embeddings[0].len()).map(at).collect()
}

fn mean(probes: &[&[f32]], _: usize) -> Vec<f32> {
    let at = |index: usize| probes.iter().map(|probe| probe[index]).sum::<f32>() / probes.len() as f32;
    (0..probes[0].len()).map(at).collect()
}

/// As many frames of one as of the other, those of each less their mean, so that levels do not jump.
fn splice(probes: &[&[f32]], features: usize) -> Vec<f32> {
    let frames = probes[0].len() / features;
    let bound = |part: usize| part * frames / probes.len() * features;
    let mut spliced = Vec::with_capacity(probes[0].len());
    for (part, probe) in probes.iter().enumerate() {
        let piece = &probe[bound(part)..bound(part + 1)];
        let count = (piece.len() / features) as f32;
        let mean: Vec<f32> =
            (0..features).map(|feature| piece.iter().skip(feature).step_by(features).sum::<f32>() / count).collect();
        spliced.extend(piece.chunks_exact(features).flat_map(|frame| frame.iter().zip(&mean)).map(|(x, m)| x - m));
    }
    spliced
}

/// A probe with Gaussian noise of half the deviation that each region has in it.
fn noisy(case: &Case<'_>, probe: &[f32]) -> Vec<f32> {
    let features = case.data.features;
    let count = (probe.len() / features) as f32;
    let deviation = |feature: usize| {
        let values = || probe.iter().skip(feature).step_by(features);
        let mean = values().sum::<f32>() / count;
        (values().map(|value| (value - mean).powi(2)).sum::<f32>() / count).sqrt()
    };
    let deviations: Vec<f32> = (0..features).map(deviation).collect();
    // Every probe draws from a generator of its own.
    let mut random = ChaCha8Rng::seed_from_u64(case.seed ^ u64::from(probe[0].to_bits()) << 16);
    let mut draw = || -> f32 { StandardNormal.sample(&mut random) };
    probe.iter().enumerate().map(|(at, value)| value + 0.5 * deviations[at % features] * draw()).collect()
}
