//! The training loop: one step at a time, so that a caller can show progress, save and stop.

use std::collections::BTreeMap;

use neural_vault_core::encoder::Dims;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::optimiser::{AdamW, clip_factor, sum_of_squares};
use super::sampler::{Sampler, StepGenerator};
use super::{Mining, Settings, TrainingError};
use crate::dataset::{Dataset, DatasetError, Standardiser, check_training, windows};
use crate::engine::{Data, Engine, Feed, Session};
use crate::graph::loss;
use crate::graph::step::{Slot, StepOptions, TrainingStep, training_step};
use crate::model::Model;

/// Standardised windows with their classes.
pub struct TrainingData {
    /// Windows x frames x features, row-major.
    pub frames: Vec<f32>,
    /// The class of each window.
    pub labels: Vec<u32>,
    /// Frames a window.
    pub window: usize,
    /// Features a frame.
    pub features: usize,
    /// Statistics of the recordings, to go into the model.
    pub standardiser: Standardiser,
    /// What a person should know about the data.
    pub notes: Vec<String>,
}

impl TrainingData {
    /// Fits the standardiser to `dataset` and cuts its scans into windows.
    ///
    /// # Errors
    /// When there are fewer than two classes, a class has fewer than two windows, or the window length is out of range.
    pub fn prepare(mut dataset: Dataset, window: usize) -> Result<Self, DatasetError> {
        let notes = check_training(&dataset)?;
        let (standardiser, _) = Standardiser::fit(&dataset.values, dataset.features);
        standardiser.apply(&mut dataset.values);
        let mut labels = Vec::new();
        let mut frames = Vec::new();
        for scan in dataset.scans() {
            let cut = windows(dataset.scan_values(&scan), dataset.features, window)?;
            labels.extend(std::iter::repeat_n(scan.label, cut.len() / (window * dataset.features)));
            if window > 1 {
                frames.extend(cut);
            }
        }
        // Windows of one frame are the rows themselves, in order.
        let frames = if window > 1 { frames } else { dataset.values };
        for (class, name) in dataset.labels.iter().enumerate() {
            let count = labels.iter().filter(|&&label| label as usize == class).count();
            if count == 1 {
                return Err(DatasetError::OneWindow { file: dataset.origin, label: name.clone(), window });
            }
        }
        Ok(Self { frames, labels, window, features: dataset.features, standardiser, notes })
    }

    /// SHA-256 over the windows and their classes: a checkpoint belongs to the data it was made with.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for sizes in [self.window, self.features, self.labels.len()] {
            hash.update((sizes as u64).to_le_bytes());
        }
        self.labels.iter().for_each(|label| hash.update(label.to_le_bytes()));
        for block in self.frames.chunks(1024) {
            let bytes: Vec<u8> = block.iter().flat_map(|v| v.to_le_bytes()).collect();
            hash.update(bytes);
        }
        hash.finalize().into()
    }
}

/// What a step did; one line of `train.jsonl`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StepReport {
    /// The step, from 1.
    pub step: u64,
    /// The mean triplet loss before the update.
    pub loss: f32,
    /// The gradient's norm before clipping.
    pub gradient_norm: f64,
    /// The learning rate of the update.
    pub learning_rate: f64,
}

/// A run: the weights as they are, and all that the next step needs.
pub struct Trainer {
    pub(super) model: Model,
    pub(super) settings: Settings,
    pub(super) data: TrainingData,
    /// The trainable tensors, in the order of the graph's gradients.
    pub(super) parameters: Vec<Vec<f32>>,
    pub(super) slots: Vec<Slot>,
    pub(super) optimiser: AdamW,
    masks: Vec<(Slot, Vec<f32>)>,
    sampler: Sampler,
    session: Box<dyn Session>,
    /// The step's windows, when they are not all windows.
    batch: Vec<f32>,
}

impl Trainer {
    /// Begins a run with the weights of `model`, whose standardiser becomes that of `data`.
    ///
    /// # Errors
    /// When the settings are out of range, or the engine is not available or refuses the graph.
    pub fn new(
        mut model: Model,
        data: TrainingData,
        settings: Settings,
        engine: Engine,
        threads: usize,
    ) -> Result<Self, TrainingError> {
        settings.check()?;
        let sampler = Sampler::new(data.labels.clone(), settings.rows, settings.seed);
        let options = StepOptions {
            rows: sampler.rows(),
            window: data.window,
            mining: match settings.mining {
                Mining::Random => loss::Mining::Random { count: settings.batch },
                Mining::BatchHard => loss::Mining::BatchHard,
            },
            margin: settings.margin,
            dropout: settings.dropout > 0.0,
        };
        let TrainingStep { model: graph, parameters: slots, masks } = training_step(&model.dims, &options);
        let session = engine.open(&graph, threads)?;
        model.tensors.insert("standardiser.mean".to_owned(), data.standardiser.mean.clone());
        model.tensors.insert("standardiser.inv_std".to_owned(), data.standardiser.inv_std.clone());
        let parameters: Vec<Vec<f32>> =
            slots.iter().map(|(name, _)| model.tensors.remove(name).unwrap_or_default()).collect();
        let optimiser = AdamW::new(parameters.iter().map(Vec::len), settings.weight_decay);
        let masks = masks.into_iter().map(|slot| (slot.1.iter().product(), slot));
        let masks = masks.map(|(count, slot)| (slot, vec![0.0; count])).collect();
        Ok(Self { model, settings, data, parameters, slots, optimiser, masks, sampler, session, batch: Vec::new() })
    }

