//! Rows of a matrix in memory: the standard library's chunks hold a panic for chunks of nothing, these have none.

use core::iter::from_fn;
use core::mem::take;

/// Each `width` values after the other, at last those that are left; nothing where `width` is 0.
#[inline(always)]
pub(super) fn rows<T>(mut rest: &[T], width: usize) -> impl Iterator<Item = &[T]> {
    from_fn(move || {
        let (row, after) = rest.split_at_checked(width.min(rest.len()))?;
        rest = after;
        (!row.is_empty()).then_some(row)
    })
}

/// [`rows`] to write to.
#[inline(always)]
pub(super) fn rows_mut<T>(mut rest: &mut [T], width: usize) -> impl Iterator<Item = &mut [T]> {
    from_fn(move || {
        let at = width.min(rest.len());
        let (row, after) = take(&mut rest).split_at_mut_checked(at)?;
        rest = after;
        (!row.is_empty()).then_some(row)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn rows_are_chunks_and_there_are_none_of_nothing() {
        let matrix: Vec<usize> = (0..7).collect();
        for width in 1..9 {
            assert!(rows(&matrix, width).eq(matrix.chunks(width)));
            assert!(rows_mut(&mut matrix.clone(), width).eq(matrix.clone().chunks_mut(width)));
        }
        assert_eq!(rows(&matrix, 0).count() + rows_mut(&mut matrix.clone(), 0).count(), 0);
        assert_eq!(rows::<usize>(&[], 3).count(), 0);
    }
}
