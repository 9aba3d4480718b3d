//! Sweeps: the equal error rate along one condition, for every method.

use std::borrow::Cow;
use std::ops::Range;

use rayon::prelude::*;

use super::conditions::{ARTIFACT_LEVELS, SNR_LEVELS, add_artefacts, add_noise, noise_deviations};
use super::error::EvaluationError;
use super::fold::{Preparation, Prepared};
use super::items::{Items, groups};
use super::methods::{Gallery, Method};
use super::plan::Plan;
use super::protocols::Fold;
use super::scoring::{galleries, trials, trials_of};
use super::trained::{Trained, TrainingTask};
use crate::dataset::Dataset;
use crate::metrics::bootstrap::{Resampling, Units, intervals};
use crate::metrics::trial::{Trial, genuine_and_impostor};
use crate::metrics::{ScoreError, eer};
use crate::results::{Estimate, Sweep, SweepLine};

/// Numbers of probe frames per score.
const PROBE_FRAMES: [usize; 4] = [1, 2, 4, 9];

/// Numbers of enrolled frames per class.
const ENROLLED_FRAMES: [usize; 5] = [1, 2, 4, 8, 16];

/// Probe frames degraded at once: few, so that their copies at all levels stay in the cache.
const CHUNK: usize = 8;

/// Trials by method, then by level.
type ByMethodAndLevel = Vec<Vec<Vec<Trial>>>;

/// Appends a probe frame (its fold, its place among the fold's probes) at every level of a condition.
type Degrade<'w> = dyn Fn(usize, usize, &[f32], &mut Vec<f32>) + Sync + 'w;

