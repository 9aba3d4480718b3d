//! The encoder's loops for float32 weights on a Cortex-M4F: 32 float registers, no SIMD.
//!
//! A package of its own because it is compiled for speed, the rest of the firmware for size. The bits are those of the
//! portable kernel: every output still has one accumulator that runs along the inputs.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "connectome")]
mod outer;

use neural_vault_core::kernel::{Kernel, LANES, STEP, WeightRows, chunk_at, chunk_at_mut, row_width};

/// The kernel of a token for float32 models: their products by the loops here, all else by the portable loops.
#[must_use]
pub fn kernel() -> &'static Kernel {
    const KERNEL: Kernel = Kernel {
        add_f32: add,
        #[cfg(feature = "connectome")]
        add_outer: outer::add,
        ..Kernel::PORTABLE
    };
    &KERNEL
}

/// As [`Kernel::add_f32`].
// Neither generic nor inlined: otherwise it would be compiled where it is used, for size.
#[inline(never)]
fn add(inputs: &[[f32; STEP]], weights: WeightRows<'_, f32>, sums: &mut [[f32; LANES]]) {
    let width = row_width(inputs, STEP, weights, sums);
    let (pairs, rest) = inputs.as_chunks::<2>();
    let (of_pairs, of_rest) = sums.split_at_mut(pairs.len() * 2 * width);
    for (inputs, sums) in pairs.iter().zip(of_pairs.chunks_exact_mut(2 * width)) {
        tiles::<2, 8>(inputs, weights, sums);
    }
    for (inputs, sums) in rest.iter().zip(of_rest.chunks_exact_mut(width)) {
        tiles::<1, 16>(core::array::from_ref(inputs), weights, sums);
    }
}

/// The products of `N` rows, `TILE` outputs at a time: sixteen sums in registers. `TILE` divides [`LANES`].
#[inline(always)]
fn tiles<const N: usize, const TILE: usize>(
    inputs: &[[f32; STEP]; N],
    weights: WeightRows<'_, f32>,
    sums: &mut [[f32; LANES]],
) {
    let outputs = sums.len() / N * LANES;
    let WeightRows { columns, stride } = weights;
    let (weights, sums) = (columns.as_flattened(), sums.as_flattened_mut());
    for first in (0..outputs).step_by(TILE) {
        let mut tile = [[0.0; TILE]; N];
        for (tile, row) in tile.iter_mut().zip(sums.chunks_exact(outputs)) {
            *tile = *chunk_at(row, first);
        }
        for (k, row) in (0..STEP).zip(weights.chunks(stride * LANES)) {
            let row = chunk_at::<_, TILE>(row, first);
            for (tile, inputs) in tile.iter_mut().zip(inputs) {
                for (sum, weight) in tile.iter_mut().zip(row) {
                    *sum += inputs[k] * weight;
                }
            }
        }
        for (tile, row) in tile.iter().zip(sums.chunks_exact_mut(outputs)) {
            *chunk_at_mut(row, first) = *tile;
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::vec::Vec;

    /// A linear congruential generator of floats in -1..1.
    fn random(state: &mut u32) -> f32 {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (*state >> 8) as f32 / 8_388_608.0 - 1.0
    }

    fn bits(sums: &[[f32; LANES]]) -> Vec<u32> {
        sums.as_flattened().iter().map(|sum| sum.to_bits()).collect()
    }

    #[test]
    fn the_bits_are_those_of_the_portable_kernel() {
        let mut state = 1;
        for (count, width, rows) in [(0, 1, 1), (1, 1, 2), (31, 8, 1), (STEP, 24, 2), (STEP, 3, 2)] {
            let weights: Vec<_> = (0..count * width).map(|_| [(); LANES].map(|()| random(&mut state))).collect();
            let inputs: Vec<_> = (0..rows).map(|_| [(); STEP].map(|()| random(&mut state))).collect();
            let before: Vec<_> = (0..rows * width).map(|_| [(); LANES].map(|()| random(&mut state))).collect();
            let mut found = [before.clone(), before];
            let weights = WeightRows { columns: &weights, stride: width };
            (kernel().add_f32)(&inputs, weights, &mut found[0]);
            (Kernel::PORTABLE.add_f32)(&inputs, weights, &mut found[1]);
            assert_eq!(bits(&found[0]), bits(&found[1]), "{count} inputs, {width} columns, {rows} rows");
        }
    }
}
