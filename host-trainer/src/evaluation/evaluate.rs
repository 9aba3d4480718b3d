//! Evaluating one protocol: training encoders, scoring windows, computing each method's figures.

use std::collections::BTreeMap;

use super::encoders::{Encoders, sharing};
use super::error::EvaluationError;
use super::figures::{decisions, differences, method_result, over_seeds};
use super::fold::{Preparation, Prepared};
use super::items::Items;
use super::methods::{Method, Rows};
use super::persons;
use super::plan::Plan;
use super::protocols::{self, Fold, Protocol, Split};
use super::scoring::{Episode, development, draw, episodes, galleries, trial_list, trials};
use super::sweeps::{sweeps, training_sessions};
use super::trained::Trained;
use crate::dataset::{Dataset, Row, check_frames};
use crate::hex;
use crate::metrics::bootstrap::Units;
use crate::metrics::classification::confusion_matrix;
use crate::metrics::information::{participation_ratio, principal_map, relative_entropy_bits};
use crate::metrics::trial::{Trial, genuine_and_impostor};
use crate::results::{MapPoint, ProtocolResult, Sweep};
use crate::verification;

pub use super::evaluated::Evaluated;

/// Runs one protocol at every window length, or every probe length where it scores scans; `stage` is called with the name of each stage when it ends.
///
/// Scores and resamples on the threads of the current rayon pool; results are the same for any number of them.
///
/// # Errors
/// When the protocol does not fit the recordings, a frame of its split says nothing, an encoder cannot be trained, or scores are not numbers.
pub fn evaluate(
    dataset: &Dataset,
    protocol: &dyn Protocol,
    plan: &Plan,
    stage: &mut dyn FnMut(&str),
) -> Result<Vec<Evaluated>, EvaluationError> {
    let split = protocols::split(protocol, dataset, &plan.sessions, plan.seed)?;
    for Fold { training, enrolment, probes } in &split.folds {
        check_frames(dataset, training.iter().chain(enrolment).chain(probes).copied())?;
    }
    let fitting = plan.methods.iter().copied().filter(|method| method.fits(protocol)).collect();
    let plan = &Plan { methods: fitting, ..plan.clone() };
    if protocol.scores_scans() {
        return persons::evaluate(dataset, protocol, &split, plan, stage);
    }
    let seeds = plan.seed..plan.seed.saturating_add(plan.seeds);
    let encoders = seeds.map(|seed| Encoders::train(dataset, &split.folds, plan, seed));
    let encoders = encoders.collect::<Result<Vec<_>, _>>()?;
    stage("training");
    let run = Run { dataset, protocol, split: &split, encoders: &encoders, plan };
    plan.windows.iter().map(|&window| run.at_window(window, stage)).collect()
}

/// A protocol whose encoders are trained.
struct Run<'r> {
    dataset: &'r Dataset,
    protocol: &'r dyn Protocol,
    split: &'r Split,
    /// The encoders of each seed.
    encoders: &'r [Encoders<Trained>],
    plan: &'r Plan,
}

