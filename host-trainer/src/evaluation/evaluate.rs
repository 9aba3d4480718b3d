//! The whole evaluation: protocols, methods, sweeps, and the figures of each.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::conditions::{ARTIFACT_LEVELS, SNR_LEVELS, add_artefacts, add_noise};
use super::methods::{Encoded, Fitted, Method};
use super::metrics::bootstrap::{Resampling, Trial, genuine_and_impostor, intervals};
use super::metrics::classification::{accuracy, confusion_matrix, macro_f1};
use super::metrics::information::{participation_ratio, principal_map, relative_entropy_bits};
use super::metrics::operating::{operating_point, transfer};
use super::metrics::roc::eer_convex_hull;
use super::metrics::{ScoreError, d_prime, eer, roc_auc};
use super::protocols::{Fold, Protocol, ProtocolError, SessionChoice};
use super::results::{Estimate, MapPoint, MethodResult, ProtocolResult, Sweep, SweepLine};
use super::verification;
use crate::dataset::{Dataset, Standardiser};
use crate::embedding::EmbeddingError;
use crate::engine::Engine;
use crate::model::safetensors::hex;
use crate::model::{Model, ModelError, Provenance, initialise, reference_dims};
use crate::training::{Settings, Trainer, TrainingData, TrainingError};

/// False match rates that operating points are given for, as far as the counts carry.
const FMR_LEVELS: [f64; 4] = [1e-1, 1e-2, 1e-3, 1e-4];

/// What to evaluate, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Methods, in the order of tables.
    pub methods: Vec<Method>,
    /// Sessions named by hand.
    pub sessions: SessionChoice,
    /// Training of each fold's encoder; windows are of one frame.
    pub training: Settings,
    /// The engine that trains.
    pub engine: Engine,
    /// Threads that score and resample.
    pub threads: usize,
    /// Bootstrap replicates of a figure; sweeps take a fifth.
    pub replicates: usize,
    /// Whether to sweep.
    pub sweeps: bool,
}

