//! The portable inner loop for float inputs, over weights in any storage.

use wide::f32x16;

use super::sizes::{LANES, SIMD, STEP};
use super::weights::{WeightRows, chunk_at, chunk_at_mut, row_width};

/// Rows whose sums are held at once.
const ROWS: usize = if SIMD { 4 } else { 2 };

/// Columns of one pass. On processors with SIMD a pass takes whole rows of 128 outputs and more sums than there are
/// registers: weights out of the second-level cache or beyond arrive fastest in the order they lie in memory.
const PASS_COLUMNS: usize = if SIMD { 8 } else { 1 };

/// A weight as it is stored.
pub(super) trait Stored: Copy {
    /// A column of weights as floats, exactly.
    fn floats(column: &[Self; LANES]) -> f32x16;
}

impl Stored for f32 {
    #[inline(always)]
    fn floats(column: &[Self; LANES]) -> f32x16 {
        f32x16::new(*column)
    }
}

/// The bits of a finite IEEE 754 half.
#[cfg(feature = "weights-16bit")]
impl Stored for u16 {
    #[inline(always)]
    fn floats(column: &[Self; LANES]) -> f32x16 {
        f32x16::new(column.map(finite_half))
    }
}

#[cfg(feature = "weights-16bit")]
impl Stored for i16 {
    #[inline(always)]
    fn floats(column: &[Self; LANES]) -> f32x16 {
        f32x16::new(column.map(f32::from))
    }
}

/// The value of a finite IEEE 754 half given by its bits; exact.
///
/// In place of the half crate's conversion: without F16C that takes branches, and the portable loop 4 to 7 times as many
/// instructions.
#[cfg(feature = "weights-16bit")]
#[inline(always)]
fn finite_half(bits: u16) -> f32 {
    /// 2^112, between the exponents' biases 15 and 127.
    const BIAS: f32 = f32::from_bits(0x7780_0000);

    let magnitude = f32::from_bits(u32::from(bits & 0x7fff) << 13) * BIAS;
    f32::from_bits(magnitude.to_bits() | u32::from(bits & 0x8000) << 16)
}

/// As [`Kernel::add_f32`](super::Kernel::add_f32).
pub(super) fn add<W: Stored>(inputs: &[[f32; STEP]], weights: WeightRows<'_, W>, sums: &mut [[f32; LANES]]) {
    let width = row_width(inputs, STEP, weights, sums);
    let (groups, rest) = inputs.as_chunks::<ROWS>();
    let (sums, rest_of_sums) = sums.split_at_mut(groups.len() * ROWS * width);
    for (inputs, sums) in groups.iter().zip(sums.chunks_exact_mut(ROWS * width)) {
        tiles::<W, ROWS, PASS_COLUMNS>(inputs, weights, sums);
    }
    for (inputs, sums) in rest.iter().zip(rest_of_sums.chunks_exact_mut(width)) {
        tiles::<W, 1, PASS_COLUMNS>(core::array::from_ref(inputs), weights, sums);
    }
}

/// All columns for `N` rows, `COLUMNS` at once and the last ones singly.
fn tiles<W: Stored, const N: usize, const COLUMNS: usize>(
    inputs: &[[f32; STEP]; N],
    weights: WeightRows<'_, W>,
    sums: &mut [[f32; LANES]],
) {
    let width = sums.len() / N;
    let tiled = width - width % COLUMNS;
    for first in (0..tiled).step_by(COLUMNS) {
        tile::<W, N, COLUMNS>(inputs, weights, first, sums);
    }
    for first in tiled..width {
        tile::<W, N, 1>(inputs, weights, first, sums);
    }
}

/// [`tiles`] for the `COLUMNS` columns from `first`, with their sums in registers where there are enough.
#[inline(always)]
fn tile<W: Stored, const N: usize, const COLUMNS: usize>(
    inputs: &[[f32; STEP]; N],
    weights: WeightRows<'_, W>,
    first: usize,
    sums: &mut [[f32; LANES]],
) {
    let width = sums.len() / N;
    let mut tile = [[f32x16::ZERO; COLUMNS]; N];
    for (tile, row) in tile.iter_mut().zip(sums.chunks_exact(width)) {
        *tile = chunk_at(row, first).map(f32x16::new);
    }
    for (k, row) in (0..STEP).zip(weights.rows()) {
        let columns = chunk_at::<_, COLUMNS>(row, first).each_ref().map(W::floats);
        for (tile, inputs) in tile.iter_mut().zip(inputs) {
            let value = f32x16::splat(inputs[k]);
            for (sum, column) in tile.iter_mut().zip(columns) {
                *sum += value * column;
            }
        }
    }
    for (tile, row) in tile.iter().zip(sums.chunks_exact_mut(width)) {
        *chunk_at_mut(row, first) = tile.map(|sum| sum.to_array());
    }
}

/// As [`Kernel::close_block`](super::Kernel::close_block).
///
/// # Panics
/// Without a total for each partial sum.
#[inline(always)]
pub fn close_block(totals: &mut [f32], partials: &mut [f32]) {
    assert!(totals.len() == partials.len(), "a total for each sum");
    for (total, partial) in totals.iter_mut().zip(partials) {
        *total += *partial;
        *partial = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::finite_half;

    #[test]
    fn every_finite_half_has_its_value() {
        for bits in (0..=u16::MAX).filter(|bits| bits & 0x7c00 != 0x7c00) {
            assert_eq!(finite_half(bits).to_bits(), half::f16::from_bits(bits).to_f32().to_bits(), "{bits:#06x}");
        }
    }
}
