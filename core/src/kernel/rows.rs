//! Rows of two matrices side by side.

use core::iter::from_fn;
use core::mem::take;

/// The rows of `x`, `width` values each, beside those of `y`, `outputs` values each.
///
/// # Panics
/// When a matrix ends inside a row or before the other.
#[inline(always)]
pub(super) fn rows<'a>(
    mut x: &'a [f32],
    width: usize,
    mut y: &'a mut [f32],
    outputs: usize,
) -> impl Iterator<Item = (&'a [f32], &'a mut [f32])> {
    from_fn(move || {
        if x.is_empty() {
            assert!(y.is_empty(), "as many rows");
            return None;
        }
        let (x_row, y_row);
        (x_row, x) = x.split_at(width);
        (y_row, y) = take(&mut y).split_at_mut(outputs);
        Some((x_row, y_row))
    })
}

/// Groups of rows: each `length` values of `x` beside `others` of `y`; the last may be shorter.
///
/// # Panics
/// When `y` has more groups than `x`.
#[inline(always)]
pub(crate) fn groups<'a>(
    mut x: &'a [f32],
    length: usize,
    mut y: &'a mut [f32],
    others: usize,
) -> impl Iterator<Item = (&'a [f32], &'a mut [f32])> {
    from_fn(move || {
        if x.is_empty() {
            assert!(y.is_empty(), "as many groups");
            return None;
        }
        let (x_group, y_group);
        (x_group, x) = x.split_at(length.min(x.len()));
        let end = others.min(y.len());
        (y_group, y) = take(&mut y).split_at_mut(end);
        Some((x_group, y_group))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;
    use std::vec::Vec;

    /// Lengths of the rows of 3 and 2 values, and of the groups of two rows, in matrices of so many values.
    fn lengths(x: usize, y: usize) -> [Option<Vec<(usize, usize)>>; 2] {
        let room = [0.0; 12];
        let of = |(x, y): (&[f32], &mut [f32])| (x.len(), y.len());
        [
            catch_unwind(|| rows(&room[..x], 3, &mut { room }[..y], 2).map(of).collect()).ok(),
            catch_unwind(|| groups(&room[..x], 6, &mut { room }[..y], 4).map(of).collect()).ok(),
        ]
    }

    #[test]
    fn rows_are_whole_and_the_last_group_may_be_shorter() {
        assert_eq!(lengths(9, 6), [Some([(3, 2); 3].to_vec()), Some([(6, 4), (3, 2)].to_vec())]);
        assert_eq!(lengths(0, 0), [Some(Vec::new()), Some(Vec::new())]);
    }

    #[test]
    fn matrices_that_do_not_end_together_panic() {
        assert_eq!(lengths(9, 8)[0], None);
        assert_eq!(lengths(9, 4)[0], None);
        assert_eq!(lengths(8, 6)[0], None);
        assert_eq!(lengths(6, 6)[1], None);
    }
}
