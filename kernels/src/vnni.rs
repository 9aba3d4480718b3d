//! int8 weights by the dot-product instruction of AVX-512 VNNI.
//!
//! It multiplies unsigned by signed bytes, so codes enter as bytes moved up by half their range, and what that adds, a
//! multiple of the sum of the weights, is computed alongside and taken away. An int16 code enters as two bytes. All of it
//! is exact modulo 2^32, and so are the sums, which fit.

use std::arch::x86_64::{
    _MM_HINT_T1, _mm_prefetch, _mm512_add_epi32, _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_set1_epi8,
    _mm512_set1_epi32, _mm512_setzero_si512, _mm512_slli_epi32, _mm512_storeu_si512, _mm512_sub_epi32,
};

use neural_vault_core::encoder::{LANES, QUAD, STEP};

use super::avx512::{AHEAD, FEW, PASS};

/// Quads of one pass.
const QUADS: usize = STEP / QUAD;

/// A row's codes as bytes, a plane for each byte of a code; four codes of a quad a word.
type Planes<const PLANES: usize> = [[u32; QUADS]; PLANES];

type Columns = [[i8; QUAD]; LANES];

/// For codes in -127..=127 and the processors of [`super::avx512::KERNEL`].
#[allow(unsafe_code)]
pub(super) fn int8_codes(inputs: &[[i16; STEP]], weights: &[Columns], width: usize, sums: &mut [[i32; LANES]]) {
    // SAFETY: the processor has what it takes, see `KERNEL`.
    unsafe { int8(inputs, weights, width.max(1), sums) }
}

/// For codes in -32767..=32767 and the processors of [`super::avx512::KERNEL`].
#[allow(unsafe_code)]
pub(super) fn int16_codes(inputs: &[[i16; STEP]], weights: &[Columns], width: usize, sums: &mut [[i32; LANES]]) {
    // SAFETY: the processor has what it takes, see `KERNEL`.
    unsafe { int16(inputs, weights, width.max(1), sums) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn int8(inputs: &[[i16; STEP]], weights: &[Columns], width: usize, sums: &mut [[i32; LANES]]) {
    let (inputs, sums) = rows::<1, 8, 2>(inputs, weights, width, sums);
    let (inputs, sums) = rows::<1, 4, 4>(inputs, weights, width, sums);
    let (inputs, sums) = rows::<1, 2, 8>(inputs, weights, width, sums);
    rows::<1, 1, 8>(inputs, weights, width, sums);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn int16(inputs: &[[i16; STEP]], weights: &[Columns], width: usize, sums: &mut [[i32; LANES]]) {
    let (inputs, sums) = rows::<2, 8, 1>(inputs, weights, width, sums);
    let (inputs, sums) = rows::<2, 4, 2>(inputs, weights, width, sums);
    let (inputs, sums) = rows::<2, 2, 4>(inputs, weights, width, sums);
    rows::<2, 1, 8>(inputs, weights, width, sums);
}

/// As many groups of `N` rows as there are, `COLUMNS` columns at once; returns the rows that are left.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn rows<'r, const PLANES: usize, const N: usize, const COLUMNS: usize>(
    inputs: &'r [[i16; STEP]],
    weights: &[Columns],
    width: usize,
    sums: &'r mut [[i32; LANES]],
) -> (&'r [[i16; STEP]], &'r mut [[i32; LANES]]) {
    let quads = weights.len() / width;
    let pass = if N < FEW { QUADS } else { PASS };
    let (groups, rest) = inputs.as_chunks::<N>();
    let (sums, rest_of_sums) = sums.split_at_mut(groups.len() * N * width);
    let tiled = width - width % COLUMNS;
    for (inputs, sums) in groups.iter().zip(sums.chunks_exact_mut(N * width)) {
        let inputs = inputs.each_ref().map(|codes| planes::<PLANES>(codes, quads));
        for (first_quad, weights) in (0..QUADS).step_by(pass).zip(weights.chunks(pass * width)) {
            let mut next = weights.as_ptr().cast::<i8>().wrapping_add(AHEAD);
            for first in (0..tiled).step_by(COLUMNS) {
                tile::<PLANES, N, COLUMNS>(&inputs, first_quad, weights, width, first, sums, &mut next);
            }
            for first in tiled..width {
                tile::<PLANES, N, 1>(&inputs, first_quad, weights, width, first, sums, &mut next);
            }
        }
    }
    (rest, rest_of_sums)
}

/// The bytes of the codes in `quads`, the most significant first and moved up by 128.
#[inline(always)]
fn planes<const PLANES: usize>(codes: &[i16; STEP], quads: usize) -> Planes<PLANES> {
    let mut planes = [[0; QUADS]; PLANES];
    for (plane, words) in planes.iter_mut().enumerate() {
        let shift = 8 * (PLANES - 1 - plane);
        let offset = if plane == 0 { 0x80 } else { 0 };
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(words);
        for (byte, code) in bytes.iter_mut().zip(&codes[..(quads * QUAD).min(STEP)]) {
            *byte = (code >> shift) as u8 ^ offset;
        }
    }
    planes
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
#[allow(unsafe_code, clippy::too_many_arguments)]
fn tile<const PLANES: usize, const N: usize, const COLUMNS: usize>(
    inputs: &[Planes<PLANES>; N],
    first_quad: usize,
    weights: &[Columns],
    width: usize,
    first: usize,
    sums: &mut [[i32; LANES]],
    next: &mut *const i8,
) {
    let half = _mm512_set1_epi8(i8::MIN);
    let mut tile = [[[_mm512_setzero_si512(); COLUMNS]; PLANES]; N];
    let mut excess = [_mm512_setzero_si512(); COLUMNS];
    for (quad, row) in (first_quad..QUADS).zip(weights.chunks_exact(width)) {
        let Some(columns) = row.get(first..).and_then(|row| row.first_chunk::<COLUMNS>()) else {
            return;
        };
        if N >= FEW {
            for _ in 0..COLUMNS {
                _mm_prefetch::<_MM_HINT_T1>(*next);
                *next = next.wrapping_add(64);
            }
        }
        // SAFETY: a column of weights is 64 bytes.
        let columns = columns.each_ref().map(|column| unsafe { _mm512_loadu_si512(column.as_ptr().cast()) });
        for (excess, column) in excess.iter_mut().zip(columns) {
            *excess = _mm512_dpbusd_epi32(*excess, half, column);
        }
        for (tile, planes) in tile.iter_mut().zip(inputs) {
            for (tile, plane) in tile.iter_mut().zip(planes) {
                let codes = _mm512_set1_epi32(plane[quad] as i32);
                for (sum, column) in tile.iter_mut().zip(columns) {
                    *sum = _mm512_dpbusd_epi32(*sum, codes, column);
                }
            }
        }
    }
    for (tile, row) in tile.iter().zip(sums.chunks_exact_mut(width)) {
        let Some(stored) = row.get_mut(first..).and_then(|row| row.first_chunk_mut::<COLUMNS>()) else {
            return;
        };
        for (column, stored) in stored.iter_mut().enumerate() {
            let mut sum = _mm512_sub_epi32(tile[0][column], excess[column]);
            for plane in &tile[1..] {
                sum = _mm512_add_epi32(_mm512_slli_epi32::<8>(sum), plane[column]);
            }
            // SAFETY: a column of sums is 64 bytes.
            unsafe {
                let before = _mm512_loadu_si512(stored.as_ptr().cast());
                _mm512_storeu_si512(stored.as_mut_ptr().cast(), _mm512_add_epi32(before, sum));
            }
        }
    }
}
