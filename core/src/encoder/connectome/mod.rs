//! Embeddings of how the regions of a scan covary: a model of persons that it was not trained on.
//!
//! A scan of any length has one embedding, with a component for each pair of regions. From frames of d regions:
//!
//! 1. C, the correlations of the regions over the frames (d x d);
//! 2. A = W C W, scaled to the trace d, where the whitening W is part of the model;
//! 3. v = -(A + I)^-1 above its diagonal, row by row: partial correlations, stable for a scan of few frames;
//! 4. (v - mu) / |v - mu|, where the mean mu is part of the model.
//!
//! # Numeric contract
//! As in [`crate::encoder`]: float32, nothing fused. Sums over frames run frame by frame, each frame less the first one of the
//! scan. Products with W sum over regions in order. The inverse is by the sweep operator (Goodnight 1979) without
//! pivoting, region by region: A + I has no eigenvalue below 1, so no pivot is below 1 either but by rounding.

mod embedding;
mod inverse;
mod stream;
mod whitening;
mod workspace;

pub(crate) use stream::{Stream, StreamState};
pub(super) use workspace::scratch_len;

use super::dims::{Dims, IMPOSTOR_LENGTHS};
use super::error::EncodeError;
use super::format::{Storage, WeightFormat};
use super::tensors::{Check, Cutter};
use crate::kernel::{Kernel, LANES, WeightRows};

/// A connectome model, its parameters borrowed in place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connectome<'a> {
    features: usize,
    regions: usize,
    /// The region of each feature, from 1, or 0 for none; empty where each feature is a region.
    parcels: &'a [u8],
    /// W (regions, regions), symmetric.
    whitening: WeightRows<'a, f32>,
    /// mu (pairs of regions).
    mean: &'a [f32],
    kernel: &'static Kernel,
}

impl<'a> Connectome<'a> {
    /// The model of tensors in the bundle's order, each of which `check` is shown.
    ///
    /// `None` when `check` refuses one, or the bytes are too few, too many or misaligned, or not of float32.
    pub(super) fn new(dims: Dims, format: WeightFormat, tensors: &'a [u8], check: Check<'_>) -> Option<Self> {
        if format != WeightFormat::F32 {
            return None;
        }
        let (features, regions) = (dims.features, dims.regions()?);
        let mut rest = Cutter::new(tensors, format, check);
        let parcels = rest.cut(Storage::Parcel, if features == regions { 0 } else { features }, regions)?;
        let whitening = rest.cut(Storage::Symmetric, regions, regions)?;
        let columns = bytemuck::try_cast_slice(whitening).ok()?;
        let whitening = WeightRows { columns, stride: regions.div_ceil(LANES) };
        let mean = rest.floats(dims.latent)?;
        // What impostors score is for the host, which chooses thresholds.
        rest.floats(IMPOSTOR_LENGTHS)?;
        rest.floats(IMPOSTOR_LENGTHS)?;
        let kernel = &Kernel::PORTABLE;
        rest.bytes.is_empty().then_some(Self { features, regions, parcels, whitening, mean, kernel })
    }

    pub(super) fn with_kernel(self, kernel: &'static Kernel) -> Self {
        Self { kernel, ..self }
    }

    /// [`Encoder::embed_window`](super::Encoder::embed_window).
    pub(super) fn embed(&self, frames: &[f32], scratch: &mut [f32], embedding: &mut [f32]) -> Result<(), EncodeError> {
        let (given, features) = (frames.len(), self.features);
        if !given.is_multiple_of(features) {
            return Err(EncodeError::Frames { given, features });
        }
        let mut stream = Stream::new(self, scratch)?;
        stream.push(frames)?;
        embedding.copy_from_slice(stream.finish(LEAST_FRAMES)?);
        Ok(())
    }
}

/// Frames without which there is no correlation.
pub(crate) const LEAST_FRAMES: usize = 2;
