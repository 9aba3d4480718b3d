//! The encoder, from a window of frames to a unit embedding.
//!
//! An embedding has the same bits on every machine.
//!
//! The model is the reference's `NeuralVaultFewShot`: a linear projection with sinusoidal positions, pre-norm
//! Transformer layers, the mean over time, and a head of LayerNorm, Linear, GELU, Linear and L2 normalisation. A linear
//! model ([`Dims::linear`]) is the projection, the mean over time and L2 normalisation alone.
//!
//! # Numeric contract
//! Keys are functions of every bit of an embedding, so arithmetic has one order: float32, round to nearest, nothing
//! fused. Products sum along their inputs inside blocks of 256, block sums in order, bias last. Means, variances,
//! softmax and norms sum in 16 lanes and a fixed tree. Square roots are the nearest floats; the error function is the
//! core's own. The products of int8 weights are sums of integers, exact in any order; see [`WeightFormat`].

mod activation;
mod dims;
mod erf;
#[cfg(feature = "weights-f32")]
mod float;
pub(crate) mod format;
mod forward;
#[cfg(feature = "weights-int8")]
mod integer;
mod linear;
#[cfg(feature = "weights-int8")]
mod totals;
mod weights;
mod workspace;

use core::error::Error;
use core::fmt;
use core::ops::Range;

pub use crate::kernel::Fill;
pub use dims::{Dims, DimsError};
pub use format::WeightFormat;

pub(crate) use weights::{Check, Piece};
pub(crate) use workspace::Workspace;

use crate::frame::{FrameError, check_frame};
use crate::kernel::Kernel;
use crate::similarity::SimilarityError;
use forward::start;
use weights::Weights;

#[cfg(not(any(feature = "weights-f32", feature = "weights-int8")))]
compile_error!("an encoder needs the arithmetic of a weight format: weights-f32, weights-16bit or weights-int8");

/// A model ready to run, its weights borrowed in place.
#[derive(Clone, Copy, Debug)]
pub struct Encoder<'a> {
    dims: Dims,
    format: WeightFormat,
    fill: Fill,
    weights: Weights<'a>,
    kernel: &'static Kernel,
}

/// Why a window has no embedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// The window is empty or longer than the position table.
    Window {
        /// Frames given.
        given: usize,
        /// Most frames the model takes.
        max: usize,
    },
    /// The frames do not all have the model's features.
    Frames {
        /// Values given.
        given: usize,
        /// Values in a frame.
        features: usize,
    },
    /// The scratch memory is too short.
    Scratch {
        /// Floats given.
        given: usize,
        /// Floats needed, [`Encoder::scratch_len`].
        needed: usize,
    },
    /// The space for the embedding has another length than the embedding.
    Embedding {
        /// Floats given.
        given: usize,
        /// Components of an embedding.
        needed: usize,
    },
    /// A raw frame says nothing: too few of its values are finite, or they are all equal.
    Frame {
        /// The frame, from 1.
        frame: usize,
        /// What it lacks.
        cause: FrameError,
    },
    /// The embedding is zero or not finite, as when raw values overflow.
    Degenerate(SimilarityError),
}

impl<'a> Encoder<'a> {
    /// The encoder of tensors in the bundle's order, each of which `check` is shown.
    ///
    /// `None` when `check` refuses one, or the bytes are too few, too many or misaligned.
    pub(crate) fn new(
        dims: Dims,
        format: WeightFormat,
        fill: Fill,
        tensors: &'a [u8],
        check: Check<'_>,
    ) -> Option<Self> {
        let weights = Weights::cut(tensors, &dims, format, fill, check)?;
        Some(Self { dims, format, fill, weights, kernel: &Kernel::PORTABLE })
    }

    /// The same model, its products computed by `kernel`.
    #[must_use]
    pub fn with_kernel(self, kernel: &'static Kernel) -> Self {
        Self { kernel, ..self }
    }

    /// The same model for frames that are standardised already, as [`Encoder::standardise`] does it.
    #[must_use]
    pub fn without_standardiser(mut self) -> Self {
        self.weights.projection = self.weights.projection.without_standardiser();
        self
    }

    /// Standardises the raw features of a frame in place: `(value - mean) * inv_std`, where the model's [`Fill`] has
    /// replaced values that are not finite.
    pub fn standardise(&self, frame: &mut [f32]) {
        self.weights.projection.standardise(frame);
    }

    /// The model's sizes.
    pub fn dims(&self) -> &Dims {
        &self.dims
    }

    /// How its weights are stored.
    pub fn format(&self) -> WeightFormat {
        self.format
    }

    /// What replaces raw values that are not finite.
    pub fn fill(&self) -> Fill {
        self.fill
    }

    /// Floats of scratch memory that windows of `window` frames need; `const`, so that firmware can size a static.
    pub const fn scratch_len(dims: &Dims, window: usize) -> usize {
        Workspace::length(dims, window)
    }

