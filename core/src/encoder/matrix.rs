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
pub(super) fn groups<'a>(
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
