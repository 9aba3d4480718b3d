//! The inner loops for float inputs by the 512-bit instructions of AVX-512.

use std::arch::x86_64::{
    __m256i, __m512, _mm512_add_ps, _mm512_cvtepi16_epi32, _mm512_cvtepi32_ps, _mm512_cvtph_ps, _mm512_loadu_ps,
    _mm512_mul_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps,
};

use neural_vault_core::kernel::{LANES, STEP, WeightRows, chunk_at, chunk_at_mut, row_width};

use super::fetch::fetch_for;

/// A stored weight.
pub(super) trait Stored: Copy {
    /// A column of weights as floats.
    ///
    /// # Safety
    /// The processor must have AVX-512 F.
    #[allow(unsafe_code)]
    unsafe fn floats(column: &[Self; LANES]) -> __m512;
}

#[allow(unsafe_code)]
impl Stored for f32 {
    #[inline(always)]
    unsafe fn floats(column: &[Self; LANES]) -> __m512 {
        // SAFETY: the column is sixteen floats, and the caller ensures AVX-512.
        unsafe { _mm512_loadu_ps(column.as_ptr()) }
    }
}

#[allow(unsafe_code)]
impl Stored for u16 {
    #[inline(always)]
    unsafe fn floats(column: &[Self; LANES]) -> __m512 {
        let column: __m256i = bytemuck::cast(*column);
        // SAFETY: the caller ensures AVX-512.
        unsafe { _mm512_cvtph_ps(column) }
    }
}

#[allow(unsafe_code)]
impl Stored for i16 {
    #[inline(always)]
    unsafe fn floats(column: &[Self; LANES]) -> __m512 {
        let column: __m256i = bytemuck::cast(*column);
        // SAFETY: the caller ensures AVX-512.
        unsafe { _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(column)) }
    }
}

/// As [`Kernel::add_f32`](neural_vault_core::kernel::Kernel::add_f32).
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn add<W: Stored>(inputs: &[[f32; STEP]], weights: WeightRows<'_, W>, sums: &mut [[f32; LANES]]) {
    row_width(inputs, STEP, weights, sums);
    // A single frame is one row: it skips the groups of several.
    if inputs.len() == 1 {
        rows::<W, 1, 8>(inputs, weights, sums);
        return;
    }
    let (inputs, sums) = rows::<W, 8, 2>(inputs, weights, sums);
    let (inputs, sums) = rows::<W, 4, 4>(inputs, weights, sums);
    let (inputs, sums) = rows::<W, 2, 8>(inputs, weights, sums);
    rows::<W, 1, 8>(inputs, weights, sums);
}

/// As many groups of `N` rows as there are, `COLUMNS` columns at once; returns the remaining rows.
#[target_feature(enable = "avx512f,avx512bw")]
fn rows<'r, W: Stored, const N: usize, const COLUMNS: usize>(
    inputs: &'r [[f32; STEP]],
    weights: WeightRows<'_, W>,
    sums: &'r mut [[f32; LANES]],
) -> (&'r [[f32; STEP]], &'r mut [[f32; LANES]]) {
    let (groups, rest) = inputs.as_chunks::<N>();
    if groups.is_empty() {
        return (rest, sums);
    }
    let width = sums.len() / inputs.len();
    let (sums, rest_of_sums) = sums.split_at_mut(groups.len() * N * width);
    let tiled = width - width % COLUMNS;
    for (inputs, sums) in groups.iter().zip(sums.chunks_exact_mut(N * width)) {
        for first in (0..tiled).step_by(COLUMNS) {
            tile::<W, N, COLUMNS>(inputs, weights, first, sums);
        }
        for first in tiled..width {
            tile::<W, N, 1>(inputs, weights, first, sums);
        }
    }
    (rest, rest_of_sums)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[allow(unsafe_code)]
fn tile<W: Stored, const N: usize, const COLUMNS: usize>(
    inputs: &[[f32; STEP]; N],
    weights: WeightRows<'_, W>,
    first: usize,
    sums: &mut [[f32; LANES]],
) {
    let width = sums.len() / N;
    let mut tile = [[_mm512_setzero_ps(); COLUMNS]; N];
    for (tile, row) in tile.iter_mut().zip(sums.chunks_exact(width)) {
        for (sum, stored) in tile.iter_mut().zip(chunk_at::<_, COLUMNS>(row, first)) {
            // SAFETY: a column is sixteen floats.
            *sum = unsafe { _mm512_loadu_ps(stored.as_ptr()) };
        }
    }
    for (k, row) in (0..STEP).zip(weights.rows()) {
        let columns = chunk_at::<_, COLUMNS>(row, first);
        columns.iter().for_each(|column| fetch_for::<N>(column.as_ptr().cast(), size_of_val(weights.columns)));
        // SAFETY: this function is compiled for these instructions.
        let columns = columns.each_ref().map(|column| unsafe { W::floats(column) });
        for (tile, inputs) in tile.iter_mut().zip(inputs) {
            let value = _mm512_set1_ps(inputs[k]);
            for (sum, column) in tile.iter_mut().zip(columns) {
                *sum = _mm512_add_ps(*sum, _mm512_mul_ps(value, column));
            }
        }
    }
    for (tile, row) in tile.iter().zip(sums.chunks_exact_mut(width)) {
        for (sum, stored) in tile.iter().zip(chunk_at_mut::<_, COLUMNS>(row, first)) {
            // SAFETY: a column is sixteen floats.
            unsafe { _mm512_storeu_ps(stored.as_mut_ptr(), *sum) };
        }
    }
}