    /// Steps done so far.
    #[must_use]
    pub fn steps_done(&self) -> u64 {
        self.optimiser.updates
    }

    /// The settings of the run.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Does one step: draws windows and triplets, runs the graph, updates the weights.
    ///
    /// # Errors
    /// When the engine fails, or the loss is no longer a number; the weights are then those before the step.
    pub fn step(&mut self) -> Result<StepReport, TrainingError> {
        let step = self.steps_done();
        let mut generator = self.sampler.generator(step);
        let windows = self.sampler.windows(&mut generator);
        let choice = Choice::draw(&self.sampler, &self.settings, &windows, &mut generator);
        for (_, mask) in &mut self.masks {
            generator.mask(self.settings.dropout, mask);
        }
        let size = self.data.window * self.data.features;
        let frames = if windows.len() == self.data.labels.len() {
            &self.data.frames
        } else {
            self.batch.clear();
            for &window in &windows {
                self.batch.extend_from_slice(&self.data.frames[window * size..(window + 1) * size]);
            }
            &self.batch
        };
        let shape = [windows.len(), self.data.window, self.data.features];
        let table_shape = [self.model.dims.positions, self.model.dims.d_model];
        let mut feeds = vec![
            Feed { name: "frames", shape: &shape, data: Data::F32(frames) },
            Feed { name: "pos.pe", shape: &table_shape, data: Data::F32(&self.model.tensors["pos.pe"]) },
        ];
        let tensors = self.slots.iter().zip(&self.parameters).chain(self.masks.iter().map(|(slot, data)| (slot, data)));
        feeds.extend(tensors.map(|((name, shape), data)| Feed { name, shape, data: Data::F32(data) }));
        feeds.extend(choice.feeds());

        let outputs = self.session.run(&feeds)?;
        let loss = outputs.output(0)?.first().copied().unwrap_or(f32::NAN);
        let gradients = (1..=self.slots.len()).map(|i| outputs.output(i)).collect::<Result<Vec<_>, _>>()?;
        let norm = gradients.iter().map(|g| sum_of_squares(g)).sum::<f64>().sqrt();
        if !loss.is_finite() || !norm.is_finite() {
            return Err(TrainingError::Diverged { step: step + 1, loss });
        }
        let rate = self.settings.schedule.rate(self.settings.learning_rate, step, self.settings.steps);
        let update = self.optimiser.begin(rate, clip_factor(norm, self.settings.clip));
        for (index, (parameter, gradient)) in self.parameters.iter_mut().zip(gradients).enumerate() {
            self.optimiser.apply(update, index, parameter, gradient);
        }
        Ok(StepReport { step: step + 1, loss, gradient_norm: norm, learning_rate: rate })
    }

    /// The model with the weights as they are now.
    #[must_use]
    pub fn model(&self) -> Model {
        let trained = self.slots.iter().zip(&self.parameters).map(|((name, _), data)| (name.clone(), data.clone()));
        let mut tensors: BTreeMap<_, _> = self.model.tensors.clone();
        tensors.extend(trained);
        Model { dims: self.model.dims, tensors, provenance: self.model.provenance.clone() }
    }

    /// Sizes of the model in training.
    #[must_use]
    pub fn dims(&self) -> &Dims {
        &self.model.dims
    }
}

/// The triplet inputs of one step.
enum Choice {
    Random { indices: [Vec<i64>; 3], shape: [usize; 1] },
    BatchHard { pairs: [Vec<f32>; 2], shape: [usize; 2] },
}

impl Choice {
    fn draw(sampler: &Sampler, settings: &Settings, windows: &[usize], generator: &mut StepGenerator) -> Self {
        match settings.mining {
            Mining::Random => {
                let triplets = sampler.triplets(windows, settings.batch, generator);
                let indices = [triplets.anchor, triplets.positive, triplets.negative];
                Choice::Random { indices, shape: [settings.batch] }
            }
            Mining::BatchHard => {
                let (positives, negatives) = sampler.pairs(windows);
                Choice::BatchHard { pairs: [positives, negatives], shape: [windows.len(); 2] }
            }
        }
    }

    fn feeds(&self) -> Vec<Feed<'_>> {
        match self {
            Choice::Random { indices, shape } => ["anchor", "positive", "negative"]
                .into_iter()
                .zip(indices)
                .map(|(name, data)| Feed { name, shape, data: Data::I64(data) })
                .collect(),
            Choice::BatchHard { pairs, shape } => ["positives", "negatives"]
                .into_iter()
                .zip(pairs)
                .map(|(name, data)| Feed { name, shape, data: Data::F32(data) })
                .collect(),
        }
    }
}