impl Run<'_> {
    /// The figures of windows of `window` frames.
    fn at_window(&self, window: usize, stage: &mut dyn FnMut(&str)) -> Result<Evaluated, EvaluationError> {
        let Run { dataset, protocol, split, plan, .. } = *self;
        let items = Items::cut(dataset, &split.folds, window);
        let preparation = Preparation { dataset, items: &items, open_set: protocol.is_open_set(), seed: plan.seed };
        let prepared = self.encoders.iter().map(|encoders| {
            encoders.map(&plan.methods, |fold, trained, methods| preparation.prepare(fold, trained, methods))
        });
        let prepared = prepared.collect::<Result<Vec<_>, _>>()?;
        stage("encoding");

        let windows = &items.dataset;
        let folds = &prepared[0].shared;
        let drawn = protocol.episodes().map(|episodes| draw(windows, &items.folds, episodes, plan.seed));
        let drawn = drawn.as_deref();
        let mut methods = Vec::new();
        let mut all_trials = Vec::new();
        for &method in &plan.methods {
            let trials = scored(windows, prepared[0].for_method(method), method, drawn);
            let fixes_threshold = enrolment_is_new(&split.folds) && !method.trains_on_enrolment();
            let development = match fixes_threshold {
                true => development(windows, prepared[0].for_method(method), method),
                false => Vec::new(),
            };
            let mut result = method_result(method, &trials, &development, plan)?;
            if prepared.len() > 1 && method.is_trained() {
                let others = prepared[1..].iter();
                let others = others.map(|encoders| scored(windows, encoders.for_method(method), method, drawn));
                let seeds: Vec<Vec<Trial>> = std::iter::once(trials.clone()).chain(others).collect();
                result.over_seeds = Some(over_seeds(&seeds, plan)?);
            }
            methods.push(result);
            all_trials.push((method, trials));
        }
        let tested = all_trials.iter().find(|(method, _)| method.is_under_test());
        let tested = tested.map(|(_, trials)| trials.as_slice()).unwrap_or_default();
        let differences = differences(tested, &all_trials, plan.resampling(Units::SessionsThenLabels))?;
        stage("scoring");
        let sweeps = if plan.sweeps && window == 1 { self.sweeps(windows, folds, stage)? } else { Vec::new() };

        let embeddings: Vec<&[f32]> = folds.iter().flat_map(|fold| fold.probes.windows.embeddings.iter()).collect();
        let (genuine, impostor) = genuine_and_impostor(tested);
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
            trials: Some(trial_list(windows, &items.folds, drawn)),
            methods,
            differences,
            sweeps,
            confusion: confusion_matrix(&decisions(tested), windows.labels.len()),
            labels: windows.labels.clone(),
            map: map(windows, folds, &embeddings),
            effective_dimension: participation_ratio(&embeddings),
            relative_entropy_bits: match genuine.is_empty() {
                true => 0.0,
                false => relative_entropy_bits(&genuine, &impostor)?,
            },
        };
        stage("figures");
        let notes = items.notes(&result.name, window);
        Ok(Evaluated { result, prototypes: prototypes(windows, &folds[0]), notes })
    }

    /// The sweeps of the methods that share an encoder.
    fn sweeps(
        &self,
        windows: &Dataset,
        folds: &[Prepared<'_>],
        stage: &mut dyn FnMut(&str),
    ) -> Result<Vec<Sweep>, EvaluationError> {
        let plan = &Plan { methods: sharing(&self.plan.methods), ..self.plan.clone() };
        let mut list = sweeps(windows, folds, plan, stage)?;
        if self.protocol.sweeps_training_sessions() {
            list.push(training_sessions(self.dataset, &self.split.folds[0], plan)?);
            stage("training sessions");
        }
        Ok(list)
    }
}

/// The trials of `method` on its prepared folds: of every probe, or of the drawn episodes.
fn scored(windows: &Dataset, folds: &[Prepared<'_>], method: &dyn Method, drawn: Option<&[Episode]>) -> Vec<Trial> {
    match drawn {
        Some(drawn) => episodes(windows, folds, method, drawn),
        None => trials(windows, folds, &galleries(windows, folds, method, usize::MAX), method, 1),
    }
}

/// Whether no enrolled frame trained the encoder; only then may a threshold be fixed on enrolment frames.
fn enrolment_is_new(folds: &[Fold]) -> bool {
    // The rows of each part of a fold are in ascending order.
    folds.iter().all(|fold| !fold.enrolment.iter().any(|row| fold.training.binary_search(row).is_ok()))
}

fn map(dataset: &Dataset, folds: &[Prepared<'_>], embeddings: &[&[f32]]) -> Vec<MapPoint> {
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
    let embeddings: &Rows = &fold.enrolled.windows.embeddings;
    let embeddings = fold.fold.enrolment.iter().zip(embeddings.iter());
    let labelled: Vec<(u32, Vec<f32>)> = embeddings.map(|(&row, e)| (dataset.rows[row].label, e.to_vec())).collect();
    let means = verification::prototypes(&labelled, dataset.labels.len());
    dataset.labels.iter().cloned().zip(means).filter_map(|(label, mean)| Some((label, mean?))).collect()
}
