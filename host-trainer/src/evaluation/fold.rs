//! One fold of a protocol: an encoder trained, rows encoded, trials made.

use std::sync::Arc;

use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::encoders::Trained;
use super::evaluate::{EvaluationError, Plan};
use super::items::{Items, runs};
use super::methods::{Encoded, Fitted, Method, Templates};
use super::metrics::bootstrap::Trial;
use super::protocols::Fold;
use crate::dataset::{Dataset, Row};

/// Frames that the bootstrap keeps together where there is only one session.
const BLOCK: i64 = 6;

/// Episodes, and frames of a class on each side of one.
const EPISODES: usize = 100;
const SHOTS: usize = 4;

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

impl<'e> Prepared<'e> {
    /// Encodes the windows of a fold; `others`, when given, fits the methods without an encoder as well, and says whether
    /// the enrolled labels are others than those that trained.
    pub(super) fn new(
        dataset: &Dataset,
        items: &Items,
        fold: &Fold,
        trained: &'e Trained,
        others: Option<bool>,
        plan: &Plan,
    ) -> Result<Self, EvaluationError> {
        let bundle = trained.open()?;
        let encoder = bundle.encoder().with_kernel(neural_vault_kernels::best());
        let standardised = |rows: &[usize]| {
            let mut values = dataset.select(rows).values;
            values.chunks_exact_mut(dataset.features).for_each(|frame| encoder.standardise(frame));
            values
        };
        let (encoder, windows) = (encoder.without_standardiser(), trained.windows.clone());
        let fitted = match others {
            None => Fitted::encoder(encoder, windows),
            Some(open_set) => {
                let labels: Vec<u32> = fold.training.iter().map(|&row| dataset.rows[row].label).collect();
                Fitted::fit(encoder, windows, &standardised(&fold.training), &labels, open_set, plan.seed)?
            }
        };
        let encode = |part: &[usize]| {
            let rows: Vec<usize> = part.iter().flat_map(|&item| items.windows[item].iter().copied()).collect();
            let lengths: Vec<usize> = part.iter().map(|&item| items.windows[item].len()).collect();
            fitted.encode_windows(standardised(&rows), &lengths).map(Arc::new)
        };
        let probes = encode(&fold.probes)?;
        let enrolled = if fold.enrolment == fold.probes { Arc::clone(&probes) } else { encode(&fold.enrolment)? };
        Ok(Self { digest: *bundle.digest(), fitted, fold: fold.clone(), enrolled, probes })
    }
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
