//! The encoder's inner loop for the processor at hand, found at run time.
//!
//! A program built for every x86-64 may use its first 128-bit instructions only; [`best`] gives it the 256-bit ones of
//! AVX where the processor has them. Products are rounded before they are added (no fused multiply-add) and each sum
//! runs over its inputs in order, so that the bits are those of [`Kernel::PORTABLE`].

use neural_vault_core::encoder::Kernel;

/// The fastest kernel that this processor runs.
#[must_use]
pub fn best() -> Kernel {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx") {
        return avx::KERNEL;
    }
    Kernel::PORTABLE
}

#[cfg(target_arch = "x86_64")]
mod avx {
    use std::arch::x86_64::{__m256, _mm256_add_ps, _mm256_mul_ps, _mm256_set1_ps, _mm256_setzero_ps};

    use neural_vault_core::encoder::{Kernel, LANES, ROWS};

    /// For processors with AVX: [`super::best`] asks before it hands this out, and nothing else can reach it.
    pub(super) const KERNEL: Kernel = Kernel { one, rows };

    #[allow(unsafe_code)]
    fn one(inputs: &[[f32; 1]], weights: &[[f32; LANES]], width: usize, sums: &mut [[f32; LANES]]) {
        if width == 0 || !width.is_multiple_of(8) {
            return (Kernel::PORTABLE.one)(inputs, weights, width, sums);
        }
        // SAFETY: the processor has AVX, see `KERNEL`.
        unsafe { accumulate::<1, 8>(inputs, weights, width, sums) }
    }

    #[allow(unsafe_code)]
    fn rows(inputs: &[[f32; ROWS]], weights: &[[f32; LANES]], width: usize, sums: &mut [[f32; LANES]]) {
        if width == 0 || !width.is_multiple_of(2) {
            return (Kernel::PORTABLE.rows)(inputs, weights, width, sums);
        }
        // SAFETY: the processor has AVX, see `KERNEL`.
        unsafe { accumulate::<ROWS, 2>(inputs, weights, width, sums) }
    }

    /// As [`neural_vault_core::encoder::Accumulate`] says, `COLUMNS` columns at once.
    #[target_feature(enable = "avx")]
    fn accumulate<const N: usize, const COLUMNS: usize>(
        inputs: &[[f32; N]],
        weights: &[[f32; LANES]],
        width: usize,
        sums: &mut [[f32; LANES]],
    ) {
        for first in (0..width).step_by(COLUMNS) {
            let mut tile = [[[_mm256_setzero_ps(); 2]; COLUMNS]; N];
            for (tile, row) in tile.iter_mut().zip(sums.chunks_exact(width)) {
                for (sum, stored) in tile.iter_mut().zip(row.iter().skip(first)) {
                    *sum = bytemuck::cast(*stored);
                }
            }
            for (values, row) in inputs.iter().zip(weights.chunks_exact(width)) {
                let Some(columns) = row.get(first..).and_then(|row| row.first_chunk::<COLUMNS>()) else {
                    return;
                };
                for (tile, value) in tile.iter_mut().zip(values) {
                    let value = _mm256_set1_ps(*value);
                    for (sum, column) in tile.iter_mut().zip(columns) {
                        let column: [__m256; 2] = bytemuck::cast(*column);
                        for (sum, weights) in sum.iter_mut().zip(column) {
                            *sum = _mm256_add_ps(*sum, _mm256_mul_ps(value, weights));
                        }
                    }
                }
            }
            for (tile, row) in tile.iter().zip(sums.chunks_exact_mut(width)) {
                for (sum, stored) in tile.iter().zip(row.iter_mut().skip(first)) {
                    *stored = bytemuck::cast(*sum);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use neural_vault_core::encoder::{Accumulate, Kernel, LANES};

    use super::best;

    fn sums<const N: usize>(accumulate: Accumulate<N>, width: usize) -> Vec<u32> {
        let mut state = 1u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        };
        let inputs: Vec<[f32; N]> = (0..33).map(|_| std::array::from_fn(|_| random())).collect();
        let weights: Vec<[f32; LANES]> = (0..33 * width).map(|_| std::array::from_fn(|_| random())).collect();
        let mut sums: Vec<[f32; LANES]> = (0..N * width).map(|_| std::array::from_fn(|_| random())).collect();
        accumulate(&inputs, &weights, width, &mut sums);
        sums.as_flattened().iter().map(|sum| sum.to_bits()).collect()
    }

    #[test]
    fn the_bits_are_those_of_the_portable_kernel() {
        for width in 1..33 {
            assert_eq!(sums(best().one, width), sums(Kernel::PORTABLE.one, width));
            assert_eq!(sums(best().rows, width), sums(Kernel::PORTABLE.rows, width));
        }
    }
}
