//! Sweeps: the equal error rate along one condition, for every method.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::conditions::{ARTIFACT_LEVELS, SNR_LEVELS, add_artefacts, add_noise};
use super::evaluate::{EvaluationError, Plan};
use super::fold::{Prepared, Trained, prepare, runs, train, trials};
use super::methods::{Encoded, Method};
use super::metrics::bootstrap::{Resampling, Trial, genuine_and_impostor, intervals};
use super::metrics::{ScoreError, eer};
use super::protocols::Fold;
use super::results::{Estimate, Sweep, SweepLine};
use crate::dataset::Dataset;

/// Probe frames a score is made of.
const PROBE_FRAMES: [usize; 4] = [1, 2, 4, 9];

/// Enrolled frames a class.
const ENROLLED_FRAMES: [usize; 5] = [1, 2, 4, 8, 16];

/// The sweeps that need no further training: noise, artefacts, frames a probe, enrolled frames.
pub(super) fn sweeps(
    dataset: &Dataset,
    folds: &[Prepared<'_>],
    plan: &Plan,
    stage: &mut dyn FnMut(&str),
) -> Result<Vec<Sweep>, EvaluationError> {
    let seed = plan.training.seed;
    let worsened = |worsen: &(dyn Fn(&mut [f32], usize) + Sync), level: usize| {
        let encode = |fold: &Prepared<'_>| {
            let mut frames = fold.probes.frames().to_vec();
            worsen(&mut frames, level);
            fold.fitted.encode(frames)
        };
        folds.iter().map(encode).collect::<Result<Vec<_>, _>>()
    };
    let features = dataset.features;
    let noise = |frames: &mut [f32], level: usize| add_noise(frames, features, SNR_LEVELS[level], seed ^ level as u64);
    let artefacts =
        |frames: &mut [f32], level: usize| add_artefacts(frames, features, ARTIFACT_LEVELS[level], seed ^ level as u64);
    let mut list = Vec::new();
    for (name, axis, levels, worsen) in [
        ("noise", "signal-to-noise ratio, dB", SNR_LEVELS, &noise as &(dyn Fn(&mut [f32], usize) + Sync)),
        ("artefacts", "share of values replaced", ARTIFACT_LEVELS, &artefacts),
    ] {
        let encoded = in_parallel(levels.len(), plan.threads, |level| worsened(worsen, level));
        let encoded = encoded.into_iter().collect::<Result<Vec<_>, _>>()?;
        let at = |level: usize, method| {
            let probes: Vec<&Encoded> = encoded[level].iter().collect();
            trials(dataset, folds, &probes, method, 1, usize::MAX)
        };
        list.push(sweep(name, axis, &levels, plan, &at)?);
        stage(name);
    }
    let clean: Vec<&Encoded> = folds.iter().map(|fold| &*fold.probes).collect();
    let lengths = folds.iter().flat_map(|fold| runs(dataset, &fold.fold.probes, usize::MAX)).map(|run| run.len());
    let longest = lengths.max().unwrap_or(1);
    let frames: Vec<f64> = PROBE_FRAMES.iter().filter(|&&n| n <= longest).map(|&n| n as f64).collect();
    let at = |level: usize, method| trials(dataset, folds, &clean, method, PROBE_FRAMES[level], usize::MAX);
    list.push(sweep("probe-windows", "frames a probe", &frames, plan, &at)?);
    let most = folds.iter().map(|fold| fold.fold.enrolment.len()).max().unwrap_or(1);
    let enrolled: Vec<f64> = ENROLLED_FRAMES.iter().filter(|&&n| n <= most).map(|&n| n as f64).collect();
    let at = |level: usize, method| trials(dataset, folds, &clean, method, 1, ENROLLED_FRAMES[level]);
    list.push(sweep("enrolment-scans", "enrolled frames a label", &enrolled, plan, &at)?);
    stage("probe and enrolment sizes");
    Ok(list)
}

/// Encoders trained on the first 1, 2, ... training sessions.
pub(super) fn training_sessions(dataset: &Dataset, fold: &Fold, plan: &Plan) -> Result<Sweep, EvaluationError> {
    let mut sessions: Vec<u32> = fold.training.iter().map(|&row| dataset.rows[row].session).collect();
    sessions.sort_unstable();
    sessions.dedup();
    let mut trained = Vec::new();
    for count in 1..=sessions.len() {
        let mut part = fold.clone();
        part.training.retain(|&row| sessions[..count].contains(&dataset.rows[row].session));
        let model = train(dataset, &part.training, plan)?;
        trained.push((part, Trained::new(model)?));
    }
    let prepared = trained.iter().map(|(part, trained)| Ok([prepare(dataset, part, trained, plan)?]));
    let prepared = prepared.collect::<Result<Vec<_>, EvaluationError>>()?;
    let levels: Vec<f64> = (1..=sessions.len()).map(|count| count as f64).collect();
    let at = |level: usize, method| {
        let folds = &prepared[level];
        trials(dataset, folds, &[&folds[0].probes], method, 1, usize::MAX)
    };
    sweep("training-sessions", "sessions that train", &levels, plan, &at)
}

/// EER with intervals at every level, for every method.
fn sweep(
    name: &str,
    axis: &str,
    levels: &[f64],
    plan: &Plan,
    trials_at: &(dyn Fn(usize, Method) -> Vec<Trial> + Sync),
) -> Result<Sweep, EvaluationError> {
    let one_thread = Resampling { threads: 1, ..plan.resampling(plan.replicates / 5) };
    let estimates = in_parallel(levels.len() * plan.methods.len(), plan.threads, |job| {
        let trials = trials_at(job % levels.len(), plan.methods[job / levels.len()]);
        let (genuine, impostor) = genuine_and_impostor(&trials);
        let interval = intervals(&trials, one_thread)?.eer;
        Ok::<_, ScoreError>(Estimate { value: eer(&genuine, &impostor)?.percent, interval })
    });
    let estimates = estimates.into_iter().collect::<Result<Vec<_>, _>>()?;
    let lines = plan.methods.iter().zip(estimates.chunks(levels.len()));
    Ok(Sweep {
        name: name.to_owned(),
        axis: axis.to_owned(),
        levels: levels.to_vec(),
        lines: lines.map(|(method, eer)| SweepLine { method: method.name().to_owned(), eer: eer.to_vec() }).collect(),
    })
}

/// `work(0..count)` on `threads` threads; the answers are in order, whoever made them.
fn in_parallel<T: Send>(count: usize, threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(count));
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, count.max(1)) {
            scope.spawn(|| {
                loop {
                    let job = next.fetch_add(1, Ordering::Relaxed);
                    if job >= count {
                        break;
                    }
                    let answer = work(job);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((job, answer));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(job, _)| *job);
    done.into_iter().map(|(_, answer)| answer).collect()
}
