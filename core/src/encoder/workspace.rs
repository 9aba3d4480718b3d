//! Scratch memory of an encode, lent by the caller.

use crate::encoder::dims::Dims;
use crate::encoder::kernel::ROWS;

/// Scratch memory cut up for windows of one length.
#[derive(Debug)]
pub(crate) struct Workspace<'s> {
    /// Projected frames (frames, d_model).
    pub(crate) rows: &'s mut [f32],
    /// Open sums of [`ROWS`] rows.
    pub(crate) partials: &'s mut [f32],
    /// A scan's sum of embeddings and its latest one (latent each).
    pub(crate) embeddings: &'s mut [f32],
    /// A second (frames, d_model).
    pub(super) other: &'s mut [f32],
    /// The widest product of every frame.
    pub(super) hidden: &'s mut [f32],
    /// One attention score a frame.
    pub(super) scores: &'s mut [f32],
}

impl<'s> Workspace<'s> {
    /// Floats that [`Workspace::cut`] takes.
    pub(super) const fn length(dims: &Dims, window: usize) -> usize {
        let rows = if window < ROWS { window } else { ROWS };
        let frame = dims.d_model.saturating_mul(2).saturating_add(dims.widest()).saturating_add(1);
        let frames = frame.saturating_mul(window);
        let partials = partials(dims).saturating_mul(rows);
        let embeddings = dims.latent.saturating_mul(2);
        frames.saturating_add(partials).saturating_add(embeddings)
    }

    /// Cuts `scratch` up; `None` when it is too short.
    pub(super) fn cut(scratch: &'s mut [f32], dims: &Dims, window: usize) -> Option<Self> {
        let (rows, rest) = scratch.split_at_mut_checked(window * dims.d_model)?;
        let (other, rest) = rest.split_at_mut_checked(window * dims.d_model)?;
        let (hidden, rest) = rest.split_at_mut_checked(window * dims.widest())?;
        let (scores, rest) = rest.split_at_mut_checked(window)?;
        let (partials, rest) = rest.split_at_mut_checked(window.min(ROWS) * partials(dims))?;
        let (embeddings, _) = rest.split_at_mut_checked(2 * dims.latent)?;
        Some(Self { rows, partials, embeddings, other, hidden, scores })
    }
}

/// Floats of open sums a row: of the widest product, or of one into `d_model` whose sums take three words.
///
/// Other products have at most 512 inputs, over which no sum needs more than one.
const fn partials(dims: &Dims) -> usize {
    let (widest, long) = (dims.widest(), dims.d_model.saturating_mul(3));
    if widest > long { widest } else { long }
}
