//! A Transformer or a linear model, from a window of frames to a unit embedding.

use core::ops::Range;

use super::dims::Dims;
use super::error::EncodeError;
use super::format::WeightFormat;
use super::tensors::Check;
use super::weights::Weights;
use super::workspace::{Workspace, start};
use crate::frame::check_frame;
use crate::kernel::{Fill, Kernel};

/// A Transformer or a linear model, its weights borrowed in place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network<'a> {
    pub(super) dims: Dims,
    pub(super) format: WeightFormat,
    pub(super) weights: Weights<'a>,
    pub(super) kernel: &'static Kernel,
}

impl<'a> Network<'a> {
    /// The model of tensors in the bundle's order, each of which `check` is shown.
    ///
    /// `None` when `check` refuses one, or the bytes are too few, too many or misaligned.
    pub(super) fn new(
        dims: Dims,
        format: WeightFormat,
        fill: Fill,
        tensors: &'a [u8],
        check: Check<'_>,
    ) -> Option<Self> {
        let weights = Weights::cut(tensors, &dims, format, fill, check)?;
        Some(Self { dims, format, weights, kernel: &Kernel::PORTABLE })
    }

    /// The same model, its products computed by `kernel`.
    pub(super) fn with_kernel(self, kernel: &'static Kernel) -> Self {
        Self { kernel, ..self }
    }

    /// The same model for frames that are standardised already, as [`Network::standardise`] does it.
    pub(super) fn without_standardiser(mut self) -> Self {
        self.weights.projection = self.weights.projection.without_standardiser();
        self
    }

    /// Standardises the raw features of a frame in place: `(value - mean) * inv_std`, where the model's [`Fill`] has
    /// replaced values that are not finite.
    pub(super) fn standardise(&self, frame: &mut [f32]) {
        self.weights.projection.standardise(frame);
    }

    /// [`Encoder::embed_window`](super::Encoder::embed_window).
    pub(super) fn embed_window(
        &self,
        frames: &[f32],
        scratch: &mut [f32],
        embedding: &mut [f32],
    ) -> Result<(), EncodeError> {
        let features = self.dims.features;
        let given = frames.len();
        if !given.is_multiple_of(features) {
            return Err(EncodeError::Frames { given, features });
        }
        let window = given / features;
        let mut workspace = self.workspace(window, scratch)?;
        self.check_frames(frames)?;
        self.project(0..features, frames, workspace.rows, workspace.partials);
        self.encode(&mut workspace)?;
        embedding.copy_from_slice(start(workspace.hidden, embedding.len()));
        Ok(())
    }

    /// [`Encoder::embed_frames`](super::Encoder::embed_frames).
    pub(super) fn embed_frames(
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

    /// Its sizes.
    pub(crate) fn dims(&self) -> &Dims {
        &self.dims
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

    /// Projects these features of some frames, whose features before them were projected before, to rows (frames,
    /// d_model).
    ///
    /// The rows are complete once the last feature is in. Nothing else may touch them and `partials` in between.
    pub(crate) fn project(&self, features: Range<usize>, values: &[f32], rows: &mut [f32], partials: &mut [f32]) {
        self.weights.projection.feed(features, values, rows, partials, self.kernel);
    }
}