/// Why an evaluation ended without results.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// A protocol does not fit the recordings.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// An encoder could not be trained.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// A frame has no embedding.
    #[error(transparent)]
    Embedding(#[from] EmbeddingError),
    /// The scores cannot be evaluated.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// The model is not sound.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// One fold, trained and encoded.
struct Prepared {
    model: Model,
    fitted: Fitted,
    fold: Fold,
    /// Codes of the enrolment rows, in the fold's order.
    enrolled: Encoded,
    /// Standardised probe frames, to be made worse.
    frames: Vec<f32>,
    /// Codes of the probe rows, in the fold's order.
    probes: Encoded,
}

/// Runs one protocol; `stage` hears the name of each stage when it ends.
///
/// # Errors
/// When the protocol does not fit the recordings, an encoder cannot be trained, or scores are not numbers.
pub fn evaluate(
    dataset: &Dataset,
    protocol: Protocol,
    plan: &Plan,
    stage: &mut dyn FnMut(&str),
) -> Result<Evaluated, EvaluationError> {
    let split = protocol.split(dataset, &plan.sessions, plan.training.seed)?;
    let mut folds = Vec::new();
    for fold in &split.folds {
        let model = train(dataset, &fold.training, plan)?;
        stage("training");
        folds.push(prepare(dataset, fold, model, plan)?);
        stage("encoding");
    }
    let clean: Vec<&Encoded> = folds.iter().map(|fold| &fold.probes).collect();
    let mut methods = Vec::new();
    let mut vault = Vec::new();
    for &method in &plan.methods {
        let trials = match protocol {
            Protocol::Episodes => episodes(dataset, &folds, method, plan.training.seed),
            _ => trials(dataset, &folds, &clean, method, 1, usize::MAX),
        };
        let development = development(dataset, &folds, method);
        methods.push(method_result(method, &trials, &development, plan)?);
        if method == Method::NeuralVault {
            vault = trials;
        }
    }
    stage("scoring");
    let mut sweeps = if plan.sweeps { sweeps(dataset, &folds, plan, stage)? } else { Vec::new() };
    if plan.sweeps && protocol == Protocol::Sessions {
        sweeps.push(training_sessions(dataset, &folds[0].fold, plan)?);
        stage("training sessions");
    }
    let (labels, confusion) = confusion(dataset, &vault);
    let embeddings: Vec<&Vec<f32>> = folds.iter().flat_map(|fold| fold.probes.embeddings()).collect();
    let (genuine, impostor) = genuine_and_impostor(&vault);
    let result = ProtocolResult {
        name: protocol.name().to_owned(),
        description: split.description.clone(),
        leaks: split.leaks.map(str::to_owned),
        training_rows: folds.iter().map(|fold| fold.fold.training.len()).sum(),
        enrolment_rows: folds.iter().map(|fold| fold.fold.enrolment.len()).sum(),
        probes: embeddings.len(),
        model_digests: folds.iter().map(|fold| Ok(hex(&fold.model.digest()?))).collect::<Result<_, ModelError>>()?,
        methods,
        sweeps,
        confusion,
        labels,
        map: map(dataset, &folds, &embeddings),
        effective_dimension: participation_ratio(&embeddings),
        relative_entropy_bits: if genuine.is_empty() { 0.0 } else { relative_entropy_bits(&genuine, &impostor)? },
    };
    stage("figures");
    Ok(Evaluated { result, prototypes: prototypes(dataset, &folds[0]) })
}

/// A protocol's figures, and the NeuralVault prototypes of its first fold by label.
pub struct Evaluated {
    /// The figures.
    pub result: ProtocolResult,
    /// Mean embeddings, not normalised.
    pub prototypes: BTreeMap<String, Vec<f32>>,
}

/// Trains an encoder on the rows at `training`.
fn train(dataset: &Dataset, training: &[usize], plan: &Plan) -> Result<Model, EvaluationError> {
    let part = dataset.select(training);
    let provenance = Provenance { window: 1, recipe: "evaluation".to_owned(), ..Provenance::default() };
    let model = initialise(reference_dims(dataset.features), provenance, plan.training.seed)?;
    let data = TrainingData::prepare(part, 1).map_err(TrainingError::from)?;
    let mut trainer = Trainer::new(model, data, plan.training.clone(), plan.engine, 1)?;
    while trainer.steps_done() < plan.training.steps {
        trainer.step()?;
    }
    Ok(trainer.model())
}

fn prepare(dataset: &Dataset, fold: &Fold, model: Model, plan: &Plan) -> Result<Prepared, EvaluationError> {
    let standardiser = Standardiser {
        mean: model.tensors["standardiser.mean"].clone(),
        inv_std: model.tensors["standardiser.inv_std"].clone(),
    };
    let standardised = |rows: &[usize]| {
        let mut values = dataset.select(rows).values;
        standardiser.apply(&mut values);
        values
    };
    let labels: Vec<u32> = fold.training.iter().map(|&row| dataset.rows[row].label).collect();
    let fitted = Fitted::fit(&model, &standardised(&fold.training), &labels, plan.training.seed);
    let enrolled = fitted.encode(standardised(&fold.enrolment))?;
    let frames = standardised(&fold.probes);
    let probes = fitted.encode(frames.clone())?;
    Ok(Prepared { model, fitted, fold: fold.clone(), enrolled, frames, probes })
}

/// All trials of `method`, pooled over the folds: probes of `group` consecutive frames against templates of at most
/// `most` frames a class.
fn trials(
    dataset: &Dataset,
    folds: &[Prepared],
    probes: &[&Encoded],
    method: Method,
    group: usize,
    most: usize,
) -> Vec<Trial> {
    let mut list = Vec::new();
    for (fold, probes) in folds.iter().zip(probes) {
        let members = members(dataset, &fold.fold.enrolment, most);
        let templates = fold.enrolled.templates(method, &members, dataset.labels.len());
        for rows in runs(dataset, &fold.fold.probes, group) {
            let row = dataset.rows[fold.fold.probes[rows[0]]];
            for (enrolled_label, score) in probes.scores(method, &templates, &rows) {
                list.push(Trial { probe_label: row.label, probe_session: row.session, enrolled_label, score });
            }
        }
    }
    list
}

/// Few-shot episodes (Snell, Swersky and Zemel 2017): templates of 4 enrolled frames a class meet 4 probes of each.
fn episodes(dataset: &Dataset, folds: &[Prepared], method: Method, seed: u64) -> Vec<Trial> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut list = Vec::new();
    for fold in folds {
        let of_class = |rows: &[usize], class: u32| -> Vec<usize> {
            (0..rows.len()).filter(|&at| dataset.rows[rows[at]].label == class).collect()
        };
        for _ in 0..EPISODES {
            let mut support = Vec::new();
            let mut queries = Vec::new();
            for class in 0..dataset.labels.len() as u32 {
                let drawn = of_class(&fold.fold.enrolment, class);
                support.extend(drawn.sample(&mut rng, SHOTS).map(|&at| (at, class)));
                let drawn = of_class(&fold.fold.probes, class);
                queries.extend(drawn.sample(&mut rng, SHOTS).copied());
            }
            let templates = fold.enrolled.templates(method, &support, dataset.labels.len());
            for at in queries {
                let row = dataset.rows[fold.fold.probes[at]];
                for (enrolled_label, score) in fold.probes.scores(method, &templates, &[at]) {
                    list.push(Trial { probe_label: row.label, probe_session: row.session, enrolled_label, score });
                }
            }
        }
    }
    list
}

