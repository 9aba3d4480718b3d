//! The inner loops by the 256-bit instructions of AVX2 and F16C.

use std::arch::x86_64::{
    __m128i, __m256, __m256i, _mm256_add_epi32, _mm256_add_ps, _mm256_cvtepi8_epi16, _mm256_cvtepi16_epi32,
    _mm256_cvtepi32_ps, _mm256_cvtph_ps, _mm256_hadd_epi32, _mm256_madd_epi16, _mm256_mul_ps, _mm256_permute4x64_epi64,
    _mm256_set1_epi64x, _mm256_set1_ps, _mm256_setzero_ps, _mm256_setzero_si256,
};

use neural_vault_core::kernel::{Kernel, LANES, QUAD, RowPairs, STEP, WeightRows, chunk_at, chunk_at_mut, row_width};

use super::loops::{compiled, input_loops, loops};

/// For processors with AVX2 and F16C: [`super::usable`], the only access to it, checks for them.
pub(super) const KERNEL: Kernel = Kernel {
    add_f32,
    add_f16,
    add_i16,
    add_i8i16,
    add_i8: add_i8i16,
    add_raw_i8: |_, _, _| 0,
    standardise,
    layer_norm,
    attend,
    add_outer,
    close_block,
    magnitude,
    quantise,
    quantise_raw,
    rescale,
};

