//! Scans to embeddings, on any of the three engines.

use neural_vault_core::bundle::Bundle;
use neural_vault_core::encoder::{Dims, Encoder};
use neural_vault_core::scan::{ScanEncoder, ScanError};
use rayon::prelude::*;

use crate::dataset::{self, Dataset, DatasetError, Scan};
use crate::engine::{Data, Engine, EngineError, Feed, Session};
use crate::model::{Aligned, Model, ModelError, onnx};

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
    /// The window is longer than the model's position table, or has no frame.
    #[error("a window of {window} frames: the model takes 1 to {positions}; choose another --window, or enrol again")]
    Window {
        /// Frames asked for.
        window: usize,
        /// The longest window of the model.
        positions: usize,
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
    positions: usize,
    runner: Runner,
}

enum Runner {
    Core { bundle: Aligned },
    Onnx(Box<dyn Session>),
}

impl Embedder {
    /// Prepares `model` to embed on `engine`.
    ///
    /// # Errors
    /// When the model is not sound, or the engine is not available or refuses it.
    pub fn open(model: &Model, engine: EmbeddingEngine) -> Result<Self, EmbeddingError> {
        let runner = match engine {
            EmbeddingEngine::Core => Runner::Core { bundle: aligned_bundle(model)? },
            EmbeddingEngine::Onnx(engine) => {
                let proto = onnx::to_proto(model, &model.digest()?)?;
                Runner::Onnx(engine.open(&proto, 1)?)
            }
        };
        let Dims { features, latent, positions, .. } = model.dims;
        Ok(Self { features, latent, positions, runner })
    }

    /// Components of an embedding.
    #[must_use]
    pub fn latent(&self) -> usize {
        self.latent
    }

    /// The embedding of each of `scans`: the mean over its windows of `window` frames.
    ///
    /// # Errors
    /// When the recording has another width than the model, the window is out of range, or the engine fails.
    pub fn scans(&mut self, dataset: &Dataset, scans: &[Scan], window: usize) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        if dataset.features != self.features {
            let origin = dataset.origin.display().to_string();
            return Err(EmbeddingError::Width { origin, given: dataset.features, expected: self.features });
        }
        // Before memory is set aside for it: the number may come from a damaged file.
        if !(1..=self.positions).contains(&window) {
            return Err(EmbeddingError::Window { window, positions: self.positions });
        }
        match &mut self.runner {
            Runner::Core { bundle } => core_embeddings(bundle, dataset, scans, window),
            Runner::Onnx(session) => scans
                .iter()
                .map(|scan| {
                    let frames = dataset.scan_values(scan);
                    onnx_embedding(session.as_mut(), frames, self.features, window, self.latent)
                })
                .collect(),
        }
    }
}

/// The bundle of `model`, to be used in place.
pub(crate) fn aligned_bundle(model: &Model) -> Result<Aligned, ModelError> {
    Ok(Aligned::new(&model.to_bundle(None)?))
}

fn core_embeddings(
    bundle: &[u8],
    dataset: &Dataset,
    scans: &[Scan],
    window: usize,
) -> Result<Vec<Vec<f32>>, EmbeddingError> {
    let bundle = Bundle::open(bundle).map_err(|e| ModelError::Bundle(e.to_string()))?;
    let encoder = bundle.encoder().with_kernel(neural_vault_kernels::best());
    let scratch = || vec![0.0; Encoder::scratch_len(encoder.dims(), window)];
    let embed = |scratch: &mut Vec<f32>, scan: &Scan| {
        let mut embedding = vec![0.0; encoder.dims().latent];
        let mut embed =
            || ScanEncoder::new(&encoder, window, scratch)?.embed(dataset.scan_values(scan), &mut embedding);
        embed().map_err(|source| {
            let label = dataset.labels[scan.label as usize].clone();
            EmbeddingError::Scan { label, source }
        })?;
        Ok(embedding)
    };
    // On all cores, each scan on one; of several errors the first scan's is told.
    let embeddings: Vec<_> = scans.par_iter().map_init(scratch, embed).collect();
    embeddings.into_iter().collect()
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
