//! The encoder's inner loop for a Cortex-M4F: 32 float registers, no SIMD.
//!
//! A package of its own because it is compiled for speed, the rest of the firmware for size. The bits are those of
//! [`Kernel::PORTABLE`]: every output still has one accumulator that runs along the inputs.

#![no_std]
#![forbid(unsafe_code)]

use neural_vault_core::encoder::{Kernel, LANES, ROWS};

/// Sixteen sums in registers: outputs of one row, or half as many of two.
pub const KERNEL: Kernel = Kernel { one, rows };

// Neither generic nor inlined: otherwise it would be compiled where it is used, for size.
#[inline(never)]
fn one(inputs: &[[f32; 1]], weights: &[[f32; LANES]], width: usize, sums: &mut [[f32; LANES]]) {
    accumulate::<1, 16>(inputs, weights, width, sums);
}

#[inline(never)]
fn rows(inputs: &[[f32; ROWS]], weights: &[[f32; LANES]], width: usize, sums: &mut [[f32; LANES]]) {
    accumulate::<ROWS, 8>(inputs, weights, width, sums);
}

/// As [`neural_vault_core::encoder::Accumulate`] asks, `TILE` outputs at a time; `TILE` divides [`LANES`].
#[inline(always)]
fn accumulate<const N: usize, const TILE: usize>(
    inputs: &[[f32; N]],
    weights: &[[f32; LANES]],
    width: usize,
    sums: &mut [[f32; LANES]],
) {
    let outputs = (width * LANES).max(1);
    let (weights, sums) = (weights.as_flattened(), sums.as_flattened_mut());
    for first in (0..outputs).step_by(TILE) {
        let mut tile = [[0.0; TILE]; N];
        for (tile, row) in tile.iter_mut().zip(sums.chunks_exact(outputs)) {
            if let Some(stored) = row.get(first..).and_then(|row| row.first_chunk()) {
                *tile = *stored;
            }
        }
        let mut rest = weights.get(first..).unwrap_or_default();
        for values in inputs {
            let Some(row) = rest.first_chunk::<TILE>() else {
                return;
            };
            for (tile, value) in tile.iter_mut().zip(values) {
                for (sum, weight) in tile.iter_mut().zip(row) {
                    *sum += value * weight;
                }
            }
            rest = rest.get(outputs..).unwrap_or_default();
        }
        for (tile, row) in tile.iter().zip(sums.chunks_exact_mut(outputs)) {
            if let Some(place) = row.get_mut(first..).and_then(|row| row.first_chunk_mut()) {
                *place = *tile;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::vec;
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
        for (count, width) in [(0, 1), (1, 1), (31, 8), (32, 24), (32, 3)] {
            let weights: Vec<_> = (0..count * width).map(|_| [(); LANES].map(|()| random(&mut state))).collect();
            let one: Vec<_> = (0..count).map(|_| [random(&mut state)]).collect();
            let rows: Vec<_> = (0..count).map(|_| [(); ROWS].map(|()| random(&mut state))).collect();
            let before: Vec<_> = (0..ROWS * width).map(|_| [(); LANES].map(|()| random(&mut state))).collect();
            let mut found = vec![before.clone(); 4];
            (KERNEL.one)(&one, &weights, width, &mut found[0][..width]);
            (Kernel::PORTABLE.one)(&one, &weights, width, &mut found[1][..width]);
            (KERNEL.rows)(&rows, &weights, width, &mut found[2]);
            (Kernel::PORTABLE.rows)(&rows, &weights, width, &mut found[3]);
            assert_eq!(bits(&found[0]), bits(&found[1]), "{count} inputs, {width} columns");
            assert_eq!(bits(&found[2]), bits(&found[3]), "{count} inputs, {width} columns");
        }
    }
}
