//! Embedding scans, on the core or an ONNX engine.

#[cfg(feature = "_engine")]
mod onnx;

use std::borrow::Cow;
use std::fmt;

use neural_vault_core::encoder::{Dims, Encoder};
#[cfg(feature = "_engine")]
use neural_vault_core::scan::check_frame;
use neural_vault_core::scan::{ScanEncoder, ScanError};
use rayon::prelude::*;

use crate::dataset::{Dataset, DatasetError, Scan, check_frames};
#[cfg(feature = "_engine")]
use crate::engine::{Engine, EngineError, Session};
use crate::escape::Escaped;
use crate::model::{Model, ModelError};

/// Which engine embeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmbeddingEngine {
    /// The no_std encoder, as a token runs it: the same bits everywhere.
    Core,
    /// An ONNX engine.
    #[cfg(feature = "_engine")]
    Onnx(Engine),
}

/// Why a scan has no embedding.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddingError {
    /// The model is not sound.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The engine is not available, or failed.
    #[cfg(feature = "_engine")]
    #[error("{0}")]
    Engine(#[from] EngineError),
    /// The window length is out of range.
    #[error(transparent)]
    Data(#[from] DatasetError),
    /// The recording and the model differ in their number of features.
    #[error(
        "{origin}: a frame has {given} features, the model takes {expected}; use recordings of the same parcellation \
         as the training data"
    )]
    Width {
        /// The recording, or the scan's name.
        origin: String,
        /// Features per frame of the recording.
        given: usize,
        /// Features per frame of the model.
        expected: usize,
    },
    /// A recording has as many frames as the model has features, and another number of features.
    #[error(
        "{origin}: a scan of {rows} frames x {columns} features looks transposed: the model takes frames of {rows} features; \
         rows are timesteps, so save `array.T`"
    )]
    Transposed {
        /// The recording.
        origin: String,
        /// Frames of a scan, which are as many as the model's features.
        rows: usize,
        /// Features per frame of the recording.
        columns: usize,
    },
    /// The window is longer than the model's position table, or has no frame.
    #[error("a window of {window} frames: the model takes 1 to {positions}")]
    Window {
        /// The requested window in frames.
        window: usize,
        /// The longest window of the model.
        positions: usize,
    },
    /// The window is longer than every scan, whose frames would be repeated to fill it.
    #[error("windows of {window} frames: the longest scan ({}) has {frames} frames; ask for fewer", Escaped(scan))]
    LongWindow {
        /// The requested window in frames.
        window: usize,
        /// The name of the longest scan.
        scan: String,
        /// Its frames.
        frames: usize,
    },
    /// The core refuses the scan.
    #[error("{label}: {source}")]
    Scan {
        /// The scan's name: its label and session, if it comes from a dataset.
        label: String,
        /// The core's error.
        source: ScanError,
    },
}

/// A scan to embed.
#[derive(Clone, Copy, Debug)]
pub struct Frames<'a> {
    /// Its name in errors.
    pub name: &'a str,
    /// Raw values, frame after frame.
    pub values: &'a [f32],
    /// Values per frame.
    pub features: usize,
}

/// An encoder on an engine.
pub struct Embedder {
    dims: Dims,
    runner: Runner,
}

enum Runner {
    Core(Box<Model>),
    #[cfg(feature = "_engine")]
    Onnx(Box<dyn Session>),
}

impl Embedder {
    /// Prepares `model` to embed on `engine`; on the core it shares the model's weights.
    ///
    /// # Errors
    /// When the engine is not available or refuses the model, or an ONNX engine is given weights that are not float32.
    pub fn open(model: &Model, engine: EmbeddingEngine) -> Result<Self, EmbeddingError> {
        let runner = match engine {
            EmbeddingEngine::Core => Runner::Core(Box::new(model.clone())),
            #[cfg(feature = "_engine")]
            EmbeddingEngine::Onnx(engine) => Runner::Onnx(engine.open(&crate::model::onnx::to_proto(model)?, 1)?),
        };
        Ok(Self { dims: *model.dims(), runner })
    }

    /// Components of an embedding.
    #[must_use]
    pub fn latent(&self) -> usize {
        self.dims.latent
    }

    /// The embedding of each of `scans`, which is the mean over its windows of `window` frames.
    ///
    /// A scan is a run of frames without a gap. When it is shorter than a window it is repeated to fill one; frames after
    /// the last whole window are left out. A connectome model embeds a scan as a whole, and refuses one of fewer frames.
    ///
    /// # Errors
    /// When a scan has another width than the model or ends inside a frame, the window is out of range, or the engine
    /// fails. If several scans fail, the error is that of the first.
    pub fn embed(&mut self, scans: &[Frames<'_>], window: usize) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        if let Some(other) = scans.iter().find(|scan| scan.features != self.dims.features) {
            return Err(width(other.name.to_owned(), other.features, self.dims.features));
        }
        self.check_window(window)?;
        match &mut self.runner {
            Runner::Core(model) => core_embeddings(model, scans, window),
            #[cfg(feature = "_engine")]
            Runner::Onnx(session) => {
                scans.iter().map(|scan| onnx::embedding(session.as_mut(), scan, window, &self.dims)).collect()
            }
        }
    }

