//! One fold of a protocol: an encoder trained, rows encoded, trials made.

use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::evaluate::{EvaluationError, Plan};
use super::methods::{Encoded, Fitted, Method};
use super::metrics::bootstrap::Trial;
use super::protocols::Fold;
use crate::dataset::{Dataset, Row, Standardiser};
use crate::model::Model;
use crate::training::Recipe;

/// Frames that the bootstrap keeps together where there is only one session.
const BLOCK: i64 = 6;

/// Episodes, and frames of a class on each side of one.
const EPISODES: usize = 100;
const SHOTS: usize = 4;

/// One fold, trained and encoded.
pub(super) struct Prepared {
    pub model: Model,
    pub fitted: Fitted,
    pub fold: Fold,
    /// Codes of the enrolment rows, in the fold's order.
    pub enrolled: Encoded,
    /// Standardised probe frames, to be made worse.
    pub frames: Vec<f32>,
    /// Codes of the probe rows, in the fold's order.
    pub probes: Encoded,
}

/// Trains an encoder on the rows at `training`.
pub(super) fn train(dataset: &Dataset, training: &[usize], plan: &Plan) -> Result<Model, EvaluationError> {
    let part = dataset.select(training);
    Ok(Recipe::Steps(plan.training.clone()).train(part, plan.engine, 1, &mut |_| ())?)
}

pub(super) fn prepare(dataset: &Dataset, fold: &Fold, model: Model, plan: &Plan) -> Result<Prepared, EvaluationError> {
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
pub(super) fn trials(
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
                list.push(Trial { probe_label: row.label, probe_session: unit(dataset, row), enrolled_label, score });
            }
        }
    }
    list
}

/// Few-shot episodes (Snell, Swersky and Zemel 2017): templates of 4 enrolled frames a class meet 4 probes of each.
pub(super) fn episodes(dataset: &Dataset, folds: &[Prepared], method: Method, seed: u64) -> Vec<Trial> {
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
                    list.push(Trial {
                        probe_label: row.label,
                        probe_session: unit(dataset, row),
                        enrolled_label,
                        score,
                    });
                }
            }
        }
    }
    list
}

/// Trials within the enrolment alone, to fix a threshold on: each half of a recording against the other halves.
pub(super) fn development(dataset: &Dataset, folds: &[Prepared], method: Method) -> Vec<Trial> {
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
                let probe_session = unit(dataset, dataset.rows[rows[at]]);
                for (enrolled_label, score) in fold.enrolled.scores(method, &templates, &[at]) {
                    list.push(Trial { probe_label, probe_session, enrolled_label, score });
                }
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
