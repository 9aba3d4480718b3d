//! Rows of a matrix in memory, by iterators without a panic for rows of nothing: the standard library's have one.

use core::iter::from_fn;
use core::mem::take;

/// Each row of `width` values, at least one, of a matrix that has no others.
// Where there are registers to gain by it, the compiler is shown the loop that it knows best.
#[cfg(any(target_feature = "sse2", target_feature = "neon"))]
#[inline(always)]
pub(super) fn rows<T>(matrix: &[T], width: usize) -> impl Iterator<Item = &[T]> {
    matrix.chunks_exact(width.max(1))
}
#[cfg(not(any(target_feature = "sse2", target_feature = "neon")))]
pub(super) use groups as rows;

/// Each `length` values after the other, at last those that are left.
#[inline(always)]
pub(super) fn groups<T>(mut rest: &[T], length: usize) -> impl Iterator<Item = &[T]> {
    from_fn(move || {
        let (group, after) = rest.split_at_checked(length.min(rest.len()))?;
        rest = after;
        (!group.is_empty()).then_some(group)
    })
}

/// [`groups`] to write to.
#[inline(always)]
pub(super) fn groups_mut<T>(mut rest: &mut [T], length: usize) -> impl Iterator<Item = &mut [T]> {
    from_fn(move || {
        let at = length.min(rest.len());
        let (group, after) = take(&mut rest).split_at_mut_checked(at)?;
        rest = after;
        (!group.is_empty()).then_some(group)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn rows_are_whole_and_groups_are_all() {
        let matrix: Vec<usize> = (0..7).collect();
        for width in 1..9 {
            assert!(rows(&matrix[..7 / width * width], width).eq(matrix.chunks_exact(width)));
            assert!(groups(&matrix, width).eq(matrix.chunks(width)));
            assert!(groups_mut(&mut matrix.clone(), width).eq(matrix.clone().chunks_mut(width)));
        }
        assert_eq!(groups(&matrix, 0).count() + groups_mut(&mut matrix.clone(), 0).count(), 0);
        assert_eq!(groups::<usize>(&[], 3).count() + rows::<usize>(&[], 3).count(), 0);
    }
}