    /// Embeds one window of raw frames (frames, features) as a unit vector of `latent` components.
    ///
    /// Values are standardised on the way in, those that are not finite replaced by the model's rule.
    ///
    /// # Errors
    /// A length does not fit the model, a frame says nothing, or the embedding is zero or not finite.
    pub fn embed_window(&self, frames: &[f32], scratch: &mut [f32], embedding: &mut [f32]) -> Result<(), EncodeError> {
        let features = self.dims.features;
        let given = frames.len();
        if !given.is_multiple_of(features) {
            return Err(EncodeError::Frames { given, features });
        }
        let window = given / features;
        let mut workspace = self.workspace(window, scratch)?;
        self.check_embedding(embedding)?;
        self.check_frames(frames)?;
        self.project(0..features, frames, workspace.rows, workspace.partials);
        self.encode(&mut workspace)?;
        embedding.copy_from_slice(start(workspace.hidden, embedding.len()));
        Ok(())
    }

    /// Embeds raw frames (frames, features), each as a window of its own, to unit vectors (frames, latent).
    ///
    /// The bits are those of [`Encoder::embed_window`] frame by frame. It is faster because `together` frames share a
    /// pass over the weights of the projection; `scratch` is at least [`Encoder::scratch_len`] floats for a window of
    /// `together`.
    ///
    /// # Errors
    /// As [`Encoder::embed_window`]; embeddings before the failing one are written.
    pub fn embed_frames(
        &self,
        frames: &[f32],
        together: usize,
        scratch: &mut [f32],
        embeddings: &mut [f32],
    ) -> Result<(), EncodeError> {
        let Dims { features, d_model, latent, .. } = self.dims;
        if !frames.len().is_multiple_of(features) {
            return Err(EncodeError::Frames { given: frames.len(), features });
        }
        let needed = frames.len() / features * latent;
        if embeddings.len() != needed {
            return Err(EncodeError::Embedding { given: embeddings.len(), needed });
        }
        let Workspace { rows, partials, normed, hidden, scores, .. } = self.workspace(together, scratch)?;
        self.check_frames(frames)?;
        for (frames, embeddings) in frames.chunks(together * features).zip(embeddings.chunks_mut(together * latent)) {
            let rows = start(rows, frames.len() / features * d_model);
            self.project(0..features, frames, rows, partials);
            for (rows, embedding) in rows.chunks_exact_mut(d_model).zip(embeddings.chunks_exact_mut(latent)) {
                let (hidden, scores) = (&mut *hidden, start(scores, self.dims.heads));
                let mut workspace = Workspace { rows, partials, total: &mut [], normed, hidden, scores };
                self.encode(&mut workspace)?;
                embedding.copy_from_slice(start(workspace.hidden, embedding.len()));
            }
        }
        Ok(())
    }

    /// Whether frames enter as they were recorded.
    pub(crate) fn takes_raw_frames(&self) -> bool {
        self.weights.projection.is_standardised()
    }

    /// Checks that each raw frame says something.
    fn check_frames(&self, frames: &[f32]) -> Result<(), EncodeError> {
        if self.takes_raw_frames() {
            for (index, frame) in frames.chunks_exact(self.dims.features).enumerate() {
                check_frame(frame).map_err(|cause| EncodeError::Frame { frame: index + 1, cause })?;
            }
        }
        Ok(())
    }

    /// Cuts `scratch` up for windows of `window` frames.
    pub(crate) fn workspace<'s>(&self, window: usize, scratch: &'s mut [f32]) -> Result<Workspace<'s>, EncodeError> {
        let max = self.dims.positions;
        if window == 0 || window > max {
            let given = window;
            return Err(EncodeError::Window { given, max });
        }
        let given = scratch.len();
        Workspace::cut(scratch, &self.dims, window).map_err(|needed| EncodeError::Scratch { given, needed })
    }

    /// Checks the space for an embedding.
    pub(crate) fn check_embedding(&self, embedding: &[f32]) -> Result<(), EncodeError> {
        let (given, needed) = (embedding.len(), self.dims.latent);
        if given == needed { Ok(()) } else { Err(EncodeError::Embedding { given, needed }) }
    }

    /// Projects these features of some frames, whose features before them were projected before, to rows (frames,
    /// d_model).
    ///
    /// The rows are complete once the last feature is in. Nothing else may touch them and `partials` in between.
    pub(crate) fn project(&self, features: Range<usize>, values: &[f32], rows: &mut [f32], partials: &mut [f32]) {
        self.weights.projection.feed(features, values, rows, partials, self.kernel);
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Window { given, max } => {
                write!(f, "window of {given} frames, the model takes 1 to {max}")
            }
            Self::Frames { given, features } => {
                write!(f, "{given} values are not a whole number of frames of {features} features")
            }
            Self::Scratch { given, needed } => {
                write!(f, "scratch memory of {given} floats, {needed} are needed")
            }
            Self::Embedding { given, needed } => {
                write!(f, "room for {given} components, an embedding has {needed}")
            }
            Self::Frame { frame, cause } => write!(f, "frame {frame} says nothing: {cause}"),
            Self::Degenerate(error) => write!(f, "embedding has no direction: {error}"),
        }
    }
}

impl Error for EncodeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Frame { cause, .. } => Some(cause),
            Self::Degenerate(error) => Some(error),
            _ => None,
        }
    }
}
