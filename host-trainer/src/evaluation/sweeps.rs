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
use super::progress::{Stage, Watch};
use super::protocols::Fold;
use super::scoring::{galleries, trials, trials_of};
use super::trained::{Trained, TrainingTask};
use crate::dataset::Dataset;
use crate::metrics::bootstrap::{Resampling, Units, intervals};
use crate::metrics::eer;
use crate::metrics::trial::{Trial, genuine_and_impostor};
use crate::results::{Estimate, Sweep, SweepLine};

/// Numbers of probe windows per score.
const PROBE_WINDOWS: [usize; 4] = [1, 2, 4, 9];

/// Numbers of enrolled windows per class.
const ENROLLED_WINDOWS: [usize; 5] = [1, 2, 4, 8, 16];

/// Probes degraded at once: few, so that their copies at all levels stay in the cache.
const CHUNK: usize = 8;

/// Trials by method, then by level.
type ByMethodAndLevel = Vec<Vec<Vec<Trial>>>;

/// Appends a probe frame (its fold, its place among the frames of the fold's probes) at every level of a condition.
type Degrade<'w> = dyn Fn(usize, usize, &[f32], &mut Vec<f32>) + Sync + 'w;

/// The sweeps that need no further training, of windows of `window` frames: noise, artefacts, frames per probe, enrolled
/// frames.
pub(super) fn sweeps(
    dataset: &Dataset,
    folds: &[Prepared<'_>],
    plan: &Plan,
    window: usize,
    watch: &Watch<'_>,
) -> Result<Vec<Sweep>, EvaluationError> {
    let seed = plan.seed;
    let whole = plan.methods.iter().map(|method| galleries(dataset, folds, *method, usize::MAX));
    let whole: Vec<Vec<Box<dyn Gallery>>> = whole.collect();
    let deviations = folds.iter().map(|fold| noise_deviations(fold.probe_frames.values()));
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
        let chunks = chunks(folds);
        let stage = Stage::begin(watch, name, (chunks.len() + levels.len() * plan.methods.len()) as u64);
        let trials = degraded_trials(dataset, folds, &whole, plan, levels.len(), (degrade, &chunks, &stage))?;
        list.push(sweep(name, axis, &levels, &plan.methods, resampling(plan), &|method, level| {
            stage.advance()?;
            Ok(Cow::Borrowed(&trials[method][level]))
        })?);
        stage.end();
    }
    let lengths = folds.iter().flat_map(|fold| groups(dataset, &fold.fold.probes, usize::MAX)).map(|run| run.len());
    let longest = lengths.max().unwrap_or(1);
    let in_frames = |numbers: &[usize], most: usize| -> Vec<f64> {
        numbers.iter().filter(|&&n| n <= most).map(|&n| (n * window) as f64).collect()
    };
    let frames = in_frames(&PROBE_WINDOWS, longest);
    let largest = folds.iter().map(|fold| fold.fold.enrolment.len()).max().unwrap_or(1);
    let enrolled = in_frames(&ENROLLED_WINDOWS, largest);
    let name = "probe and enrolment sizes";
    let stage = Stage::begin(watch, name, ((frames.len() + enrolled.len()) * plan.methods.len()) as u64);
    let at = |method: usize, level: usize| {
        stage.advance()?;
        Ok(Cow::Owned(trials(dataset, folds, &whole[method], plan.methods[method], PROBE_WINDOWS[level])))
    };
    // A scan of one window has no curve.
    if frames.len() > 1 {
        list.push(sweep("probe-windows", "frames a probe", &frames, &plan.methods, resampling(plan), &at)?);
    }
    let at = |method: usize, level: usize| {
        stage.advance()?;
        let method = plan.methods[method];
        let few = galleries(dataset, folds, method, ENROLLED_WINDOWS[level]);
        Ok(Cow::Owned(trials(dataset, folds, &few, method, 1)))
    };
    list.push(sweep("enrolment-scans", "enrolled frames a label", &enrolled, &plan.methods, resampling(plan), &at)?);
    stage.end();
    Ok(list)
}

/// Probes degraded together: their fold and places among its probes.
type Chunk = (usize, Range<usize>);

