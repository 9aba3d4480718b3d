//! The training loop: one step at a time, so that a caller can show progress, save and stop.

use std::fmt;

use neural_vault_core::encoder::Dims;
use serde::Serialize;

use super::batch::{fill_mask, generator};
use super::data::TrainingData;
use super::initial::proxies;
use super::note::Note;
use super::optimiser::{AdamW, clip_factor, sum_of_squares};
use super::{Settings, TrainingError};
use crate::dataset::Dataset;
use crate::engine::{Data, Engine, Feed, Placement, Session};
use crate::graph::step::{PROXIES, Slot, training_step};
use crate::model::{Model, ModelError, Provenance, StateDict, reference_dims};

/// Figures of a step; one line of `train.jsonl`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StepReport {
    /// The step, from 1.
    pub step: u64,
    /// The mean loss over the batch before the update.
    pub loss: f32,
    /// The gradient's norm before clipping.
    pub gradient_norm: f64,
    /// The learning rate of the update.
    pub learning_rate: f64,
}

/// A training run: the current weights and the state for the next step.
pub struct Trainer {
    dims: Dims,
    provenance: Provenance,
    /// Tensors that are not trained.
    constants: Vec<(Slot, Vec<f32>)>,
    pub(super) data: TrainingData,
    /// The trainable tensors, in the order of the graph's gradients.
    pub(super) parameters: Vec<Vec<f32>>,
    pub(super) slots: Vec<Slot>,
    pub(super) optimiser: AdamW,
    /// One graph for each window length.
    graphs: Vec<StepGraph>,
}

/// A step's graph on an engine, with room for its dropout masks.
struct StepGraph {
    session: Box<dyn Session>,
    masks: Vec<(Slot, Vec<f32>)>,
}

impl fmt::Debug for Trainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut trainer = f.debug_struct("Trainer");
        trainer.field("dims", &self.dims).field("settings", &self.data.settings);
        trainer.field("steps_done", &self.optimiser.updates).finish_non_exhaustive()
    }
}

impl Trainer {
    /// Begins a run on `dataset` with fresh weights.
    ///
    /// # Errors
    /// When the recordings cannot be trained on, the settings are out of range, or the engine is not available.
    pub fn begin(dataset: Dataset, settings: Settings, engine: Engine, threads: usize) -> Result<Self, TrainingError> {
        let mut provenance = Provenance {
            labels: dataset.labels.clone(),
            training_sessions: dataset.sessions.clone(),
            window: 1,
            recipe: format!("{}: {}", settings.name(), serde_json::to_string(&settings).unwrap_or_default()),
            effective_dimension: None,
        };
        let data = TrainingData::prepare(dataset, settings)?;
        provenance.window = data.window;
        let (dims, seed) = (reference_dims(data.features()), data.settings.seed);
        let weights = data.sampler.initial_weights(dims, seed)?;
        Self::with_weights(weights, provenance, data, engine, threads)
    }

    /// Begins a run with the weights of `model`, whose standardiser becomes that of `data`.
    ///
    /// `model` must take frames of [`TrainingData::features`] features.
    ///
    /// # Errors
    /// When its weights are not float32, or the engine is not available or refuses the graph.
    pub fn new(model: &Model, data: TrainingData, engine: Engine, threads: usize) -> Result<Self, TrainingError> {
        Self::with_weights(model.state_dict()?, model.provenance().clone(), data, engine, threads)
    }

    fn with_weights(
        weights: StateDict,
        provenance: Provenance,
        mut data: TrainingData,
        engine: Engine,
        threads: usize,
    ) -> Result<Self, TrainingError> {
        let StateDict { dims, mut tensors, .. } = weights;
        let mut graphs = Vec::new();
        let mut slots = None;
        for options in data.sampler.graphs(data.settings.dropout > 0.0) {
            let step = training_step(&dims, &options).map_err(ModelError::Dims)?;
            let masks = step.masks.into_iter().map(|slot| (slot.1.iter().product(), slot));
            let masks = masks.map(|(count, slot)| (slot, vec![0.0; count])).collect();
            let session = engine.open(&step.model, threads)?;
            graphs.push(StepGraph { session, masks });
            slots = Some((step.constants, step.parameters));
        }
        data.notes.extend(placement(&graphs).map(Note::Placement));
        let (constants, slots) = slots.unwrap_or_default();
        if let Some((_, shape)) = slots.iter().find(|(name, _)| name == PROXIES) {
            tensors.insert(PROXIES.to_owned(), proxies(shape, data.settings.seed));
        }
        let mut take = |slot: &Slot| tensors.remove(&slot.0).unwrap_or_default();
        let parameters: Vec<Vec<f32>> = slots.iter().map(&mut take).collect();
        let constants = constants.into_iter().map(|slot| (slot.clone(), take(&slot))).collect();
        let optimiser = AdamW::new(parameters.iter().map(Vec::len), data.settings.weight_decay);
        Ok(Self { dims, provenance, constants, data, parameters, slots, optimiser, graphs })
    }

