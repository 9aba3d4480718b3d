//! int8 weights by the dot-product instruction of AVX-512 VNNI.
//!
//! It multiplies unsigned by signed bytes. Weights are therefore raised by 128, which adds 128 times the sum of a row's
//! codes; that is subtracted again. An int16 code enters as two bytes; the lower one is unsigned too and is lowered by
//! 128, and 128 times the sum of the weights, computed alongside, is added for it. All of this is exact modulo 2^32,
//! and so are the sums, which fit.

use std::arch::x86_64::{
    _mm256_set1_epi8, _mm256_xor_si256, _mm512_add_epi32, _mm512_cvtepi16_epi8, _mm512_cvtepi32_epi8,
    _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_madd_epi16, _mm512_maskz_loadu_epi16, _mm512_reduce_add_epi32,
    _mm512_set1_epi8, _mm512_set1_epi16, _mm512_set1_epi32, _mm512_setzero_si512, _mm512_slli_epi32, _mm512_srai_epi16,
    _mm512_storeu_si512, _mm512_sub_epi32, _mm512_xor_si512,
};

use std::slice::from_ref;

use neural_vault_core::kernel::{
    LANES, QUAD, Quantiser, RawRow, STEP, Statistics, WeightRows, chunk_at, chunk_at_mut, row_width,
};

use super::fetch::fetch_for;
use super::inputs::codes_of_raw;

/// Quads of one step.
const QUADS: usize = STEP / QUAD;

