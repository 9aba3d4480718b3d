//! The whole evaluation: protocols and methods, and the figures of each.

use std::collections::BTreeMap;

use super::encoders::{Encoders, Trained};
use super::fold::{Prepared, development, episodes, templates, trials};
use super::items::Items;
use super::methods::{Method, Templates};
use super::metrics::bootstrap::{Resampling, Trial, genuine_and_impostor, intervals, paired_difference};
use super::metrics::classification::{accuracy, confusion_matrix, macro_f1};
use super::metrics::information::{participation_ratio, principal_map, relative_entropy_bits};
use super::metrics::operating::{operating_point, transfer};
use super::metrics::roc::eer_convex_hull;
use super::metrics::{ScoreError, d_prime, eer, roc_auc};
use super::protocols::{Fold, Protocol, ProtocolError, SessionChoice, Split};
use super::results::{Difference, Estimate, MapPoint, MethodResult, OverSeeds, ProtocolResult, Sweep};
use super::sweeps::{sweeps, training_sessions};
use super::verification;
use crate::dataset::{Dataset, Row};
use crate::embedding::EmbeddingError;
use crate::engine::Engine;
use crate::front_end::FrontEndError;
use crate::hex;
use crate::model::ModelError;
use crate::training::{Recipe, TrainingError};

/// False match rates that operating points are given for, as far as the counts carry.
const FMR_LEVELS: [f64; 4] = [1e-1, 1e-2, 1e-3, 1e-4];

/// What to evaluate, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Methods, in the order of tables.
    pub methods: Vec<Method>,
    /// Sessions named by hand.
    pub sessions: SessionChoice,
    /// How each fold's encoder is made.
    pub recipe: Recipe,
    /// Seeds splits, noise, resampling and the first training.
    pub seed: u64,
    /// Trainings with seeds that follow each other; figures in full are the first's.
    pub seeds: u64,
    /// Window lengths that are scored, each on its own.
    pub windows: Vec<usize>,
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
    /// The training frames of a fold have no front end.
    #[error(transparent)]
    FrontEnd(#[from] FrontEndError),
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

/// Runs one protocol at every window length; `stage` hears the name of each stage when it ends.
///
/// # Errors
/// When the protocol does not fit the recordings, an encoder cannot be trained, or scores are not numbers.
pub fn evaluate(
    dataset: &Dataset,
    protocol: Protocol,
    plan: &Plan,
    stage: &mut dyn FnMut(&str),
) -> Result<Vec<Evaluated>, EvaluationError> {
    let split = protocol.split(dataset, &plan.sessions, plan.seed)?;
    let fits = |method: &Method| *method != Method::Refit || protocol == Protocol::Unseen;
    let plan = &Plan { methods: plan.methods.iter().copied().filter(fits).collect(), ..plan.clone() };
    let seeds = plan.seed..plan.seed.saturating_add(plan.seeds);
    let encoders = seeds.map(|seed| Encoders::train(dataset, &split.folds, plan, seed));
    let encoders = encoders.collect::<Result<Vec<_>, _>>()?;
    stage("training");
    plan.windows.iter().map(|&window| at_window(dataset, protocol, &split, &encoders, window, plan, stage)).collect()
}

fn at_window(
    dataset: &Dataset,
    protocol: Protocol,
    split: &Split,
    encoders: &[Encoders<Trained>],
    window: usize,
    plan: &Plan,
    stage: &mut dyn FnMut(&str),
) -> Result<Evaluated, EvaluationError> {
    let items = Items::cut(dataset, &split.folds, window);
    let windows = &items.dataset;
    let prepared = encoders.iter().map(|encoders| encoders.prepare(dataset, &items, protocol, plan));
    let prepared = prepared.collect::<Result<Vec<_>, _>>()?;
    stage("encoding");
    let trials_of = |method: Method, encoders: &Encoders<Prepared<'_>>| -> Vec<Trial> {
        let folds = encoders.of(method);
        match protocol {
            Protocol::Episodes => episodes(windows, folds, method, plan.seed),
            _ => trials(windows, folds, &templates(windows, folds, method, usize::MAX), method, 1),
        }
    };
    let first = &prepared[0];
    let folds = &first.shared;
    let enrolment_is_new = enrolment_is_new(&split.folds);
    let mut methods = Vec::new();
    let mut all_trials = Vec::new();
    for &method in &plan.methods {
        let trials = trials_of(method, first);
        let fixes_threshold = enrolment_is_new && method != Method::Refit;
        let development = if fixes_threshold { development(windows, first.of(method), method) } else { Vec::new() };
        let mut result = method_result(method, &trials, &development, plan)?;
        if prepared.len() > 1 && method.is_trained() {
            let others = prepared[1..].iter().map(|encoders| trials_of(method, encoders));
            let seeds: Vec<Vec<Trial>> = std::iter::once(trials.clone()).chain(others).collect();
            result.over_seeds = Some(over_seeds(&seeds, plan)?);
        }
        methods.push(result);
        all_trials.push((method, trials));
    }
    let vault = all_trials.iter().find(|(method, _)| *method == Method::NeuralVault);
    let vault = vault.map(|(_, trials)| trials.as_slice()).unwrap_or_default();
    let differences = differences(vault, &all_trials, plan)?;
    stage("scoring");
    let sweeps = if plan.sweeps && window == 1 {
        sweeps_of(dataset, windows, protocol, split, folds, plan, stage)?
    } else {
        Vec::new()
    };
    let (labels, confusion) = confusion(windows, vault);
    let embeddings: Vec<&Vec<f32>> = folds.iter().flat_map(|fold| fold.probes.embeddings()).collect();
    let (genuine, impostor) = genuine_and_impostor(vault);
    let result = ProtocolResult {
        name: match window {
            1 => protocol.name().to_owned(),
            window => format!("{} ({window} frames)", protocol.name()),
        },
        window,
        description: split.description.clone(),
        leaks: split.leaks.map(str::to_owned),
        training_rows: folds.iter().map(|fold| fold.fold.training.len()).sum(),
        enrolment_rows: split.folds.iter().map(|fold| fold.enrolment.len()).sum(),
        probes: embeddings.len(),
        model_digests: folds.iter().map(|fold| hex::encode(&fold.digest)).collect(),
        methods,
        differences,
        sweeps,
        confusion,
        labels,
        map: map(windows, folds, &embeddings),
        effective_dimension: participation_ratio(&embeddings),
        relative_entropy_bits: if genuine.is_empty() { 0.0 } else { relative_entropy_bits(&genuine, &impostor)? },
    };
    stage("figures");
    Ok(Evaluated { result, prototypes: prototypes(windows, &folds[0]) })
}

