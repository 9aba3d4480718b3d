//! Weights as kernels take them, and the check of their lengths before a loop relies on them.

use core::ops::Range;
use core::slice::Chunks;

use super::sizes::LANES;

/// Weights of consecutive inputs: for each input, or quad of inputs, a row of columns.
#[derive(Clone, Copy, Debug)]
pub struct WeightRows<'a, W> {
    /// The columns row after row; the last row may end with the last output, before a whole stride.
    pub columns: &'a [[W; LANES]],
    /// Columns from the start of a row to the start of the next; more than outputs where others lie between.
    pub stride: usize,
}

impl<'a, W> WeightRows<'a, W> {
    /// The rows, each of up to a stride.
    #[inline(always)]
    pub fn rows(&self) -> Chunks<'a, [W; LANES]> {
        self.columns.chunks(self.stride)
    }

    /// The first `width` columns of these rows, with those of other outputs between them.
    #[inline(always)]
    pub(crate) fn part(&self, rows: Range<usize>, width: usize) -> Self {
        Self { columns: &self.columns[rows.start * self.stride..(rows.end - 1) * self.stride + width], ..*self }
    }

    /// The rows without their first `count` columns.
    pub(crate) fn without_first(&self, count: usize) -> Self {
        Self { columns: &self.columns[count..], ..*self }
    }
}

/// Columns of sums in a row, once the arguments of a kernel's products are known to fit together.
///
/// `values` is for how many rows of weights an input row has values.
///
/// # Panics
/// Without a row, when rows differ in columns, or when weights are missing for a sum or values for a row of weights.
#[inline(always)]
pub fn row_width<I, W, S>(inputs: &[I], values: usize, weights: WeightRows<'_, W>, sums: &[[S; LANES]]) -> usize {
    let WeightRows { columns, stride } = weights;
    let width = sums.len() / inputs.len();
    assert!(width > 0 && width * inputs.len() == sums.len(), "rows of sums");
    // The last row of weights may end with the last sum.
    let last = columns.len() % stride;
    assert!(width <= stride && (last == 0 || last >= width), "rows of weights");
    assert!(columns.len() <= values * stride, "values for the weights");
    width
}

/// The `N` values of a row from `first` on.
///
/// # Panics
/// When the row ends before them.
#[expect(clippy::expect_used, reason = "only a mistake in a loop cuts a row too short")]
#[inline(always)]
pub fn chunk_at<T, const N: usize>(row: &[T], first: usize) -> &[T; N] {
    row.get(first..).and_then(<[T]>::first_chunk).expect("row too short")
}

/// [`chunk_at`] to write to.
///
/// # Panics
/// When the row ends before them.
#[expect(clippy::expect_used, reason = "only a mistake in a loop cuts a row too short")]
#[inline(always)]
pub fn chunk_at_mut<T, const N: usize>(row: &mut [T], first: usize) -> &mut [T; N] {
    row.get_mut(first..).and_then(<[T]>::first_chunk_mut).expect("row too short")
}

/// Values as columns of [`LANES`].
///
/// # Panics
/// When they do not fill the last column.
#[inline(always)]
pub(crate) fn columns_mut<T>(values: &mut [T]) -> &mut [[T; LANES]] {
    let (columns, rest) = values.as_chunks_mut();
    assert!(rest.is_empty(), "whole columns");
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;
    use std::vec;

    /// The row width of so many rows of inputs with so many values, columns of weights, a stride and columns of sums.
    fn width([rows, values, weights, stride, sums]: [usize; 5]) -> Option<usize> {
        let (inputs, weights, sums) = (vec![(); rows], vec![[0; LANES]; weights], vec![[0; LANES]; sums]);
        let weights = WeightRows { columns: &weights, stride };
        catch_unwind(|| row_width(&inputs, values, weights, &sums)).ok()
    }

    #[test]
    fn lengths_that_fit_together_have_a_width() {
        assert_eq!(width([2, 4, 12, 3, 6]), Some(3));
        // The last row of weights ends with the last sum, others' weights lie between, or there are none.
        assert_eq!(width([2, 4, 11, 3, 4]), Some(2));
        assert_eq!(width([1, 4, 0, 3, 3]), Some(3));
    }

    #[test]
    fn lengths_that_do_not_fit_together_panic() {
        for broken in [
            [0, 4, 12, 3, 6],
            [2, 4, 12, 3, 0],
            [2, 4, 12, 3, 5],
            [2, 4, 12, 3, 8],
            [2, 4, 11, 3, 6],
            [2, 4, 13, 3, 6],
            [2, 4, 15, 3, 6],
            [2, 4, 12, 0, 6],
        ] {
            assert_eq!(width(broken), None, "{broken:?}");
        }
    }

    #[test]
    fn a_chunk_beyond_its_row_panics() {
        assert_eq!(chunk_at(&[1, 2, 3], 1), &[2, 3]);
        for first in [2, 4] {
            assert!(catch_unwind(|| chunk_at::<_, 2>(&[1, 2, 3], first)).is_err());
        }
    }
}