    /// Steps done so far.
    #[must_use]
    pub fn steps_done(&self) -> u64 {
        self.optimiser.updates
    }

    /// The settings of the run.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.data.settings
    }

    /// Notes on the recordings for the user.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.data.notes
    }

    /// Does one step: draws windows, runs the graph, updates the weights.
    ///
    /// # Errors
    /// When the engine fails, or the loss is no longer a number; the weights are then unchanged.
    pub fn step(&mut self) -> Result<StepReport, TrainingError> {
        let step = self.steps_done();
        let settings = &self.data.settings;
        let mut rng = generator(settings.seed, step);
        let batch = self.data.sampler.draw(&mut rng);
        let StepGraph { session, masks } = &mut self.graphs[batch.graph];
        for (_, mask) in masks.iter_mut() {
            fill_mask(&mut rng, settings.dropout, mask);
        }
        let constants = self.constants.iter().map(|(slot, data)| (slot, data));
        let masks = masks.iter().map(|(slot, data)| (slot, data));
        let tensors = constants.chain(self.slots.iter().zip(&self.parameters)).chain(masks);
        let tensors = tensors.map(|((name, shape), data)| Feed { name, shape, data: Data::F32(data) });
        let feeds: Vec<Feed<'_>> = batch.feeds().chain(tensors).collect();

        let outputs = session.run(&feeds)?;
        let loss = outputs.output(0)?.first().copied().unwrap_or(f32::NAN);
        let gradients = (1..=self.slots.len()).map(|i| outputs.output(i)).collect::<Result<Vec<_>, _>>()?;
        let norm = gradients.iter().map(|g| sum_of_squares(g)).sum::<f64>().sqrt();
        if !loss.is_finite() || !norm.is_finite() {
            return Err(TrainingError::Diverged { step: step + 1, loss });
        }
        let rate = settings.schedule.rate(settings.learning_rate, step, settings.steps);
        let update = self.optimiser.begin(rate, clip_factor(norm, settings.clip));
        for (index, (parameter, gradient)) in self.parameters.iter_mut().zip(gradients).enumerate() {
            let decays = self.data.sampler.decays(&self.slots[index].1);
            let update = if decays { update } else { update.without_decay() };
            self.optimiser.apply(update, index, parameter, gradient);
        }
        Ok(StepReport { step: step + 1, loss, gradient_norm: norm, learning_rate: rate })
    }

    /// The model with the current weights, for raw frames.
    ///
    /// # Errors
    /// When a weight is no longer finite.
    pub fn model(&self) -> Result<Model, ModelError> {
        let trained = self.slots.iter().zip(&self.parameters).filter(|((name, _), _)| name != PROXIES);
        let constants = self.constants.iter().map(|(slot, data)| (slot, data));
        let tensors = trained.chain(constants).map(|((name, _), data)| (name.clone(), data.clone())).collect();
        let standardiser = self.data.standardiser.clone();
        let mut weights = StateDict { dims: self.dims, fill: standardiser.fill, tensors };
        self.data.sampler.finish(&mut weights);
        weights.set_standardiser(standardiser);
        Model::new(&weights, self.provenance.clone())
    }

    /// Sizes of the model in training.
    #[must_use]
    pub fn dims(&self) -> &Dims {
        &self.dims
    }
}

/// Where the nodes of all graphs run, on an engine that uses a GPU.
fn placement(graphs: &[StepGraph]) -> Option<Placement> {
    graphs.iter().filter_map(|graph| graph.session.placement()).fold(None, |sum: Option<Placement>, placement| {
        let mut sum = sum.unwrap_or_default();
        sum.add(placement);
        Some(sum)
    })
}
