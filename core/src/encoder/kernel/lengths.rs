//! The lengths of a kernel's arguments, checked before its loops rely on them.

use super::LANES;

/// Columns of sums in a row, once the arguments of an [`Accumulate`](super::Accumulate) are known to fit together.
///
/// `values` is how many rows of weights an input row has values for.
///
/// # Panics
/// Without a row, when rows differ in columns, or when weights are missing for a sum or values for a row of weights.
#[inline(always)]
pub fn row_width<I, W, S>(
    inputs: &[I],
    values: usize,
    weights: &[[W; LANES]],
    stride: usize,
    sums: &[[S; LANES]],
) -> usize {
    let width = sums.len() / inputs.len();
    assert!(width > 0 && width * inputs.len() == sums.len(), "rows of sums");
    // The last row of weights may end with the last sum.
    let last = weights.len() % stride;
    assert!(width <= stride && (last == 0 || last >= width), "rows of weights");
    assert!(weights.len() <= values * stride, "values for the weights");
    width
}

/// The `N` values of a row from `first` on.
///
/// # Panics
/// When the row ends before them.
#[expect(clippy::expect_used, reason = "a row that is too short is a mistake of the loop that cut it")]
#[inline(always)]
pub fn chunk_at<T, const N: usize>(row: &[T], first: usize) -> &[T; N] {
    row.get(first..).and_then(<[T]>::first_chunk).expect("row too short")
}

/// [`chunk_at`] to write to.
///
/// # Panics
/// When the row ends before them.
#[expect(clippy::expect_used, reason = "a row that is too short is a mistake of the loop that cut it")]
#[inline(always)]
pub fn chunk_at_mut<T, const N: usize>(row: &mut [T], first: usize) -> &mut [T; N] {
    row.get_mut(first..).and_then(<[T]>::first_chunk_mut).expect("row too short")
}

/// Values as columns of [`LANES`].
///
/// # Panics
/// When they are no whole number of columns.
#[inline(always)]
pub(in crate::encoder) fn columns_mut<T>(values: &mut [T]) -> &mut [[T; LANES]] {
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
        catch_unwind(|| row_width(&inputs, values, &weights, stride, &sums)).ok()
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
