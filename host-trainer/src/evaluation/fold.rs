//! One fold of a protocol: an encoder trained, rows encoded, trials made.

use std::sync::Arc;

use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::Standardiser;
use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::evaluate::{EvaluationError, Plan};
use super::methods::{Encoded, Fitted, Method, Templates};
use super::metrics::bootstrap::Trial;
use super::protocols::Fold;
use crate::dataset::{Dataset, Row};
use crate::embedding::aligned_bundle;
use crate::model::{Model, ModelError};
use crate::training::Recipe;

/// Frames that the bootstrap keeps together where there is only one session.
const BLOCK: i64 = 6;

/// Episodes, and frames of a class on each side of one.
const EPISODES: usize = 100;
const SHOTS: usize = 4;

/// A trained encoder.
pub(super) struct Trained {
    /// The model's bundle, and statistics that change nothing: what is encoded comes standardised.
    bundle: Vec<u32>,
    zeros: Vec<f32>,
    ones: Vec<f32>,
}

/// One fold, trained and encoded.
pub(super) struct Prepared<'e> {
    /// The encoder's.
    pub digest: [u8; 32],
    pub fitted: Fitted<'e>,
    pub fold: Fold,
    /// Codes of the enrolment rows, in the fold's order.
    pub enrolled: Arc<Encoded>,
    /// Codes of the probe rows, in the fold's order.
    pub probes: Arc<Encoded>,
}

/// Trains an encoder on the rows at `training`.
pub(super) fn train(dataset: &Dataset, training: &[usize], plan: &Plan) -> Result<Model, EvaluationError> {
    let part = dataset.select(training);
    Ok(Recipe::Steps(plan.training.clone()).train(part, plan.engine, 1, &mut |_| ())?)
}

impl Trained {
    pub(super) fn new(model: &Model) -> Result<Self, ModelError> {
        let features = model.dims.features;
        Ok(Self { bundle: aligned_bundle(model)?, zeros: vec![0.0; features], ones: vec![1.0; features] })
    }
}

pub(super) fn prepare<'e>(
    dataset: &Dataset,
    fold: &Fold,
    trained: &'e Trained,
    plan: &Plan,
) -> Result<Prepared<'e>, EvaluationError> {
    let bundle = Bundle::open(bytemuck::cast_slice(&trained.bundle)).map_err(|e| ModelError::Bundle(e.to_string()))?;
    let encoder = bundle.encoder().with_kernel(neural_vault_kernels::best());
    let statistics = encoder.standardiser();
    let standardised = |rows: &[usize]| {
        let mut values = dataset.select(rows).values;
        values.chunks_exact_mut(dataset.features).for_each(|frame| statistics.apply(0, frame));
        values
    };
    let unchanged = Standardiser { mean: &trained.zeros, inv_std: &trained.ones };
    let encoder = encoder.with_standardiser(unchanged);
    let encoder = encoder.ok_or_else(|| ModelError::Bundle("the statistics do not fit".to_owned()))?;
    let labels: Vec<u32> = fold.training.iter().map(|&row| dataset.rows[row].label).collect();
    let fitted = Fitted::fit(encoder, &standardised(&fold.training), &labels, plan.training.seed);
    let probes = Arc::new(fitted.encode(standardised(&fold.probes))?);
    let enrolled = match fold.enrolment == fold.probes {
        true => Arc::clone(&probes),
        false => Arc::new(fitted.encode(standardised(&fold.enrolment))?),
    };
    Ok(Prepared { digest: *bundle.digest(), fitted, fold: fold.clone(), enrolled, probes })
}

/// The templates of `method` from at most `most` frames a class, of each fold.
pub(super) fn templates(dataset: &Dataset, folds: &[Prepared<'_>], method: Method, most: usize) -> Vec<Templates> {
    let of_fold = |fold: &Prepared<'_>| {
        let members = members(dataset, &fold.fold.enrolment, most);
        fold.enrolled.templates(method, &members, dataset.labels.len())
    };
    folds.iter().map(of_fold).collect()
}

/// All trials of `method`, pooled over the folds: probes of `group` consecutive frames against the folds' templates.
pub(super) fn trials(
    dataset: &Dataset,
    folds: &[Prepared<'_>],
    templates: &[Templates],
    method: Method,
    group: usize,
) -> Vec<Trial> {
    let mut list = Vec::new();
    for (fold, templates) in folds.iter().zip(templates) {
        for rows in runs(dataset, &fold.fold.probes, group) {
            let scores = fold.probes.scores(method, templates, &rows);
            list.extend(trials_of(dataset, fold.fold.probes[rows[0]], scores));
        }
    }
    list
}

/// The trials of one probe, whose first frame is `row`, from its scores.
pub(super) fn trials_of(dataset: &Dataset, row: usize, scores: Vec<(u32, f64)>) -> impl Iterator<Item = Trial> {
    let row = dataset.rows[row];
    let (probe_label, probe_session) = (row.label, unit(dataset, row));
    scores.into_iter().map(move |(enrolled_label, score)| Trial { probe_label, probe_session, enrolled_label, score })
}

/// Few-shot episodes (Snell, Swersky and Zemel 2017): templates of 4 enrolled frames a class meet 4 probes of each.
pub(super) fn episodes(dataset: &Dataset, folds: &[Prepared<'_>], method: Method, seed: u64) -> Vec<Trial> {
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
                let scores = fold.probes.scores(method, &templates, &[at]);
                list.extend(trials_of(dataset, fold.fold.probes[at], scores));
            }
        }
    }
    list
}

/// Trials within the enrolment alone, to fix a threshold on: each half of a recording against the other halves.
pub(super) fn development(dataset: &Dataset, folds: &[Prepared<'_>], method: Method) -> Vec<Trial> {
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
            for &(at, _) in probes {
                list.extend(trials_of(dataset, rows[at], fold.enrolled.scores(method, &templates, &[at])));
            }
        }
    }
    list
}

/// What the bootstrap draws together: a session, or blocks of neighbouring frames where there is only one session.
fn unit(dataset: &Dataset, row: Row) -> u32 {
    match dataset.sessions.len() {
        1 => row.timestep.div_euclid(BLOCK) as u32,
        _ => row.session,
    }
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
pub(super) fn runs(dataset: &Dataset, rows: &[usize], size: usize) -> Vec<Vec<usize>> {
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