compiled! {
    "avx2,f16c":
    add_f32(inputs: &[[f32; STEP]], weights: WeightRows<'_, f32>, sums: &mut [[f32; LANES]]) = add;
    add_f16(inputs: &[[f32; STEP]], weights: WeightRows<'_, u16>, sums: &mut [[f32; LANES]]) = add;
    add_i16(inputs: &[[f32; STEP]], weights: WeightRows<'_, i16>, sums: &mut [[f32; LANES]]) = add;
    add_i8i16(inputs: &[[i16; STEP]], weights: WeightRows<'_, [i8; QUAD]>, sums: &mut [[i32; LANES]]) = add_codes;
    add_outer(pairs: RowPairs<'_>, square: &mut [[f32; LANES]]) = neural_vault_core::kernel::loops::add_outer;
}

loops!("avx2");
input_loops!("avx2");

/// A stored weight.
trait Stored: Copy {
    /// A column of weights as floats.
    ///
    /// # Safety
    /// The processor must have AVX2 and F16C.
    #[allow(unsafe_code)]
    unsafe fn floats(column: &[Self; LANES]) -> [__m256; 2];
}

#[allow(unsafe_code)]
impl Stored for f32 {
    #[inline(always)]
    unsafe fn floats(column: &[Self; LANES]) -> [__m256; 2] {
        bytemuck::cast(*column)
    }
}

#[allow(unsafe_code)]
impl Stored for u16 {
    #[inline(always)]
    unsafe fn floats(column: &[Self; LANES]) -> [__m256; 2] {
        let halves: [__m128i; 2] = bytemuck::cast(*column);
        // SAFETY: the caller ensures F16C.
        unsafe { [_mm256_cvtph_ps(halves[0]), _mm256_cvtph_ps(halves[1])] }
    }
}

#[allow(unsafe_code)]
impl Stored for i16 {
    #[inline(always)]
    unsafe fn floats(column: &[Self; LANES]) -> [__m256; 2] {
        let halves: [__m128i; 2] = bytemuck::cast(*column);
        // SAFETY: the caller ensures AVX2.
        unsafe {
            let [low, high] = [_mm256_cvtepi16_epi32(halves[0]), _mm256_cvtepi16_epi32(halves[1])];
            [_mm256_cvtepi32_ps(low), _mm256_cvtepi32_ps(high)]
        }
    }
}

/// As [`Kernel::add_f32`].
#[target_feature(enable = "avx2,f16c")]
fn add<W: Stored>(inputs: &[[f32; STEP]], weights: WeightRows<'_, W>, sums: &mut [[f32; LANES]]) {
    let width = row_width(inputs, STEP, weights, sums);
    let (fours, rest) = inputs.as_chunks::<4>();
    let (sums, rest_of_sums) = sums.split_at_mut(fours.len() * 4 * width);
    for (inputs, sums) in fours.iter().zip(sums.chunks_exact_mut(4 * width)) {
        columns::<W, 4, 2>(inputs, weights, sums);
    }
    for (inputs, sums) in rest.iter().zip(rest_of_sums.chunks_exact_mut(width)) {
        columns::<W, 1, 8>(std::array::from_ref(inputs), weights, sums);
    }
}

/// All columns for `N` rows, `COLUMNS` at once and the last ones singly.
#[target_feature(enable = "avx2,f16c")]
fn columns<W: Stored, const N: usize, const COLUMNS: usize>(
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

#[target_feature(enable = "avx2,f16c")]
#[allow(unsafe_code)]
fn tile<W: Stored, const N: usize, const COLUMNS: usize>(
    inputs: &[[f32; STEP]; N],
    weights: WeightRows<'_, W>,
    first: usize,
    sums: &mut [[f32; LANES]],
) {
    let width = sums.len() / N;
    let mut tile = [[[_mm256_setzero_ps(); 2]; COLUMNS]; N];
    for (tile, row) in tile.iter_mut().zip(sums.chunks_exact(width)) {
        *tile = chunk_at(row, first).map(bytemuck::cast);
    }
    for (k, row) in (0..STEP).zip(weights.rows()) {
        let columns = chunk_at::<_, COLUMNS>(row, first);
        // SAFETY: this function is compiled for these instructions.
        let columns = columns.each_ref().map(|column| unsafe { W::floats(column) });
        for (tile, inputs) in tile.iter_mut().zip(inputs) {
            let value = _mm256_set1_ps(inputs[k]);
            for (sum, column) in tile.iter_mut().zip(columns) {
                for (sum, weights) in sum.iter_mut().zip(column) {
                    *sum = _mm256_add_ps(*sum, _mm256_mul_ps(value, weights));
                }
            }
        }
    }
    for (tile, row) in tile.iter().zip(sums.chunks_exact_mut(width)) {
        *chunk_at_mut(row, first) = tile.map(bytemuck::cast);
    }
}

/// As [`Kernel::add_i8i16`], for int8 and int16 codes alike.
#[target_feature(enable = "avx2")]
fn add_codes(inputs: &[[i16; STEP]], weights: WeightRows<'_, [i8; QUAD]>, sums: &mut [[i32; LANES]]) {
    let width = row_width(inputs, STEP / QUAD, weights, sums);
    let (twos, rest) = inputs.as_chunks::<2>();
    let (sums, rest_of_sums) = sums.split_at_mut(twos.len() * 2 * width);
    for (inputs, sums) in twos.iter().zip(sums.chunks_exact_mut(2 * width)) {
        for column in 0..width {
            code_tile::<2>(inputs, weights, column, sums);
        }
    }
    for (inputs, sums) in rest.iter().zip(rest_of_sums.chunks_exact_mut(width)) {
        for column in 0..width {
            code_tile::<1>(std::array::from_ref(inputs), weights, column, sums);
        }
    }
}

/// One column of `N` rows: each output has two partial sums, for the first and the second pair of a quad.
#[target_feature(enable = "avx2")]
fn code_tile<const N: usize>(
    inputs: &[[i16; STEP]; N],
    weights: WeightRows<'_, [i8; QUAD]>,
    column: usize,
    sums: &mut [[i32; LANES]],
) {
    let quads = inputs.each_ref().map(|row| row.as_chunks::<QUAD>().0);
    let width = sums.len() / N;
    let mut tile = [[_mm256_setzero_si256(); 4]; N];
    for (place, row) in (0..STEP / QUAD).zip(weights.rows()) {
        let parts: [__m128i; 4] = bytemuck::cast(row[column]);
        let parts = parts.map(|part| _mm256_cvtepi8_epi16(part));
        for (tile, quads) in tile.iter_mut().zip(quads) {
            let quad = _mm256_set1_epi64x(bytemuck::cast(quads[place]));
            for (sum, part) in tile.iter_mut().zip(parts) {
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(quad, part));
            }
        }
    }
    for (tile, row) in tile.iter().zip(sums.chunks_exact_mut(width)) {
        let mut stored: [__m256i; 2] = bytemuck::cast(row[column]);
        for (stored, [low, high]) in stored.iter_mut().zip(tile.as_chunks::<2>().0) {
            // Pairs are added within each half of a register, so the middle quarters are swapped.
            let eight = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_hadd_epi32(*low, *high));
            *stored = _mm256_add_epi32(*stored, eight);
        }
        row[column] = bytemuck::cast(stored);
    }
}