    /// The embedding of each of `scans` of a dataset, which is the mean over its windows of `window` frames.
    ///
    /// Windows are those of [`Dataset::windows`]: none joins frames across a gap in time. A connectome model embeds all frames
    /// of a scan at once, across gaps too: the order of frames does not enter a correlation.
    ///
    /// # Errors
    /// As [`Embedder::embed`]; also when a frame says nothing, or the recordings look transposed.
    pub fn scans(&mut self, dataset: &Dataset, scans: &[Scan], window: usize) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        check_width(dataset, self.dims.features)?;
        self.check_window(window)?;
        let is_whole = self.dims.is_connectome();
        for scan in scans {
            if is_whole {
                check_frames(dataset, scan.rows.clone())?;
            } else {
                check_frames(dataset, dataset.windows(scan, window).into_iter().flat_map(|window| window.rows))?;
            }
        }
        let names: Vec<String> = scans.iter().map(|scan| name(dataset, scan)).collect();
        let values = |scan| match is_whole {
            true => Cow::Borrowed(dataset.scan_values(scan)),
            false => dataset.windowed_values(scan, window),
        };
        let values: Vec<Cow<'_, [f32]>> = scans.iter().map(values).collect();
        let frames =
            names.iter().zip(&values).map(|(name, values)| Frames { name, values, features: dataset.features });
        self.embed(&frames.collect::<Vec<_>>(), window)
    }

    /// Checks a window before memory is allocated for it: it may come from a damaged file.
    fn check_window(&self, window: usize) -> Result<(), EmbeddingError> {
        let positions = self.dims.max_window();
        if (1..=positions).contains(&window) { Ok(()) } else { Err(EmbeddingError::Window { window, positions }) }
    }
}

impl fmt::Debug for Embedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedder").field("dims", &self.dims).finish_non_exhaustive()
    }
}

/// Refuses recordings whose frames are not of `features` values, those of a model.
///
/// # Errors
/// [`EmbeddingError::Width`], or [`EmbeddingError::Transposed`] where a scan has as many frames as that.
pub fn check_width(dataset: &Dataset, features: usize) -> Result<(), EmbeddingError> {
    if dataset.features == features {
        return Ok(());
    }
    let origin = dataset.origin.display().to_string();
    if dataset.scans().iter().any(|scan| scan.rows.len() == features) {
        return Err(EmbeddingError::Transposed { origin, rows: features, columns: dataset.features });
    }
    Err(width(origin, dataset.features, features))
}

/// Refuses windows that no scan of `dataset` is long enough for.
///
/// # Errors
/// [`EmbeddingError::LongWindow`].
pub fn check_long_windows(windows: &[usize], dataset: &Dataset) -> Result<(), EmbeddingError> {
    let scans = dataset.scans();
    let Some(longest) = scans.iter().max_by_key(|scan| scan.rows.len()) else { return Ok(()) };
    let frames = longest.rows.len();
    match windows.iter().find(|window| **window > frames) {
        None => Ok(()),
        Some(&window) => Err(EmbeddingError::LongWindow { window, scan: name(dataset, longest), frames }),
    }
}

/// Refuses raw values with a frame that says nothing, as the core does.
#[cfg(feature = "_engine")]
fn check_raw(values: &[f32], features: usize) -> Result<(), ScanError> {
    for (index, frame) in values.chunks_exact(features).enumerate() {
        check_frame(frame).map_err(|cause| ScanError::Degenerate { frame: index + 1, cause })?;
    }
    Ok(())
}

/// The label of a scan, and its session where the recordings name sessions.
pub(crate) fn name(dataset: &Dataset, scan: &Scan) -> String {
    let (label, session) = (&dataset.labels[scan.label as usize], &dataset.sessions[scan.session as usize]);
    if session.is_empty() { label.clone() } else { format!("{label}, session {session}") }
}

fn width(origin: String, given: usize, expected: usize) -> EmbeddingError {
    EmbeddingError::Width { origin, given, expected }
}

