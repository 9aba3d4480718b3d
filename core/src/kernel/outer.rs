//! Sums of outer products of rows, above a square's diagonal.

use wide::f32x16;

use super::sizes::{LANES, SIMD};

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

/// As [`Kernel::add_outer`](super::Kernel::add_outer).
///
/// # Panics
/// When a row of a pair or of the square is not whole, or the square has more rows than its rows have values.
#[inline(always)]
pub fn add_outer(pairs: RowPairs<'_>, square: &mut [[f32; LANES]]) {
    let RowPairs { left, right, columns } = pairs;
    assert!(columns > 0 && left.len() == right.len() && left.len().is_multiple_of(columns), "pairs of rows");
    assert!(square.len().is_multiple_of(columns) && square.len() <= LANES * columns * columns, "a square");
    for (i, row) in square.chunks_exact_mut(columns).enumerate() {
        let (column, lane) = (i / LANES, i % LANES);
        for (j, sums) in row.iter_mut().enumerate().skip(column) {
            let pairs = left.chunks_exact(columns).zip(right.chunks_exact(columns));
            if SIMD {
                let add = |sums, (left, right): (&[[f32; LANES]], &[[f32; LANES]])| {
                    sums + f32x16::splat(left[column][lane]) * f32x16::new(right[j])
                };
                *sums = pairs.fold(f32x16::new(*sums), add).to_array();
            } else {
                for (left, right) in pairs {
                    let left = left[column][lane];
                    sums.iter_mut().zip(&right[j]).for_each(|(sum, right)| *sum += left * right);
                }
            }
        }
    }
}
