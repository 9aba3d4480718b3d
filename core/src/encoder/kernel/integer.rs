//! The portable inner loop for codes and int8 weights.

use super::{LANES, STEP};
use crate::encoder::format::QUAD;

/// As [`AccumulateCodes`](super::AccumulateCodes) says, whatever the codes.
pub(super) fn accumulate(
    inputs: &[[i16; STEP]],
    weights: &[[[i8; QUAD]; LANES]],
    stride: usize,
    sums: &mut [[i32; LANES]],
) {
    let stride = stride.max(1);
    let width = (sums.len() / inputs.len().max(1)).max(1);
    for (inputs, sums) in inputs.iter().zip(sums.chunks_exact_mut(width)) {
        let (quads, _) = inputs.as_chunks::<QUAD>();
        for (quad, columns) in quads.iter().zip(weights.chunks(stride)) {
            let quad = quad.map(i32::from);
            for (sums, column) in sums.iter_mut().zip(columns) {
                for (sum, weights) in sums.iter_mut().zip(column) {
                    for (code, weight) in quad.iter().zip(weights) {
                        // Neither can wrap: |code * weight| < 2^22, and whoever calls leaves room for the sum.
                        *sum = sum.wrapping_add(code.wrapping_mul(i32::from(*weight)));
                    }
                }
            }
        }
    }
}
