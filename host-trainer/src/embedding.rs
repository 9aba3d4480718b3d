//! Scans to embeddings, on any of the three engines.

use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::Encoder;
use neural_vault_core::scan::{ScanError, embed_scan};

use crate::dataset::{self, Dataset, DatasetError, Scan};
use crate::engine::{Data, Engine, EngineError, Feed, Session};
use crate::model::{Model, ModelError, onnx};

/// Windows that an ONNX engine is given at once; bounds its memory on wide recordings.
const BATCH: usize = 64;

/// Which engine embeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmbeddingEngine {
    /// The no_std encoder, as a token runs it: the same bits everywhere.
    Core,
    /// An ONNX engine.
    Onnx(Engine),
}

/// Why a scan has no embedding.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddingError {
    /// The model is not sound.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The engine is not available, or failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The window length is out of range.
    #[error(transparent)]
    Data(#[from] DatasetError),
    /// The recording has another width than the model.
    #[error(
        "{origin}: a frame has {given} features, the model takes {expected}; use recordings of the same parcellation \
         as the training data"
    )]
    Width {
        /// The recording.
        origin: String,
        /// Features a frame of the recording.
        given: usize,
        /// Features a frame of the model.
        expected: usize,
    },
    /// The core refuses the scan.
    #[error("{label}: {source}")]
    Scan {
        /// The scan's label.
        label: String,
        /// Why.
        source: ScanError,
    },
}

/// An encoder on an engine.
pub struct Embedder {
    features: usize,
    latent: usize,
    runner: Runner,
}

enum Runner {
    /// The bundle in words, so that its floats are aligned in place.
    Core { words: Vec<u32>, scratch: Vec<f32> },
    Onnx(Box<dyn Session>),
}

impl Embedder {
    /// Prepares `model` to embed on `engine`.
    ///
    /// # Errors
    /// When the model is not sound, or the engine is not available or refuses it.
    pub fn open(model: &Model, engine: EmbeddingEngine) -> Result<Self, EmbeddingError> {
        let runner = match engine {
            EmbeddingEngine::Core => {
                let bundle = model.to_bundle(None)?;
                let words = bundle.as_chunks::<4>().0.iter().map(|b| u32::from_ne_bytes(*b)).collect();
                Runner::Core { words, scratch: Vec::new() }
            }
            EmbeddingEngine::Onnx(engine) => {
                let proto = onnx::to_proto(model, &model.digest()?)?;
                Runner::Onnx(engine.open(&proto, 1)?)
            }
        };
        Ok(Self { features: model.dims.features, latent: model.dims.latent, runner })
    }

    /// Components of an embedding.
    #[must_use]
    pub fn latent(&self) -> usize {
        self.latent
    }

    /// The embedding of a scan: the mean over its windows of `window` frames.
    ///
    /// # Errors
    /// When the recording has another width than the model, the window is out of range, or the engine fails.
    pub fn scan(&mut self, dataset: &Dataset, scan: &Scan, window: usize) -> Result<Vec<f32>, EmbeddingError> {
        if dataset.features != self.features {
            let origin = dataset.origin.display().to_string();
            return Err(EmbeddingError::Width { origin, given: dataset.features, expected: self.features });
        }
        let frames = dataset.scan_values(scan);
        match &mut self.runner {
            Runner::Core { words, scratch } => {
                let label = || dataset.labels[scan.label as usize].clone();
                core_embedding(words, scratch, frames, window, self.latent)
                    .map_err(|source| EmbeddingError::Scan { label: label(), source })
            }
            Runner::Onnx(session) => onnx_embedding(session.as_mut(), frames, self.features, window, self.latent),
        }
    }

    /// The embeddings of all scans of `dataset`, one row each, in the order of [`Dataset::scans`].
    ///
    /// # Errors
    /// As [`Embedder::scan`].
    pub fn scans(&mut self, dataset: &Dataset, window: usize) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        dataset.scans().iter().map(|scan| self.scan(dataset, scan, window)).collect()
    }
}

fn core_embedding(
    words: &[u32],
    scratch: &mut Vec<f32>,
    frames: &[f32],
    window: usize,
    latent: usize,
) -> Result<Vec<f32>, ScanError> {
    let mut embedding = vec![0.0; latent];
    // The bundle was checked when it was written; opening it again costs one pass of SHA-256 over the weights.
    if let Ok(bundle) = Bundle::open(bytemuck::cast_slice(words)) {
        let encoder = bundle.encoder();
        scratch.resize(Encoder::scratch_len(encoder.dims(), window), 0.0);
        embed_scan(&encoder, frames, window, scratch, &mut embedding)?;
    }
    Ok(embedding)
}

fn onnx_embedding(
    session: &mut dyn Session,
    frames: &[f32],
    features: usize,
    window: usize,
    latent: usize,
) -> Result<Vec<f32>, EmbeddingError> {
    let mut windows = dataset::windows(frames, features, window)?;
    dataset::sanitise(&mut windows);
    let size = window * features;
    let mut total = vec![0.0f32; latent];
    for batch in windows.chunks(BATCH * size) {
        let shape = [batch.len() / size, window, features];
        let outputs = session.run(&[Feed { name: onnx::INPUT, shape: &shape, data: Data::F32(batch) }])?;
        for embedding in outputs.output(0)?.chunks_exact(latent) {
            total.iter_mut().zip(embedding).for_each(|(sum, component)| *sum += component);
        }
    }
    let count = (windows.len() / size) as f32;
    total.iter_mut().for_each(|component| *component /= count);
    Ok(total)
}