/// All probes, a few at a time.
fn chunks(folds: &[Prepared<'_>]) -> Vec<Chunk> {
    let of_fold = |fold: usize| {
        let probes = folds[fold].fold.probes.len();
        (0..probes).step_by(CHUNK).map(move |first| (fold, first..probes.min(first + CHUNK)))
    };
    (0..folds.len()).flat_map(of_fold).collect()
}

/// Trials of probes at every one of `levels` levels of a condition.
fn degraded_trials(
    dataset: &Dataset,
    folds: &[Prepared<'_>],
    galleries: &[Vec<Box<dyn Gallery>>],
    plan: &Plan,
    levels: usize,
    (degrade, chunks, stage): (&Degrade<'_>, &[Chunk], &Stage<'_>),
) -> Result<ByMethodAndLevel, EvaluationError> {
    let parts = chunks.par_iter().map(|(fold, rows)| {
        let prepared = &folds[*fold];
        let probes = &prepared.fold.probes;
        let mut worse = Vec::new();
        for row in rows.clone() {
            degrade_window(prepared, (*fold, row), levels, &mut worse, degrade);
        }
        let encoded = prepared.encode(worse, rows.len() * levels)?;
        stage.advance()?;
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

/// Appends window number `row` of the probes of fold number `fold` to `worse` at every level.
fn degrade_window(
    prepared: &Prepared<'_>,
    (fold, row): (usize, usize),
    levels: usize,
    worse: &mut Vec<f32>,
    degrade: &Degrade<'_>,
) {
    let (frames, width) = (&prepared.probe_frames, prepared.probe_frames.width());
    let places = row * prepared.length..(row + 1) * prepared.length;
    if prepared.length == 1 {
        return degrade(fold, row, frames.row(row), worse);
    }
    // A frame comes at all levels, and a window is needed level by level.
    let mut of_frame = Vec::with_capacity(levels * width);
    let degraded: Vec<Vec<f32>> = places
        .map(|at| {
            of_frame.clear();
            degrade(fold, at, frames.row(at), &mut of_frame);
            of_frame.clone()
        })
        .collect();
    for level in 0..levels {
        degraded.iter().for_each(|frame| worse.extend_from_slice(&frame[level * width..][..width]));
    }
}

/// Encoders trained on the first 1, 2, ... training sessions.
pub(super) fn training_sessions(
    dataset: &Dataset,
    fold: &Fold,
    plan: &Plan,
    watch: &Watch<'_>,
) -> Result<Sweep, EvaluationError> {
    let mut sessions: Vec<u32> = fold.training.iter().map(|&row| dataset.rows[row].session).collect();
    sessions.sort_unstable();
    sessions.dedup();
    let recipe = &plan.recipe;
    let stage = Stage::begin(watch, "training sessions", sessions.len() as u64 * recipe.steps().max(1));
    let mut trained = Vec::new();
    for count in 1..=sessions.len() {
        let mut part = fold.clone();
        part.training.retain(|&row| sessions[..count].contains(&dataset.rows[row].session));
        let task = TrainingTask { dataset, fold: &part, recipe, seed: plan.seed, engine: plan.engine, stage: &stage };
        let encoder = Trained::new(task.train(&part.training, recipe)?, recipe.windows());
        trained.push((Items::cut(dataset, std::slice::from_ref(&part), 1), encoder));
    }
    stage.end();
    let prepared = trained.iter().map(|(items, encoder)| {
        let preparation = Preparation { dataset, items, window: 1, swept: false, open_set: false, seed: plan.seed };
        Ok([preparation.prepare(0, encoder, &plan.methods)?])
    });
    let prepared = prepared.collect::<Result<Vec<_>, EvaluationError>>()?;
    let levels: Vec<f64> = (1..=sessions.len()).map(|count| count as f64).collect();
    let at = |method: usize, level: usize| {
        let (folds, method) = (&prepared[level], plan.methods[method]);
        Ok(Cow::Owned(trials(dataset, folds, &galleries(dataset, folds, method, usize::MAX), method, 1)))
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
    trials_at: &(dyn Fn(usize, usize) -> Result<Cow<'t, [Trial]>, EvaluationError> + Sync),
) -> Result<Sweep, EvaluationError> {
    let estimates = (0..levels.len() * methods.len()).into_par_iter().map(|job| {
        let trials = trials_at(job / levels.len(), job % levels.len())?;
        let (genuine, impostor) = genuine_and_impostor(&trials);
        let interval = intervals(&trials, resampling)?.eer;
        Ok(Estimate { value: eer(&genuine, &impostor)?.percent, interval })
    });
    let estimates = estimates.collect::<Result<Vec<_>, EvaluationError>>()?;
    let lines = methods.iter().zip(estimates.chunks(levels.len()));
    Ok(Sweep {
        name: name.to_owned(),
        axis: axis.to_owned(),
        levels: levels.to_vec(),
        lines: lines.map(|(method, eer)| SweepLine { method: method.name().to_owned(), eer: eer.to_vec() }).collect(),
    })
}