/// A row's codes as bytes, a plane for each byte of a code; a word holds the four codes of a quad.
struct Row<const PLANES: usize> {
    planes: [[u32; QUADS]; PLANES],
    /// Sum of the codes.
    sum: i32,
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn add_i8(inputs: &[[i16; STEP]], weights: WeightRows<'_, [i8; QUAD]>, sums: &mut [[i32; LANES]]) {
    row_width(inputs, QUADS, weights, sums);
    // A single frame is one row: it skips the groups of several.
    if inputs.len() == 1 {
        rows::<1, 1, 8>(inputs, weights, sums);
        return;
    }
    let (inputs, sums) = rows::<1, 8, 2>(inputs, weights, sums);
    let (inputs, sums) = rows::<1, 4, 4>(inputs, weights, sums);
    let (inputs, sums) = rows::<1, 2, 8>(inputs, weights, sums);
    rows::<1, 1, 8>(inputs, weights, sums);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn add_i8i16(inputs: &[[i16; STEP]], weights: WeightRows<'_, [i8; QUAD]>, sums: &mut [[i32; LANES]]) {
    row_width(inputs, QUADS, weights, sums);
    // A single frame is one row: it skips the groups of several.
    if inputs.len() == 1 {
        rows::<2, 1, 8>(inputs, weights, sums);
        return;
    }
    let (inputs, sums) = rows::<2, 8, 1>(inputs, weights, sums);
    let (inputs, sums) = rows::<2, 4, 2>(inputs, weights, sums);
    let (inputs, sums) = rows::<2, 2, 4>(inputs, weights, sums);
    rows::<2, 1, 8>(inputs, weights, sums);
}

/// As many groups of `N` rows as there are, `COLUMNS` columns at once; returns the remaining rows.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn rows<'r, const PLANES: usize, const N: usize, const COLUMNS: usize>(
    inputs: &'r [[i16; STEP]],
    weights: WeightRows<'_, [i8; QUAD]>,
    sums: &'r mut [[i32; LANES]],
) -> (&'r [[i16; STEP]], &'r mut [[i32; LANES]]) {
    let (groups, rest) = inputs.as_chunks::<N>();
    if groups.is_empty() {
        return (rest, sums);
    }
    let width = sums.len() / inputs.len();
    let WeightRows { columns, stride } = weights;
    let codes = if columns.len() < QUADS * stride { columns.len().div_ceil(stride) * QUAD } else { STEP };
    let (sums, rest_of_sums) = sums.split_at_mut(groups.len() * N * width);
    let tiled = width - width % COLUMNS;
    for (inputs, sums) in groups.iter().zip(sums.chunks_exact_mut(N * width)) {
        let mut rows = [const { Row { planes: [[0; QUADS]; PLANES], sum: 0 } }; N];
        for (row, inputs) in rows.iter_mut().zip(inputs) {
            row.fill(inputs, codes);
        }
        for first in (0..tiled).step_by(COLUMNS) {
            tile::<PLANES, N, COLUMNS>(&rows, weights, first, sums);
        }
        for first in tiled..width {
            tile::<PLANES, N, 1>(&rows, weights, first, sums);
        }
    }
    (rest, rest_of_sums)
}

/// As [`Kernel::add_raw_i8`](neural_vault_core::kernel::Kernel::add_raw_i8): multiplies sixteen codes while the next
/// are made.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
#[allow(unsafe_code)]
pub(super) fn add_raw_i8(row: RawRow<'_>, weights: WeightRows<'_, [i8; QUAD]>, sums: &mut [[i32; LANES]]) -> usize {
    /// Columns whose sums are held in registers: the reference's width.
    const COLUMNS: usize = 8;
    /// Fewest values for which this is faster; the weights for fewer values stay in the second-level cache.
    const LONG: usize = 8 * STEP;
    let RawRow { raw, statistics: Statistics { mean, inv_std, fill }, factor } = row;
    let quantiser = Quantiser { factor, max_code: i8::MAX as i16 };
    if sums.len() != COLUMNS || raw.len() < LONG {
        return 0;
    }
    let (mean, inv_std) = (&mean[..raw.len()], &inv_std[..raw.len()]);
    row_width(from_ref(&raw), raw.len().div_ceil(QUAD), weights, sums);
    let WeightRows { columns, stride } = weights;
    assert_eq!(columns.len().div_ceil(stride), raw.len().div_ceil(QUAD), "a quad of weights for every four values");
    let parts = raw.as_chunks::<LANES>().0.iter().zip(mean.as_chunks().0).zip(inv_std.as_chunks().0);
    let mut tile = [_mm512_setzero_si512(); COLUMNS];
    let mut total = _mm512_setzero_si512();
    for (((raw, mean), inv_std), weights) in parts.zip(columns.chunks(LANES / QUAD * stride)) {
        let codes = codes_of_raw(raw, mean, inv_std, fill, quantiser);
        total = _mm512_add_epi32(total, codes);
        let quads: [i32; LANES / QUAD] = bytemuck::cast(_mm512_cvtepi32_epi8(codes));
        for (quad, row) in quads.into_iter().zip(weights.chunks(stride)) {
            let columns = chunk_at::<_, COLUMNS>(row, 0);
            let quad = _mm512_set1_epi32(quad);
            for (sum, column) in tile.iter_mut().zip(columns) {
                fetch_for::<1>(column.as_ptr().cast(), 0);
                // SAFETY: a column of weights is 64 bytes.
                let column = unsafe { _mm512_loadu_si512(column.as_ptr().cast()) };
                *sum = _mm512_dpbusd_epi32(*sum, _mm512_xor_si512(column, _mm512_set1_epi8(i8::MIN)), quad);
            }
        }
    }
    let excess = _mm512_set1_epi32(_mm512_reduce_add_epi32(total).wrapping_mul(128));
    for (stored, sum) in sums.iter_mut().zip(tile) {
        // SAFETY: a column of sums is 64 bytes.
        unsafe {
            let before = _mm512_loadu_si512(stored.as_ptr().cast());
            let sum = _mm512_add_epi32(before, _mm512_sub_epi32(sum, excess));
            _mm512_storeu_si512(stored.as_mut_ptr().cast(), sum);
        }
    }
    raw.len() / LANES * LANES
}

impl<const PLANES: usize> Row<PLANES> {
    /// Takes the first `count` codes of a step.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    #[allow(unsafe_code)]
    fn fill(&mut self, codes: &[i16; STEP], count: usize) {
        /// Codes that a register holds.
        const CODES: usize = 2 * LANES;
        let mut sum = _mm512_setzero_si512();
        for (place, codes) in codes.as_chunks::<CODES>().0.iter().enumerate() {
            let left = count.saturating_sub(place * CODES).min(CODES);
            // SAFETY: as many codes as the register holds.
            let codes = unsafe { _mm512_maskz_loadu_epi16((1u64 << left).wrapping_sub(1) as u32, codes.as_ptr()) };
            sum = _mm512_add_epi32(sum, _mm512_madd_epi16(codes, _mm512_set1_epi16(1)));
            let mut bytes = _mm512_cvtepi16_epi8(if PLANES == 1 { codes } else { _mm512_srai_epi16::<8>(codes) });
            for plane in &mut self.planes {
                let words: &mut [u8] = bytemuck::cast_slice_mut(plane);
                words.as_chunks_mut::<CODES>().0[place] = bytemuck::cast(bytes);
                bytes = _mm256_xor_si256(_mm512_cvtepi16_epi8(codes), _mm256_set1_epi8(i8::MIN));
            }
        }
        self.sum = _mm512_reduce_add_epi32(sum);
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
#[allow(unsafe_code)]
fn tile<const PLANES: usize, const N: usize, const COLUMNS: usize>(
    inputs: &[Row<PLANES>; N],
    weights: WeightRows<'_, [i8; QUAD]>,
    first: usize,
    sums: &mut [[i32; LANES]],
) {
    let width = sums.len() / N;
    let half = _mm512_set1_epi8(i8::MIN);
    let ones = _mm512_set1_epi8(1);
    let mut tile = [[[_mm512_setzero_si512(); COLUMNS]; PLANES]; N];
    let mut sums_of_weights = [_mm512_setzero_si512(); COLUMNS];
    for (quad, row) in (0..QUADS).zip(weights.rows()) {
        let columns = chunk_at::<_, COLUMNS>(row, first).each_ref().map(|column| {
            fetch_for::<N>(column.as_ptr().cast(), size_of_val(weights.columns));
            // SAFETY: a column of weights is 64 bytes.
            let column = unsafe { _mm512_loadu_si512(column.as_ptr().cast()) };
            _mm512_xor_si512(column, half)
        });
        if PLANES > 1 {
            for (sum, column) in sums_of_weights.iter_mut().zip(columns) {
                *sum = _mm512_dpbusd_epi32(*sum, column, ones);
            }
        }
        for (tile, row) in tile.iter_mut().zip(inputs) {
            for (tile, plane) in tile.iter_mut().zip(&row.planes) {
                let codes = _mm512_set1_epi32(plane[quad] as i32);
                for (sum, column) in tile.iter_mut().zip(columns) {
                    *sum = _mm512_dpbusd_epi32(*sum, column, codes);
                }
            }
        }
    }
    for ((tile, row), sums) in tile.iter().zip(inputs).zip(sums.chunks_exact_mut(width)) {
        let stored = chunk_at_mut::<_, COLUMNS>(sums, first);
        let excess = row.sum.wrapping_mul(128);
        for (column, stored) in stored.iter_mut().enumerate() {
            let mut sum = tile[0][column];
            for plane in &tile[1..] {
                let lacking = _mm512_slli_epi32::<7>(sums_of_weights[column]);
                sum = _mm512_add_epi32(_mm512_slli_epi32::<8>(sum), _mm512_add_epi32(plane[column], lacking));
            }
            sum = _mm512_sub_epi32(sum, _mm512_set1_epi32(excess));
            // SAFETY: a column of sums is 64 bytes.
            unsafe {
                let before = _mm512_loadu_si512(stored.as_ptr().cast());
                _mm512_storeu_si512(stored.as_mut_ptr().cast(), _mm512_add_epi32(before, sum));
            }
        }
    }
}