/// Trials within the enrolment alone, to fix a threshold on: each half of a recording against the other halves.
fn development(dataset: &Dataset, folds: &[Prepared], method: Method) -> Vec<Trial> {
    let mut list = Vec::new();
    for fold in folds {
        let rows = &fold.fold.enrolment;
        let mut halves = [Vec::new(), Vec::new()];
        for scan in runs(dataset, rows, usize::MAX) {
            let (first, second) = scan.split_at(scan.len().div_ceil(2));
            halves[0].extend(first.iter().map(|&at| (at, dataset.rows[rows[at]].label)));
            halves[1].extend(second.iter().map(|&at| (at, dataset.rows[rows[at]].label)));
        }
        for (enrolled, probes) in [(&halves[0], &halves[1]), (&halves[1], &halves[0])] {
            let templates = fold.enrolled.templates(method, enrolled, dataset.labels.len());
            for &(at, probe_label) in probes {
                let probe_session = dataset.rows[rows[at]].session;
                for (enrolled_label, score) in fold.enrolled.scores(method, &templates, &[at]) {
                    list.push(Trial { probe_label, probe_session, enrolled_label, score });
                }
            }
        }
    }
    list
}

/// Positions in `rows` with their classes: at most `most` a class.
fn members(dataset: &Dataset, rows: &[usize], most: usize) -> Vec<(usize, u32)> {
    let mut taken = vec![0; dataset.labels.len()];
    let labelled = rows.iter().enumerate().map(|(at, &row)| (at, dataset.rows[row].label));
    labelled
        .filter(|&(_, label)| {
            taken[label as usize] += 1;
            taken[label as usize] <= most
        })
        .collect()
}

/// Runs of `size` consecutive positions in `rows` of one scan; a scan shorter than `size` is one run.
fn runs(dataset: &Dataset, rows: &[usize], size: usize) -> Vec<Vec<usize>> {
    let positions: Vec<usize> = (0..rows.len()).collect();
    let scan = |at: usize| (dataset.rows[rows[at]].label, dataset.rows[rows[at]].session);
    let mut list = Vec::new();
    for scan in positions.chunk_by(|&a, &b| scan(a) == scan(b)) {
        if scan.len() < size {
            list.push(scan.to_vec());
        } else {
            list.extend(scan.chunks_exact(size).map(<[usize]>::to_vec));
        }
    }
    list
}

fn method_result(
    method: Method,
    trials: &[Trial],
    development: &[Trial],
    plan: &Plan,
) -> Result<MethodResult, EvaluationError> {
    let (genuine, impostor) = genuine_and_impostor(trials);
    let (known_genuine, known_impostor) = genuine_and_impostor(development);
    let transferred = match eer(&known_genuine, &known_impostor)?.threshold {
        threshold if threshold.is_finite() => Some(transfer(threshold, &genuine, &impostor)?),
        _ => None,
    };
    let points = FMR_LEVELS.iter().map(|&fmr| operating_point(&genuine, &impostor, fmr));
    let decisions = decisions(trials);
    let classes = decisions.iter().map(|&(a, b)| a.max(b) as usize + 1).max().unwrap_or(0);
    let confusion = confusion_matrix(&decisions, classes);
    let intervals = intervals(trials, plan.resampling(plan.replicates))?;
    Ok(MethodResult {
        name: method.name().to_owned(),
        eer: Estimate { value: eer(&genuine, &impostor)?.percent, interval: intervals.eer },
        eer_convex_hull: eer_convex_hull(&genuine, &impostor)?,
        d_prime: Estimate { value: d_prime(&genuine, &impostor)?, interval: intervals.d_prime },
        roc_auc: Estimate { value: roc_auc(&genuine, &impostor)?, interval: intervals.roc_auc },
        fnmr_at_fmr: points.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect(),
        transfer: transferred,
        accuracy: accuracy(&confusion).unwrap_or(0.0),
        macro_f1: macro_f1(&confusion).unwrap_or(0.0),
        genuine,
        impostor,
    })
}

