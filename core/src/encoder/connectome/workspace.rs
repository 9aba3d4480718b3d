//! Scratch memory of a scan, lent by the caller.

use super::Connectome;
use crate::encoder::dims::{Dims, MAX_REGIONS};
use crate::encoder::error::EncodeError;
use crate::kernel::{LANES, ROWS};

/// Scratch memory cut up; rows of regions are padded with zeros to whole columns of [`LANES`].
#[derive(Debug)]
pub(super) struct Workspace<'s> {
    /// Sums of products of regions (regions, columns), then what is computed from them; at its start the embedding.
    pub(super) square: &'s mut [[f32; LANES]],
    /// Frames less the first one, which wait to be multiplied, and the open one ([`ROWS`], columns).
    pub(super) frames: &'s mut [[f32; LANES]],
    /// The first frame (columns).
    pub(super) first: &'s mut [[f32; LANES]],
    /// Sum of all frames less the first (columns).
    pub(super) sums: &'s mut [[f32; LANES]],
    /// Values of the open frame in each region (columns); empty where each feature is a region.
    pub(super) counts: &'s mut [[f32; LANES]],
}

/// Floats of scratch memory that a model of these sizes needs.
pub(in crate::encoder) const fn scratch_len(dims: &Dims) -> usize {
    // Clamped to its limit, so that nothing overflows for sizes that were not checked.
    let regions = if dims.d_model < MAX_REGIONS { dims.d_model } else { MAX_REGIONS };
    let counts = if dims.features == regions { 0 } else { 1 };
    regions.div_ceil(LANES) * (regions + ROWS + 2 + counts) * LANES
}

impl<'s> Workspace<'s> {
    /// Cuts `scratch` up.
    pub(super) fn cut(model: &Connectome<'_>, scratch: &'s mut [f32]) -> Result<Self, EncodeError> {
        let (given, columns) = (scratch.len(), model.columns());
        let counts = if model.parcels.is_empty() { 0 } else { columns };
        let rows = scratch.as_chunks_mut().0;
        let cut = |rows: &'s mut [[f32; LANES]]| {
            let (square, rest) = rows.split_at_mut_checked(model.regions * columns)?;
            let (frames, rest) = rest.split_at_mut_checked(ROWS * columns)?;
            let (first, rest) = rest.split_at_mut_checked(columns)?;
            let (sums, rest) = rest.split_at_mut_checked(columns)?;
            let (counts, _) = rest.split_at_mut_checked(counts)?;
            Some(Self { square, frames, first, sums, counts })
        };
        let needed = scratch_len(&Dims::connectome(model.features, model.regions));
        cut(rows).ok_or(EncodeError::Scratch { given, needed })
    }

    /// Clears everything.
    pub(super) fn clear(&mut self) {
        for part in [&mut *self.square, self.frames, self.first, self.sums, self.counts] {
            part.as_flattened_mut().fill(0.0);
        }
    }
}

impl Connectome<'_> {
    /// Columns of [`LANES`] that hold a row of regions.
    pub(super) fn columns(&self) -> usize {
        self.regions.div_ceil(LANES)
    }
}
