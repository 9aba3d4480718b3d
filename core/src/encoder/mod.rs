//! The encoder, from the frames of a window or a scan to a unit embedding.
//!
//! An embedding has the same bits on every machine.
//!
//! The model is the reference's `NeuralVaultFewShot`: a linear projection with sinusoidal positions, pre-norm
//! Transformer layers, the mean over time, and a head of LayerNorm, Linear, GELU, Linear and L2 normalisation. A linear
//! model ([`Dims::linear`]) is the projection, the mean over time and L2 normalisation alone. A connectome model
//! ([`Dims::connectome`]) is of another kind: it embeds how regions covary over a whole scan.
//!
//! # Numeric contract
//! Keys are functions of every bit of an embedding, so arithmetic has one order: float32, round to nearest, nothing
//! fused. Products sum along their inputs inside blocks of 256, block sums in order, bias last. Means, variances,
//! softmax and norms sum in 16 lanes and a fixed tree. Square roots are the nearest floats; the error function is the
//! core's own. The products of int8 weights are sums of integers, exact in any order; see [`WeightFormat`].

mod activation;
#[cfg(feature = "connectome")]
mod connectome;
mod dims;
mod erf;
mod error;
#[cfg(feature = "weights-f32")]
mod float;
pub(crate) mod format;
mod forward;
#[cfg(feature = "weights-int8")]
mod integer;
mod linear;
mod network;
mod tensors;
#[cfg(feature = "weights-int8")]
mod totals;
mod weights;
mod workspace;

pub use crate::kernel::Fill;
pub use dims::{Dims, DimsError, IMPOSTOR_LENGTHS, MAX_REGIONS, ModelKind};
pub use error::EncodeError;
pub use format::WeightFormat;

#[cfg(feature = "connectome")]
pub(crate) use connectome::{Connectome, Stream, StreamState};
pub(crate) use network::Network;
pub(crate) use tensors::{Check, Piece};
pub(crate) use workspace::Workspace;

use crate::kernel::Kernel;

#[cfg(not(any(feature = "weights-f32", feature = "weights-int8")))]
compile_error!("an encoder needs the arithmetic of a weight format: weights-f32, weights-16bit or weights-int8");

/// A model ready to run, its weights borrowed in place.
#[derive(Clone, Copy, Debug)]
pub struct Encoder<'a> {
    dims: Dims,
    format: WeightFormat,
    fill: Fill,
    model: Model<'a>,
}

/// A model by what it computes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Model<'a> {
    /// A Transformer or a linear model: a window has an embedding, a scan the mean of those of its windows.
    Network(Network<'a>),
    /// A scan has one embedding, whatever its length.
    #[cfg(feature = "connectome")]
    Connectome(Connectome<'a>),
}

impl<'a> Encoder<'a> {
    /// The encoder of tensors in the bundle's order, each of which `check` is shown.
    ///
    /// `None` when `check` refuses one, the bytes are too few, too many or misaligned, or this build lacks the kind of model.
    pub(crate) fn new(
        dims: Dims,
        format: WeightFormat,
        fill: Fill,
        tensors: &'a [u8],
        check: Check<'_>,
    ) -> Option<Self> {
        let model = match dims.kind() {
            #[cfg(feature = "connectome")]
            ModelKind::Connectome => Model::Connectome(Connectome::new(dims, format, tensors, check)?),
            #[cfg(not(feature = "connectome"))]
            ModelKind::Connectome => return None,
            ModelKind::Transformer | ModelKind::Linear => {
                Model::Network(Network::new(dims, format, fill, tensors, check)?)
            }
        };
        Some(Self { dims, format, fill, model })
    }

    /// The same model, its products computed by `kernel`.
    #[must_use]
    pub fn with_kernel(self, kernel: &'static Kernel) -> Self {
        let model = match self.model {
            Model::Network(network) => Model::Network(network.with_kernel(kernel)),
            #[cfg(feature = "connectome")]
            Model::Connectome(connectome) => Model::Connectome(connectome.with_kernel(kernel)),
        };
        Self { model, ..self }
    }

    /// The same model for frames that are standardised already, as [`Encoder::standardise`] does it.
    ///
    /// A connectome model standardises no frames, and stays as it is.
    #[must_use]
    pub fn without_standardiser(self) -> Self {
        let model = match self.model {
            Model::Network(network) => Model::Network(network.without_standardiser()),
            #[cfg(feature = "connectome")]
            connectome @ Model::Connectome(_) => connectome,
        };
        Self { model, ..self }
    }

    /// Standardises the raw features of a frame in place: `(value - mean) * inv_std`, where the model's [`Fill`] has
    /// replaced values that are not finite.
    ///
    /// A connectome model leaves frames as they are.
    pub fn standardise(&self, frame: &mut [f32]) {
        match &self.model {
            Model::Network(network) => network.standardise(frame),
            #[cfg(feature = "connectome")]
            Model::Connectome(_) => {}
        }
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

    /// What it computes.
    pub(crate) fn model(&self) -> &Model<'a> {
        &self.model
    }

    /// Floats of scratch memory that windows of `window` frames need; `const`, so that firmware can size a static.
    ///
    /// For a connectome model they are the same for scans of any length.
    pub const fn scratch_len(dims: &Dims, window: usize) -> usize {
        match dims.kind() {
            #[cfg(feature = "connectome")]
            ModelKind::Connectome => connectome::scratch_len(dims),
            #[cfg(not(feature = "connectome"))]
            ModelKind::Connectome => 0,
            ModelKind::Transformer | ModelKind::Linear => Workspace::length(dims, window),
        }
    }

    /// Embeds one window of raw frames (frames, features) as a unit vector of `latent` components.
    ///
    /// Values are standardised on the way in, those that are not finite replaced by the model's rule. A connectome model
    /// takes a scan of any length from two frames on.
    ///
    /// # Errors
    /// A length does not fit the model, a frame says nothing, or the embedding is zero or not finite.
    pub fn embed_window(&self, frames: &[f32], scratch: &mut [f32], embedding: &mut [f32]) -> Result<(), EncodeError> {
        self.check_embedding(embedding)?;
        match &self.model {
            Model::Network(network) => network.embed_window(frames, scratch, embedding),
            #[cfg(feature = "connectome")]
            Model::Connectome(connectome) => connectome.embed(frames, scratch, embedding),
        }
    }

    /// Embeds raw frames (frames, features), each as a window of its own, to unit vectors (frames, latent).
    ///
    /// The bits are those of [`Encoder::embed_window`] frame by frame. It is faster because `together` frames share a
    /// pass over the weights of the projection; `scratch` is at least [`Encoder::scratch_len`] floats for a window of
    /// `together`.
    ///
    /// # Errors
    /// As [`Encoder::embed_window`]; embeddings before the failing one are written. A connectome model has no embedding of
    /// a single frame.
    pub fn embed_frames(
        &self,
        frames: &[f32],
        together: usize,
        scratch: &mut [f32],
        embeddings: &mut [f32],
    ) -> Result<(), EncodeError> {
        match &self.model {
            Model::Network(network) => network.embed_frames(frames, together, scratch, embeddings),
            #[cfg(feature = "connectome")]
            Model::Connectome(_) => Err(EncodeError::SingleFrames),
        }
    }

    /// Checks the space for an embedding.
    pub(crate) fn check_embedding(&self, embedding: &[f32]) -> Result<(), EncodeError> {
        let (given, needed) = (embedding.len(), self.dims.latent);
        if given == needed { Ok(()) } else { Err(EncodeError::Embedding { given, needed }) }
    }
}
