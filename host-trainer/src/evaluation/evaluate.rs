//! Evaluating one protocol: training encoders, scoring windows, computing each method's figures.

use std::collections::BTreeMap;

use super::encoders::{Encoders, sharing};
use super::error::EvaluationError;
use super::figures::{check_listed, decisions, difference, method_result, over_seeds};
use super::fold::{Preparation, Prepared};
use super::items::Items;
use super::methods::{Method, Rows};
use super::persons;
use super::plan::Plan;
use super::progress::{Stage, Watch};
use super::protocols::{self, Fold, Protocol, Split};
use super::scoring::{Episode, development, draw, episodes, galleries, trial_list, trials};
use super::sweeps::{sweeps, training_sessions};
use super::trained::Trained;
use crate::dataset::{Dataset, Row, check_frames};
use crate::embedding::check_width;
use crate::hex;
use crate::metrics::bootstrap::Units;
use crate::metrics::classification::confusion_matrix;
use crate::metrics::information::{participation_ratio, principal_map, relative_entropy_bits};
use crate::metrics::trial::{Trial, genuine_and_impostor};
use crate::results::{Difference, MapPoint, MethodResult, ProtocolResult, Sweep};
use crate::verification;

pub use super::evaluated::Evaluated;

/// Runs one protocol at every window length, or every probe length where it scores scans; `watch` is told what is being done.
///
/// Scores and resamples on the threads of the current rayon pool; results are the same for any number of them.
///
/// # Errors
/// When the protocol does not fit the recordings, a frame of its split says nothing, an encoder cannot be trained, or scores are not numbers.
pub fn evaluate(
    dataset: &Dataset,
    protocol: &dyn Protocol,
    plan: &Plan,
    watch: &Watch<'_>,
) -> Result<Vec<Evaluated>, EvaluationError> {
    let split = protocols::split(protocol, dataset, &plan.sessions, plan.seed)?;
    for Fold { training, enrolment, probes } in &split.folds {
        check_frames(dataset, training.iter().chain(enrolment).chain(probes).copied())?;
    }
    let fits = |method: &'static dyn Method| match plan.model {
        Some(_) => method.fits_given_model(protocol),
        None => method.fits(protocol),
    };
    let fitting = plan.methods.iter().copied().filter(|method| fits(*method)).collect();
    let plan = &Plan { methods: fitting, ..plan.clone() };
    if protocol.scores_scans() {
        return persons::evaluate(dataset, protocol, &split, plan, watch);
    }
    let encoders = encoders(dataset, &split.folds, plan, watch)?;
    let run = Run { dataset, protocol, split: &split, encoders: &encoders, plan, watch };
    plan.windows.iter().map(|&window| run.at_window(window)).collect()
}

/// The encoders of each seed, or the given model.
fn encoders(
    dataset: &Dataset,
    folds: &[Fold],
    plan: &Plan,
    watch: &Watch<'_>,
) -> Result<Vec<Encoders<Trained>>, EvaluationError> {
    if let Some(model) = &plan.model {
        check_width(dataset, model.dims().features)?;
        return Ok(vec![Encoders::given(model, folds)]);
    }
    let stage = Stage::begin(watch, "training", plan.seeds * Encoders::steps(folds, plan));
    let seeds = plan.seed..plan.seed.saturating_add(plan.seeds);
    let encoders = seeds.map(|seed| Encoders::train(dataset, folds, plan, seed, &stage));
    let encoders = encoders.collect::<Result<Vec<_>, _>>()?;
    stage.end();
    Ok(encoders)
}

/// A protocol whose encoders are trained.
struct Run<'r> {
    dataset: &'r Dataset,
    protocol: &'r dyn Protocol,
    split: &'r Split,
    /// The encoders of each seed.
    encoders: &'r [Encoders<Trained>],
    plan: &'r Plan,
    watch: &'r Watch<'r>,
}