/// The sweeps of the methods that share an encoder.
fn sweeps_of(
    dataset: &Dataset,
    windows: &Dataset,
    protocol: Protocol,
    split: &Split,
    folds: &[Prepared<'_>],
    plan: &Plan,
    stage: &mut dyn FnMut(&str),
) -> Result<Vec<Sweep>, EvaluationError> {
    let shared = plan.methods.iter().copied().filter(|method| !method.has_own_encoder()).collect();
    let plan = &Plan { methods: shared, ..plan.clone() };
    let templates: Vec<Vec<Templates>> =
        plan.methods.iter().map(|&method| templates(windows, folds, method, usize::MAX)).collect();
    let mut list = sweeps(windows, folds, &templates, plan, stage)?;
    if protocol == Protocol::Sessions {
        list.push(training_sessions(dataset, &split.folds[0], plan)?);
        stage("training sessions");
    }
    Ok(list)
}

/// The EER of trainings with other seeds, the mean of all, and an interval from the trials of all together.
fn over_seeds(seeds: &[Vec<Trial>], plan: &Plan) -> Result<OverSeeds, ScoreError> {
    let each = seeds.iter().map(|trials| {
        let (genuine, impostor) = genuine_and_impostor(trials);
        Ok(eer(&genuine, &impostor)?.percent)
    });
    let each = each.collect::<Result<Vec<f64>, ScoreError>>()?;
    let value = each.iter().sum::<f64>() / each.len() as f64;
    // What is resampled are sessions and labels, the same ones for every seed.
    let interval = intervals(&seeds.concat(), plan.resampling(plan.replicates))?.eer;
    Ok(OverSeeds { eer: Estimate { value, interval }, each })
}

/// A protocol's figures, and the NeuralVault prototypes of its first fold by label.
#[derive(Debug)]
pub struct Evaluated {
    /// The figures.
    pub result: ProtocolResult,
    /// Mean embeddings, not normalised.
    pub prototypes: BTreeMap<String, Vec<f32>>,
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
        over_seeds: None,
        accuracy: accuracy(&confusion).unwrap_or(0.0),
        macro_f1: macro_f1(&confusion).unwrap_or(0.0),
        genuine,
        impostor,
    })
}

/// Whether no enrolled frame trained its encoder: only then may enrolment frames fix a threshold.
fn enrolment_is_new(folds: &[Fold]) -> bool {
    // Rows ascend in every part of a fold.
    folds.iter().all(|fold| !fold.enrolment.iter().any(|row| fold.training.binary_search(row).is_ok()))
}

/// NeuralVault against each other method; nothing where NeuralVault was not asked for.
fn differences(
    vault: &[Trial],
    all_trials: &[(Method, Vec<Trial>)],
    plan: &Plan,
) -> Result<Vec<Difference>, ScoreError> {
    let others = all_trials.iter().filter(|(method, _)| *method != Method::NeuralVault && !vault.is_empty());
    let resampling = plan.resampling(plan.replicates);
    let difference = |(method, trials): &(Method, Vec<Trial>)| {
        let eer = paired_difference(vault, trials, resampling)?;
        Ok(Difference { method: method.name().to_owned(), eer })
    };
    others.map(difference).collect()
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

fn map(dataset: &Dataset, folds: &[Prepared<'_>], embeddings: &[&Vec<f32>]) -> Vec<MapPoint> {
    let rows = folds.iter().flat_map(|fold| &fold.fold.probes).map(|&row| dataset.rows[row]);
    let point = |(row, [x, y]): (Row, [f64; 2])| MapPoint {
        label: dataset.labels[row.label as usize].clone(),
        session: dataset.sessions[row.session as usize].clone(),
        x,
        y,
    };
    rows.zip(principal_map(embeddings)).map(point).collect()
}

fn prototypes(dataset: &Dataset, fold: &Prepared<'_>) -> BTreeMap<String, Vec<f32>> {
    let embeddings = fold.fold.enrolment.iter().zip(fold.enrolled.embeddings());
    let labelled: Vec<(u32, Vec<f32>)> = embeddings.map(|(&row, e)| (dataset.rows[row].label, e.clone())).collect();
    let means = verification::prototypes(&labelled, dataset.labels.len());
    dataset.labels.iter().cloned().zip(means).filter_map(|(label, mean)| Some((label, mean?))).collect()
}

impl Plan {
    pub(super) fn resampling(&self, replicates: usize) -> Resampling {
        Resampling { seed: self.seed, replicates, threads: self.threads }
    }
}
