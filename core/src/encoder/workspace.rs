//! Scratch memory of an encode, lent by the caller.

use crate::encoder::dims::Dims;
use crate::kernel::{BLOCK, ROWS};

/// Scratch memory cut up for windows of one length.
///
/// Beside the frames themselves only keys, queries and values are held for all of them: everything else is computed for
/// [`ROWS`] frames at a time.
#[derive(Debug)]
pub(crate) struct Workspace<'s> {
    /// Projected frames (frames, d_model).
    pub(crate) rows: &'s mut [f32],
    /// Open sums of [`ROWS`] rows.
    pub(crate) partials: &'s mut [f32],
    /// A scan's sum of embeddings (latent), at the start of the scratch memory.
    pub(crate) total: &'s mut [f32],
    /// Inputs of a product (rows at a time, d_model).
    pub(super) normed: &'s mut [f32],
    /// Queries, keys and values of every frame and behind them an output of the attention, or a row's widest product, or
    /// the embedding.
    pub(crate) hidden: &'s mut [f32],
    /// One attention score a head and frame.
    pub(super) scores: &'s mut [f32],
}

/// Floats of each part.
struct Lengths {
    rows: usize,
    partials: usize,
    total: usize,
    normed: usize,
    hidden: usize,
    scores: usize,
}

impl Lengths {
    const fn new(dims: &Dims, window: usize) -> Self {
        // Clamped to their limits, so that nothing overflows for sizes that were not checked.
        let (width, latent) = (min(dims.d_model, 512), min(dims.latent, 512));
        let (feed_forward, window) = (min(dims.feed_forward, 4096), min(window, 512));
        let rows = min(window, ROWS);
        let (normed, attention) = (width * rows, 3 * width * window + width * rows);
        // Integer sums over many inputs take two words an output, and only products into `d_model` have so many; float sums
        // take one where there are more inputs than a block, which without a wide `d_model` is in the same products.
        let widest = if dims.is_linear() { latent } else { max(max(3 * width, feed_forward), latent) };
        let partials = if width <= BLOCK { 2 * width } else { max(2 * width, widest) };
        Self {
            rows: width * window,
            partials: partials * rows,
            total: latent,
            normed,
            hidden: max(if dims.is_linear() { 0 } else { max(attention, feed_forward * rows) }, latent),
            scores: min(dims.heads, 512) * window,
        }
    }

    const fn sum(&self) -> usize {
        self.rows + self.partials + self.total + self.normed + self.hidden + self.scores
    }
}

impl<'s> Workspace<'s> {
    /// Floats that [`Workspace::cut`] takes.
    pub(super) const fn length(dims: &Dims, window: usize) -> usize {
        Lengths::new(dims, window).sum()
    }

    /// Cuts `scratch` up; how long it must be when it is too short.
    pub(super) fn cut(scratch: &'s mut [f32], dims: &Dims, window: usize) -> Result<Self, usize> {
        let lengths = Lengths::new(dims, window);
        let cut = |scratch: &'s mut [f32]| {
            let (total, rest) = scratch.split_at_mut_checked(lengths.total)?;
            let (rows, rest) = rest.split_at_mut_checked(lengths.rows)?;
            let (partials, rest) = rest.split_at_mut_checked(lengths.partials)?;
            let (normed, rest) = rest.split_at_mut_checked(lengths.normed)?;
            let (hidden, rest) = rest.split_at_mut_checked(lengths.hidden)?;
            let (scores, _) = rest.split_at_mut_checked(lengths.scores)?;
            Some(Self { rows, partials, total, normed, hidden, scores })
        };
        cut(scratch).ok_or(lengths.sum())
    }
}

/// The first `length` floats of a buffer cut for at least as many.
pub(super) fn start(buffer: &mut [f32], length: usize) -> &mut [f32] {
    buffer.split_at_mut(length).0
}

const fn max(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

const fn min(a: usize, b: usize) -> usize {
    if a < b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reference's widths.
    const REFERENCE: Dims =
        Dims { features: 20_484, d_model: 128, heads: 8, layers: 2, feed_forward: 512, latent: 128, positions: 512 };

    #[test]
    fn a_cut_takes_exactly_its_length() {
        let narrow = Dims { d_model: 16, latent: 512, ..REFERENCE };
        for dims in [REFERENCE, narrow, Dims { d_model: 512, ..REFERENCE }, Dims::linear(3, 128, 4)] {
            for window in [1, 2, 9, 100] {
                let mut scratch = std::vec![0.0; Workspace::length(&dims, window)];
                assert!(Workspace::cut(&mut scratch, &dims, window).is_ok());
                scratch.pop();
                assert!(Workspace::cut(&mut scratch, &dims, window).is_err(), "{dims:?}, window {window}");
            }
        }
    }
}