impl Run<'_> {
    /// The figures of windows of `window` frames.
    fn at_window(&self, window: usize) -> Result<Evaluated, EvaluationError> {
        let Run { dataset, protocol, split, plan, watch, .. } = *self;
        let items = Items::cut(dataset, &split.folds, window);
        let swept = plan.sweeps && window == self.swept_window();
        let preparation =
            Preparation { dataset, items: &items, window, swept, open_set: protocol.is_open_set(), seed: plan.seed };
        let stage = Stage::begin(watch, "encoding", self.encoders.iter().map(|encoders| encoders.count() as u64).sum());
        let prepared = self.encoders.iter().map(|encoders| {
            encoders.map(&plan.methods, |fold, trained, methods| {
                let prepared = preparation.prepare(fold, trained, methods)?;
                stage.advance()?;
                Ok::<_, EvaluationError>(prepared)
            })
        });
        let prepared = prepared.collect::<Result<Vec<_>, _>>()?;
        stage.end();

        let windows = &items.dataset;
        let folds = &prepared[0].shared;
        let drawn = protocol.episodes().map(|episodes| draw(windows, &items.folds, episodes, plan.seed));
        let drawn = drawn.as_deref();
        let stage = Stage::begin(watch, "scoring", plan.methods.len() as u64);
        let mut all_trials = Vec::new();
        for &method in &plan.methods {
            let trials: Vec<Vec<Trial>> = prepared
                .iter()
                .take(if method.is_trained() { prepared.len() } else { 1 })
                .map(|encoders| scored(windows, encoders.for_method(method), method, drawn))
                .collect();
            let fixes_threshold = enrolment_is_new(&split.folds) && !method.trains_on_enrolment();
            let development = match fixes_threshold {
                true => development(windows, prepared[0].for_method(method), method),
                false => Vec::new(),
            };
            all_trials.push(MethodTrials { method, seeds: trials, development });
            stage.advance()?;
        }
        stage.end();
        let list = trial_list(windows, &items.folds, drawn);
        all_trials.iter().try_for_each(|one| check_listed(&list, &one.seeds[0]))?;
        let tested = all_trials.iter().find(|one| one.method.is_under_test());
        let tested = tested.map(|one| one.seeds[0].as_slice()).unwrap_or_default();
        let (methods, differences) = self.resample(&all_trials, tested)?;
        let sweeps = if swept { self.sweeps(windows, folds, window)? } else { Vec::new() };

        let embeddings: Vec<&[f32]> = folds.iter().flat_map(|fold| fold.probes.windows.embeddings.iter()).collect();
        let (genuine, impostor) = genuine_and_impostor(tested);
        let result = ProtocolResult {
            name: match window {
                1 => protocol.name().to_owned(),
                window => format!("{} ({window} frames)", protocol.name()),
            },
            window,
            description: split.description.clone(),
            leaks: split.leaks.clone(),
            training_rows: folds.iter().map(|fold| fold.fold.training.len()).sum(),
            enrolment_rows: split.folds.iter().map(|fold| fold.enrolment.len()).sum(),
            probes: embeddings.len(),
            model_digests: folds.iter().map(|fold| hex::encode(&fold.digest)).collect(),
            trials: Some(list),
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
        let notes = items.notes(&result.name, window);
        Ok(Evaluated { result, prototypes: prototypes(windows, &folds[0]), notes })
    }

    /// The figures of every method, and the differences of the method under test, with trials `tested`, to the others.
    fn resample(
        &self,
        all_trials: &[MethodTrials],
        tested: &[Trial],
    ) -> Result<(Vec<MethodResult>, Vec<Difference>), EvaluationError> {
        let plan = self.plan;
        let others = || all_trials.iter().filter(|one| !one.method.is_under_test() && !tested.is_empty());
        let stage = Stage::begin(self.watch, "resampling", (all_trials.len() + others().count()) as u64);
        let methods = all_trials.iter().map(|MethodTrials { method, seeds, development }| {
            let mut result = method_result(*method, &seeds[0], development, plan)?;
            if seeds.len() > 1 {
                result.over_seeds = Some(over_seeds(seeds, plan)?);
            }
            stage.advance()?;
            Ok(result)
        });
        let methods = methods.collect::<Result<Vec<_>, EvaluationError>>()?;
        let differences = others().map(|one| {
            let difference = difference(one.method, tested, &one.seeds[0], plan.resampling(Units::SessionsThenLabels))?;
            stage.advance()?;
            Ok(difference)
        });
        let differences = differences.collect::<Result<Vec<_>, EvaluationError>>()?;
        stage.end();
        Ok((methods, differences))
    }

    /// The window length whose conditions are swept: single frames if they are scored, else the first.
    fn swept_window(&self) -> usize {
        let windows = &self.plan.windows;
        if windows.contains(&1) { 1 } else { windows.first().copied().unwrap_or(1) }
    }

    /// The sweeps of the methods that share an encoder.
    fn sweeps(&self, windows: &Dataset, folds: &[Prepared<'_>], window: usize) -> Result<Vec<Sweep>, EvaluationError> {
        let plan = &Plan { methods: sharing(&self.plan.methods), ..self.plan.clone() };
        let mut list = sweeps(windows, folds, plan, window, self.watch)?;
        if window == 1 && self.protocol.sweeps_training_sessions() {
            list.push(training_sessions(self.dataset, &self.split.folds[0], plan, self.watch)?);
        }
        Ok(list)
    }
}

/// The trials of a method.
struct MethodTrials {
    method: &'static dyn Method,
    /// By the seed of the training; one list where nothing is trained.
    seeds: Vec<Vec<Trial>>,
    /// Trials that fix its threshold, if there are any.
    development: Vec<Trial>,
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