/// For each probe, its class and that of the template it is most like; equal scores go to the lower class.
fn decisions(trials: &[Trial]) -> Vec<(u32, u32)> {
    let mut list: Vec<(u32, u32)> = Vec::new();
    let mut best = f64::NEG_INFINITY;
    let mut last = u32::MAX;
    for trial in trials {
        // A probe's trials follow each other in the order of the enrolled classes.
        if list.is_empty() || trial.enrolled_label <= last {
            list.push((trial.probe_label, trial.enrolled_label));
            best = trial.score;
        } else if trial.score > best
            && let Some(decision) = list.last_mut()
        {
            decision.1 = trial.enrolled_label;
            best = trial.score;
        }
        last = trial.enrolled_label;
    }
    list
}

fn confusion(dataset: &Dataset, trials: &[Trial]) -> (Vec<String>, Vec<Vec<u32>>) {
    (dataset.labels.clone(), confusion_matrix(&decisions(trials), dataset.labels.len()))
}

fn map(dataset: &Dataset, folds: &[Prepared], embeddings: &[&Vec<f32>]) -> Vec<MapPoint> {
    let rows = folds.iter().flat_map(|fold| &fold.fold.probes).map(|&row| dataset.rows[row]);
    let point = |(row, [x, y]): (crate::dataset::Row, [f64; 2])| MapPoint {
        label: dataset.labels[row.label as usize].clone(),
        session: dataset.sessions[row.session as usize].clone(),
        x,
        y,
    };
    rows.zip(principal_map(embeddings)).map(point).collect()
}

fn prototypes(dataset: &Dataset, fold: &Prepared) -> BTreeMap<String, Vec<f32>> {
    let embeddings = fold.fold.enrolment.iter().zip(fold.enrolled.embeddings());
    let labelled: Vec<(u32, Vec<f32>)> = embeddings.map(|(&row, e)| (dataset.rows[row].label, e.clone())).collect();
    let means = verification::prototypes(&labelled, dataset.labels.len());
    dataset.labels.iter().cloned().zip(means).filter_map(|(label, mean)| Some((label, mean?))).collect()
}

impl Plan {
    fn resampling(&self, replicates: usize) -> Resampling {
        Resampling { seed: self.training.seed, replicates, threads: self.threads }
    }
}

/// Episodes, and frames of a class on each side of one.
const EPISODES: usize = 100;
const SHOTS: usize = 4;

/// Probe frames a score is made of.
const PROBE_FRAMES: [usize; 4] = [1, 2, 4, 9];

/// Enrolled frames a class.
const ENROLLED_FRAMES: [usize; 5] = [1, 2, 4, 8, 16];

fn sweeps(
    dataset: &Dataset,
    folds: &[Prepared],
    plan: &Plan,
    stage: &mut dyn FnMut(&str),
) -> Result<Vec<Sweep>, EvaluationError> {
    let seed = plan.training.seed;
    let worsened = |worsen: &(dyn Fn(&mut [f32], usize) + Sync), level: usize| {
        let encode = |fold: &Prepared| {
            let mut frames = fold.frames.clone();
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
    let clean: Vec<&Encoded> = folds.iter().map(|fold| &fold.probes).collect();
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
fn training_sessions(dataset: &Dataset, fold: &Fold, plan: &Plan) -> Result<Sweep, EvaluationError> {
    let mut sessions: Vec<u32> = fold.training.iter().map(|&row| dataset.rows[row].session).collect();
    sessions.sort_unstable();
    sessions.dedup();
    let mut prepared = Vec::new();
    for count in 1..=sessions.len() {
        let mut part = fold.clone();
        part.training.retain(|&row| sessions[..count].contains(&dataset.rows[row].session));
        let model = train(dataset, &part.training, plan)?;
        prepared.push([prepare(dataset, &part, model, plan)?]);
    }
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
