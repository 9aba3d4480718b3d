//! The inner loop of every matrix product, and where a host puts one made for its processor.

use wide::f32x16;

/// Neighbouring outputs that are one column.
pub const LANES: usize = 16;

const SIMD: bool = cfg!(any(target_feature = "sse2", target_feature = "neon"));

/// Rows that share a pass over the weights.
pub const ROWS: usize = if SIMD { 4 } else { 2 };

/// Columns of one pass. On processors with SIMD a pass takes whole rows of 128 outputs and more sums than there are
/// registers: weights out of the second-level cache or beyond arrive fastest in the order they lie in memory.
const COLUMNS_ONE: usize = if SIMD { 8 } else { 2 };
const COLUMNS_ROWS: usize = if SIMD { 8 } else { 1 };

/// `sums[row][n] += inputs[k][row] * weights[k][n]`, for every k in order, rounding after the product and after the sum.
///
/// Weights and sums come in columns of [`LANES`] outputs; the number is how many columns a row has.
pub type Accumulate<const N: usize> = fn(&[[f32; N]], &[[f32; LANES]], usize, &mut [[f32; LANES]]);

/// The inner loop for one row and for [`ROWS`] rows.
///
/// Another than [`Kernel::PORTABLE`] must give the same bits: they are part of the numeric contract.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    /// One row.
    pub one: Accumulate<1>,
    /// [`ROWS`] rows.
    pub rows: Accumulate<ROWS>,
}

impl Kernel {
    /// Runs on every processor of the target it is compiled for.
    pub const PORTABLE: Self = Self { one: accumulate::<1, COLUMNS_ONE>, rows: accumulate::<ROWS, COLUMNS_ROWS> };
}

fn accumulate<const N: usize, const COLUMNS: usize>(
    inputs: &[[f32; N]],
    weights: &[[f32; LANES]],
    width: usize,
    sums: &mut [[f32; LANES]],
) {
    let width = width.max(1);
    let tiled = width - width % COLUMNS;
    for first in (0..tiled).step_by(COLUMNS) {
        tile::<N, COLUMNS>(inputs, weights, width, first, sums);
    }
    for first in tiled..width {
        tile::<N, 1>(inputs, weights, width, first, sums);
    }
}

/// [`accumulate`] for the `COLUMNS` columns from `first`, their sums in registers as far as they go.
#[inline(always)]
fn tile<const N: usize, const COLUMNS: usize>(
    inputs: &[[f32; N]],
    weights: &[[f32; LANES]],
    width: usize,
    first: usize,
    sums: &mut [[f32; LANES]],
) {
    let mut tile = [[f32x16::ZERO; COLUMNS]; N];
    for (tile, row) in tile.iter_mut().zip(sums.chunks_exact(width)) {
        for (sum, stored) in tile.iter_mut().zip(row.iter().skip(first)) {
            *sum = f32x16::new(*stored);
        }
    }
    for (values, row) in inputs.iter().zip(weights.chunks_exact(width)) {
        let Some(columns) = row.get(first..).and_then(|row| row.first_chunk::<COLUMNS>()) else {
            return;
        };
        let columns = columns.map(f32x16::new);
        for (tile, value) in tile.iter_mut().zip(values) {
            let value = f32x16::splat(*value);
            for (sum, column) in tile.iter_mut().zip(columns) {
                *sum += value * column;
            }
        }
    }
    for (tile, row) in tile.iter().zip(sums.chunks_exact_mut(width)) {
        for (sum, stored) in tile.iter().zip(row.iter_mut().skip(first)) {
            *stored = sum.to_array();
        }
    }
}