/// The sweeps that need no further training: noise, artefacts, frames per probe, enrolled frames.
pub(super) fn sweeps(
    dataset: &Dataset,
    folds: &[Prepared<'_>],
    plan: &Plan,
    stage: &mut dyn FnMut(&str),
) -> Result<Vec<Sweep>, EvaluationError> {
    let seed = plan.seed;
    let whole = plan.methods.iter().map(|method| galleries(dataset, folds, *method, usize::MAX));
    let whole: Vec<Vec<Box<dyn Gallery>>> = whole.collect();
    let deviations = folds.iter().map(|fold| noise_deviations(fold.probes.windows.frames.values()));
    let deviations: Vec<[f32; 6]> = deviations.collect();
    let noise = |fold: usize, row: usize, frame: &[f32], worse: &mut Vec<f32>| {
        add_noise(frame, &deviations[fold], seed, row, worse);
    };
    let artefacts = |_: usize, row: usize, frame: &[f32], worse: &mut Vec<f32>| {
        add_artefacts(frame, &ARTIFACT_LEVELS, seed, row, worse);
    };
    let mut list = Vec::new();
    for (name, axis, levels, degrade) in [
        ("noise", "signal-to-noise ratio, dB", SNR_LEVELS, &noise as &Degrade<'_>),
        ("artefacts", "share of values replaced", ARTIFACT_LEVELS, &artefacts),
    ] {
        let trials = degraded_trials(dataset, folds, &whole, plan, levels.len(), degrade)?;
        list.push(sweep(name, axis, &levels, &plan.methods, resampling(plan), &|method, level| {
            Cow::Borrowed(&trials[method][level])
        })?);
        stage(name);
    }
    let lengths = folds.iter().flat_map(|fold| groups(dataset, &fold.fold.probes, usize::MAX)).map(|run| run.len());
    let longest = lengths.max().unwrap_or(1);
    let frames: Vec<f64> = PROBE_FRAMES.iter().filter(|&&n| n <= longest).map(|&n| n as f64).collect();
    let at = |method: usize, level: usize| {
        Cow::Owned(trials(dataset, folds, &whole[method], plan.methods[method], PROBE_FRAMES[level]))
    };
    list.push(sweep("probe-windows", "frames a probe", &frames, &plan.methods, resampling(plan), &at)?);
    let largest = folds.iter().map(|fold| fold.fold.enrolment.len()).max().unwrap_or(1);
    let enrolled: Vec<f64> = ENROLLED_FRAMES.iter().filter(|&&n| n <= largest).map(|&n| n as f64).collect();
    let at = |method: usize, level: usize| {
        let method = plan.methods[method];
        let few = galleries(dataset, folds, method, ENROLLED_FRAMES[level]);
        Cow::Owned(trials(dataset, folds, &few, method, 1))
    };
    list.push(sweep("enrolment-scans", "enrolled frames a label", &enrolled, &plan.methods, resampling(plan), &at)?);
    stage("probe and enrolment sizes");
    Ok(list)
}

/// Trials of single probe frames at every one of `levels` levels of a condition.
fn degraded_trials(
    dataset: &Dataset,
    folds: &[Prepared<'_>],
    galleries: &[Vec<Box<dyn Gallery>>],
    plan: &Plan,
    levels: usize,
    degrade: &Degrade<'_>,
) -> Result<ByMethodAndLevel, EvaluationError> {
    let chunks = |fold: usize| {
        let probes = folds[fold].fold.probes.len();
        (0..probes).step_by(CHUNK).map(move |first| (fold, first..probes.min(first + CHUNK)))
    };
    let chunks: Vec<(usize, Range<usize>)> = (0..folds.len()).flat_map(chunks).collect();
    let parts = chunks.par_iter().map(|(fold, rows)| {
        let prepared = &folds[*fold];
        let (probes, frames) = (&prepared.fold.probes, prepared.probes.windows.frames.iter());
        let mut worse = Vec::with_capacity(rows.len() * levels * dataset.features);
        for (row, frame) in rows.clone().zip(frames.skip(rows.start)) {
            degrade(*fold, row, frame, &mut worse);
        }
        let encoded = prepared.encode(worse)?;
        let at_level = |method: usize, level: usize| -> Vec<Trial> {
            let (gallery, codes) = (&galleries[method][*fold], encoded.codes(plan.methods[method]));
            let scores = |at| gallery.scores(codes, &[at * levels + level]);
            rows.clone().enumerate().flat_map(|(at, row)| trials_of(dataset, probes[row], scores(at))).collect()
        };
        let of_method = |method| (0..levels).map(|level| at_level(method, level)).collect();
        Ok((0..plan.methods.len()).map(of_method).collect())
    });
    let parts = parts.collect::<Result<Vec<ByMethodAndLevel>, EvaluationError>>()?;
    let mut all = vec![vec![Vec::new(); levels]; plan.methods.len()];
    for part in parts {
        let part = part.into_iter().flatten();
        all.iter_mut().flatten().zip(part).for_each(|(list, trials)| list.extend(trials));
    }
    Ok(all)
}

/// Encoders trained on the first 1, 2, ... training sessions.
pub(super) fn training_sessions(dataset: &Dataset, fold: &Fold, plan: &Plan) -> Result<Sweep, EvaluationError> {
    let mut sessions: Vec<u32> = fold.training.iter().map(|&row| dataset.rows[row].session).collect();
    sessions.sort_unstable();
    sessions.dedup();
    let recipe = &plan.recipe;
    let mut trained = Vec::new();
    for count in 1..=sessions.len() {
        let mut part = fold.clone();
        part.training.retain(|&row| sessions[..count].contains(&dataset.rows[row].session));
        let task = TrainingTask { dataset, fold: &part, recipe, seed: plan.seed, engine: plan.engine };
        let encoder = Trained::new(task.train(&part.training, recipe)?, recipe.windows());
        trained.push((Items::cut(dataset, std::slice::from_ref(&part), 1), encoder));
    }
    let prepared = trained.iter().map(|(items, encoder)| {
        let preparation = Preparation { dataset, items, open_set: false, seed: plan.seed };
        Ok([preparation.prepare(0, encoder, &plan.methods)?])
    });
    let prepared = prepared.collect::<Result<Vec<_>, EvaluationError>>()?;
    let levels: Vec<f64> = (1..=sessions.len()).map(|count| count as f64).collect();
    let at = |method: usize, level: usize| {
        let (folds, method) = (&prepared[level], plan.methods[method]);
        Cow::Owned(trials(dataset, folds, &galleries(dataset, folds, method, usize::MAX), method, 1))
    };
    sweep("training-sessions", "sessions that train", &levels, &plan.methods, resampling(plan), &at)
}

/// Sweeps have a fifth of the replicates of other figures.
fn resampling(plan: &Plan) -> Resampling {
    Resampling { replicates: plan.replicates / 5, ..plan.resampling(Units::SessionsThenLabels) }
}

/// EER with intervals at every level, for every method; trials come by method and level.
pub(super) fn sweep<'t>(
    name: &str,
    axis: &str,
    levels: &[f64],
    methods: &[&'static dyn Method],
    resampling: Resampling,
    trials_at: &(dyn Fn(usize, usize) -> Cow<'t, [Trial]> + Sync),
) -> Result<Sweep, EvaluationError> {
    let estimates = (0..levels.len() * methods.len()).into_par_iter().map(|job| {
        let trials = trials_at(job / levels.len(), job % levels.len());
        let (genuine, impostor) = genuine_and_impostor(&trials);
        let interval = intervals(&trials, resampling)?.eer;
        Ok(Estimate { value: eer(&genuine, &impostor)?.percent, interval })
    });
    let estimates = estimates.collect::<Result<Vec<_>, ScoreError>>()?;
    let lines = methods.iter().zip(estimates.chunks(levels.len()));
    Ok(Sweep {
        name: name.to_owned(),
        axis: axis.to_owned(),
        levels: levels.to_vec(),
        lines: lines.map(|(method, eer)| SweepLine { method: method.name().to_owned(), eer: eer.to_vec() }).collect(),
    })
}
