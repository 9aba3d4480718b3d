//! Sums of outer products by the 512-bit instructions of AVX-512, which the compiler does not choose for core's loop.

use std::arch::x86_64::{__m512, _mm512_add_ps, _mm512_loadu_ps, _mm512_mul_ps, _mm512_set1_ps, _mm512_storeu_ps};
use std::array;

use neural_vault_core::kernel::{LANES, RowPairs, chunk_at};

/// Rows whose sums are held at once.
const GROUP: usize = 4;

/// As [`Kernel::add_outer`](neural_vault_core::kernel::Kernel::add_outer).
#[target_feature(enable = "avx512f")]
pub(super) fn add(pairs: RowPairs<'_>, square: &mut [[f32; LANES]]) {
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

/// Adds to the `N` rows from `first` on, which have one column on the diagonal.
#[target_feature(enable = "avx512f")]
fn add_to_rows<const N: usize>(pairs: RowPairs<'_>, first: usize, rows: &mut [[f32; LANES]]) {
    let RowPairs { left, right, columns } = pairs;
    let (diagonal, lane) = (first / LANES, first % LANES);
    for column in diagonal..columns {
        let mut sums: [__m512; N] = array::from_fn(|row| load(&rows[row * columns + column]));
        for (left, right) in left.chunks_exact(columns).zip(right.chunks_exact(columns)) {
            let (left, right) = (chunk_at::<_, N>(&left[diagonal], lane), load(&right[column]));
            for (sum, left) in sums.iter_mut().zip(left) {
                *sum = _mm512_add_ps(*sum, _mm512_mul_ps(_mm512_set1_ps(*left), right));
            }
        }
        for (row, sum) in sums.into_iter().enumerate() {
            store(&mut rows[row * columns + column], sum);
        }
    }
}

#[target_feature(enable = "avx512f")]
#[allow(unsafe_code)]
fn load(column: &[f32; LANES]) -> __m512 {
    // SAFETY: a column is sixteen floats.
    unsafe { _mm512_loadu_ps(column.as_ptr()) }
}

#[target_feature(enable = "avx512f")]
#[allow(unsafe_code)]
fn store(column: &mut [f32; LANES], values: __m512) {
    // SAFETY: a column is sixteen floats.
    unsafe { _mm512_storeu_ps(column.as_mut_ptr(), values) };
}
