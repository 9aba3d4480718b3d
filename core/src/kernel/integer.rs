//! The portable inner loop for codes and int8 weights.

use super::sizes::{LANES, QUAD, STEP};
use super::weights::{WeightRows, row_width};

/// As [`Kernel::add_i8i16`](super::Kernel::add_i8i16), whatever the codes.
pub(super) fn add(inputs: &[[i16; STEP]], weights: WeightRows<'_, [i8; QUAD]>, sums: &mut [[i32; LANES]]) {
    let width = row_width(inputs, STEP / QUAD, weights, sums);
    for (inputs, sums) in inputs.iter().zip(sums.chunks_exact_mut(width)) {
        let quads = inputs.as_chunks::<QUAD>().0;
        for (k, columns) in weights.rows().enumerate() {
            let quad = quads[k];
            for (sums, column) in sums.iter_mut().zip(columns) {
                for (sum, weights) in sums.iter_mut().zip(column) {
                    for (code, weight) in quad.iter().zip(weights) {
                        // Neither can wrap: |code * weight| < 2^22, and the caller leaves room for the sum.
                        *sum = sum.wrapping_add(i32::from(*code).wrapping_mul(i32::from(*weight)));
                    }
                }
            }
        }
    }
}
