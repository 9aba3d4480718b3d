//! The whole evaluation: protocols, methods, sweeps, and the figures of each.

use std::collections::BTreeMap;

use super::conditions::{ARTIFACT_LEVELS, SNR_LEVELS, add_artefacts, add_noise};
use super::figures::{self, Pooled};
use super::methods::{Encoded, Fitted, Method};
use super::protocols::{Fold, Protocol, ProtocolError, SessionChoice, Split};
use super::results::{ProtocolResult, Sweep, SweepLine};
use crate::dataset::{Dataset, Standardiser};
use crate::embedding::EmbeddingError;
use crate::engine::Engine;
use crate::evaluation::metrics::ScoreError;
use crate::model::safetensors::hex;
use crate::model::{Model, ModelError, Provenance, initialise, reference_dims};
use crate::training::{Settings, Trainer, TrainingData, TrainingError};

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
pub(super) struct Prepared {
    pub model: Model,
    fitted: Fitted,
    /// Codes of the enrolment rows, in the fold's order.
    enrolled: Encoded,
    /// Standardised probe frames, to be made worse.
    probe_frames: Vec<f32>,
    /// Codes of the probe rows.
    probes: Encoded,
    fold: Fold,
}

/// Runs one protocol; `stage` hears of each stage and the seconds it took.
///
/// # Errors
/// When the protocol does not fit the recordings, or an encoder cannot be trained.
pub fn evaluate(
    dataset: &Dataset,
    protocol: Protocol,
    plan: &Plan,
    stage: &mut dyn FnMut(&str),
) -> Result<(ProtocolResult, BTreeMap<String, Vec<f32>>), EvaluationError> {
    let split = protocol.split(dataset, &plan.sessions, plan.training.seed)?;
    let mut folds = Vec::new();
    for fold in &split.folds {
        let model = train(dataset, &fold.training, plan)?;
        stage("training");
        folds.push(prepare(dataset, fold, model, plan.training.seed)?);
        stage("encoding");
    }
    let result = figures::protocol(dataset, protocol, &split, &folds, plan, stage)?;
    let sweeps = if plan.sweeps { sweeps(dataset, &split, &folds, protocol, plan, stage)? } else { Vec::new() };
    let prototypes = figures::prototypes(dataset, &folds[0]);
    Ok((ProtocolResult { sweeps, ..result }, prototypes))
}

/// Trains an encoder on the rows at `training`.
fn train(dataset: &Dataset, training: &[usize], plan: &Plan) -> Result<Model, EvaluationError> {
    let part = dataset.select(training);
    let provenance = Provenance {
        labels: part.labels.clone(),
        training_sessions: part.sessions.clone(),
        window: 1,
        recipe: "evaluation".to_owned(),
    };
    let model = initialise(reference_dims(dataset.features), provenance, plan.training.seed)?;
    let data = TrainingData::prepare(part, 1).map_err(TrainingError::from)?;
    let mut trainer = Trainer::new(model, data, plan.training.clone(), plan.engine, 1)?;
    while trainer.steps_done() < plan.training.steps {
        trainer.step()?;
    }
    Ok(trainer.model())
}

fn prepare(dataset: &Dataset, fold: &Fold, model: Model, seed: u64) -> Result<Prepared, EvaluationError> {
    let standardiser = Standardiser {
        mean: model.tensors["standardiser.mean"].clone(),
        inv_std: model.tensors["standardiser.inv_std"].clone(),
    };
    let frames = |rows: &[usize]| {
        let mut values = dataset.select(rows).values;
        standardiser.apply(&mut values);
        values
    };
    let labels: Vec<u32> = fold.training.iter().map(|&row| dataset.rows[row].label).collect();
    let fitted = Fitted::fit(&model, &frames(&fold.training), &labels, seed);
    let enrolled = fitted.encode(frames(&fold.enrolment))?;
    let probe_frames = frames(&fold.probes);
    let probes = fitted.encode(probe_frames.clone())?;
    Ok(Prepared { model, fitted, enrolled, probe_frames, probes, fold: fold.clone() })
}

impl Prepared {
    /// Digest of the fold's model, in hexadecimal.
    pub(super) fn digest(&self) -> Result<String, ModelError> {
        Ok(hex(&self.model.digest()?))
    }

    pub(super) fn fold(&self) -> &Fold {
        &self.fold
    }

    pub(super) fn enrolled(&self) -> &Encoded {
        &self.enrolled
    }

    pub(super) fn probes(&self) -> &Encoded {
        &self.probes
    }

    /// Members of the enrolment with their classes: at most `most` frames a class.
    pub(super) fn members(&self, dataset: &Dataset, most: usize) -> Vec<(usize, u32)> {
        let mut taken = vec![0; dataset.labels.len()];
        let mut members = Vec::new();
        for (at, &row) in self.fold.enrolment.iter().enumerate() {
            let label = dataset.rows[row].label;
            if taken[label as usize] < most {
                taken[label as usize] += 1;
                members.push((at, label));
            }
        }
        members
    }

    /// Adds the trials of `method` with probes of `group` consecutive frames to `pooled`.
    fn trials(&self, dataset: &Dataset, method: Method, probes: &Encoded, group: usize, most: usize, pooled: &mut Pooled) {
        let templates = self.enrolled.templates(method, &self.members(dataset, most), dataset.labels.len());
        for rows in groups(dataset, &self.fold.probes, group) {
            let row = dataset.rows[self.fold.probes[rows.start]];
            let scores = probes.scores(method, &templates, &rows.collect::<Vec<_>>());
            pooled.add(row.label, row.session, &scores);
        }
    }
}

/// Runs of `size` consecutive probes of one scan, as positions in `probes`.
fn groups(dataset: &Dataset, probes: &[usize], size: usize) -> Vec<std::ops::Range<usize>> {
    let scan = |at: usize| (dataset.rows[probes[at]].label, dataset.rows[probes[at]].session);
    let mut list = Vec::new();
    let mut start = 0;
    while start < probes.len() {
        let end = (start..probes.len()).find(|&at| scan(at) != scan(start)).unwrap_or(probes.len());
        list.extend((start..end).step_by(size).filter(|from| from + size <= end).map(|from| from..from + size));
        start = end;
    }
    list
}

/// All trials of `method`, single frames against all that is enrolled.
pub(super) fn trials(dataset: &Dataset, folds: &[Prepared], method: Method) -> Pooled {
    pool(dataset, folds, method, 1, usize::MAX, &|fold| Ok::<_, EvaluationError>(None)).unwrap_or_default()
}