/// Embeds on all cores of the processor, each scan on one.
fn core_embeddings(model: &Model, scans: &[Frames<'_>], window: usize) -> Result<Vec<Vec<f32>>, EmbeddingError> {
    let encoder = model.bundle()?.encoder().with_kernel(neural_vault_kernels::best());
    let scratch = || vec![0.0; Encoder::scratch_len(encoder.dims(), window)];
    let embed = |scratch: &mut Vec<f32>, scan: &Frames<'_>| {
        let mut embedding = vec![0.0; encoder.dims().latent];
        ScanEncoder::new(&encoder, window, scratch)
            .and_then(|scan_encoder| scan_encoder.embed(scan.values, &mut embedding))
            .map_err(|source| EmbeddingError::Scan { label: scan.name.to_owned(), source })?;
        Ok(embedding)
    };
    // All results are collected first, so that the error of the first failing scan is returned whichever thread fails
    // first.
    let embeddings: Vec<_> = scans.par_iter().map_init(scratch, embed).collect();
    embeddings.into_iter().collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    use crate::dataset::Synthetic;
    use crate::model::{Provenance, initialise, linear_dims};

    const FEATURES: usize = 24;

    fn embedder() -> Embedder {
        let model = initialise(linear_dims(FEATURES), Provenance::default(), 3).unwrap();
        Embedder::open(&model, EmbeddingEngine::Core).unwrap()
    }

    #[test]
    fn an_embedder_on_the_core_shares_the_bundle_of_its_model() {
        let model = initialise(linear_dims(FEATURES), Provenance::default(), 3).unwrap();
        let embedder = Embedder::open(&model, EmbeddingEngine::Core).unwrap();
        let Runner::Core(shared) = &embedder.runner else { unreachable!() };
        assert_eq!(shared.bytes().as_ptr(), model.bytes().as_ptr());
    }

    #[test]
    fn slices_embed_as_the_scans_of_a_dataset_do() {
        let data =
            Synthetic { classes: 2, timesteps: 8, features: FEATURES, sessions: 2, noise: 0.3, seed: 5 }.recordings();
        let scans = data.scans();
        let slices: Vec<Frames<'_>> =
            scans.iter().map(|scan| Frames { name: "", values: data.scan_values(scan), features: FEATURES }).collect();
        let mut embedder = embedder();
        assert_eq!(embedder.embed(&slices, 3).unwrap(), embedder.scans(&data, &scans, 3).unwrap());
    }

    #[test]
    fn a_scan_with_a_gap_embeds_as_the_mean_of_the_whole_windows_of_its_runs() {
        let mut data =
            Synthetic { classes: 1, timesteps: 11, features: FEATURES, sessions: 1, noise: 0.3, seed: 5 }.recordings();
        data.rows[4..].iter_mut().for_each(|row| row.run = 1);
        let mut embedder = embedder();
        let mut one = |rows: std::ops::Range<usize>, window| {
            embedder.scans(&data, &[Scan { label: 0, session: 0, rows }], window).unwrap().remove(0)
        };
        let windows = [one(0..3, 3), one(4..7, 3), one(7..10, 3)];
        let mean: Vec<f32> = (0..windows[0].len()).map(|k| windows.iter().map(|w| w[k]).sum::<f32>() / 3.0).collect();
        assert_eq!(one(0..11, 3), mean);
        assert_eq!(one(0..11, 9), one(4..11, 9), "the longest run is repeated");
    }

    #[test]
    fn recordings_with_as_many_frames_as_the_model_has_features_look_transposed() {
        let data =
            Synthetic { classes: 2, timesteps: FEATURES, features: 7, sessions: 1, noise: 0.3, seed: 5 }.recordings();
        let message = embedder().scans(&data, &data.scans(), 1).unwrap_err().to_string();
        assert!(
            message.contains("24 frames x 7 features looks transposed") && message.contains("array.T"),
            "{message}"
        );
    }

    #[test]
    fn a_frame_that_says_nothing_is_named_by_its_timestep() {
        let mut data =
            Synthetic { classes: 2, timesteps: 5, features: FEATURES, sessions: 2, noise: 0.3, seed: 5 }.recordings();
        data.values[8 * FEATURES..9 * FEATURES].fill(1.0);
        let scans = data.scans();
        let message = embedder().scans(&data, &scans, 1).unwrap_err().to_string();
        assert!(message.contains("label `class00`, session `run01`, timestep 3"), "{message}");
        assert!(embedder().scans(&data, &scans, 3).is_ok(), "it is outside the scan's only window");
    }

    #[test]
    fn slices_of_another_width_or_of_a_part_of_a_frame_are_refused_by_name() {
        let values = [0.5; FEATURES + 1];
        let scan = Frames { name: "probe", values: &values, features: FEATURES };
        let error = embedder().embed(&[scan], 1).unwrap_err();
        assert!(matches!(&error, EmbeddingError::Scan { label, .. } if label == "probe"), "{error}");
        let error = embedder().embed(&[Frames { features: 5, ..scan }], 1).unwrap_err();
        assert!(matches!(&error, EmbeddingError::Width { given: 5, expected: FEATURES, .. }), "{error}");
    }
}
