//! Sums of outer products of rows, above a square's diagonal.

use core::array;

use super::sizes::{LANES, SIMD};
use super::weights::chunk_at;

/// Pairs of rows, whose products of every value with every value are added to a square matrix.
#[derive(Clone, Copy, Debug)]
pub struct RowPairs<'a> {
    /// The first rows of the pairs (pairs, columns).
    pub left: &'a [[f32; LANES]],
    /// The second rows of the pairs (pairs, columns).
    pub right: &'a [[f32; LANES]],
    /// Columns of a row, as of the matrix.
    pub columns: usize,
}

impl RowPairs<'_> {
    /// Checks lengths before a loop relies on them.
    ///
    /// # Panics
    /// When a row of a pair or of the square is not whole, or the square has more rows than its rows have values.
    #[inline(always)]
    pub fn check(&self, square: &[[f32; LANES]]) {
        let Self { left, right, columns } = *self;
        assert!(columns > 0 && left.len() == right.len() && left.len().is_multiple_of(columns), "pairs of rows");
        assert!(square.len().is_multiple_of(columns) && square.len() <= LANES * columns * columns, "a square");
    }
}

/// As [`Kernel::add_outer`](super::Kernel::add_outer).
///
/// # Panics
/// As [`RowPairs::check`].
#[inline(always)]
pub fn add_outer(pairs: RowPairs<'_>, square: &mut [[f32; LANES]]) {
    pairs.check(square);
    // Rows of a group share the column on the diagonal, as `LANES` is a multiple of `GROUP`.
    for (group, rows) in square.chunks_mut(GROUP * pairs.columns).enumerate() {
        let first = group * GROUP;
        if rows.len() == GROUP * pairs.columns {
            add_to_rows::<GROUP>(pairs, first, rows);
        } else {
            for (row, sums) in (first..).zip(rows.chunks_exact_mut(pairs.columns)) {
                add_to_rows::<1>(pairs, row, sums);
            }
        }
    }
}

/// Rows whose sums are held at once.
const GROUP: usize = if SIMD { 4 } else { 1 };

/// Adds to the `N` rows from `first` on, which have one column on the diagonal.
#[inline(always)]
fn add_to_rows<const N: usize>(pairs: RowPairs<'_>, first: usize, rows: &mut [[f32; LANES]]) {
    let RowPairs { left, right, columns } = pairs;
    let (diagonal, lane) = (first / LANES, first % LANES);
    for column in diagonal..columns {
        let mut sums: [[f32; LANES]; N] = array::from_fn(|row| rows[row * columns + column]);
        for (left, right) in left.chunks_exact(columns).zip(right.chunks_exact(columns)) {
            let (left, right) = (chunk_at::<_, N>(&left[diagonal], lane), right[column]);
            for (sums, left) in sums.iter_mut().zip(left) {
                for (sum, right) in sums.iter_mut().zip(right) {
                    *sum += left * right;
                }
            }
        }
        for (row, sums) in sums.into_iter().enumerate() {
            rows[row * columns + column] = sums;
        }
    }
}
