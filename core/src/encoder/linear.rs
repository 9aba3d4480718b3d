//! Matrix products in the canonical order, with SIMD across outputs.
//!
//! Every output has one accumulator that runs along the inputs inside blocks of 256; block sums are added in order to a
//! total that starts at zero, and the bias comes last. Weights lie input by input (`[k][n]`), so that neighbouring
//! outputs are neighbouring in memory. How many outputs and rows share a pass over the weights is the [`Kernel`]'s affair
//! and changes no bit: an accumulator between passes is stored and loaded whole.

use crate::encoder::kernel::{Accumulate, Kernel, LANES, ROWS};

/// Inputs summed before their sum joins the total.
pub(super) const BLOCK: usize = 256;

/// Inputs of one pass: few enough for their weights to stay in the first-level cache across rows.
pub(super) const STEP: usize = 32;

/// What happens to inputs on their way into the product.
pub(super) trait Prepare {
    /// Changes the inputs `first..` in place.
    fn prepare<const N: usize>(&self, first: usize, inputs: &mut [[f32; N]]);
}

/// Inputs enter as they are.
pub(super) struct Unchanged;

impl Prepare for Unchanged {
    fn prepare<const N: usize>(&self, _: usize, _: &mut [[f32; N]]) {}
}

/// An affine map `inputs -> outputs`, weights `[inputs][outputs]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Linear<'a> {
    pub(crate) weight: &'a [f32],
    pub(crate) bias: &'a [f32],
}

impl Linear<'_> {
    fn outputs(&self) -> usize {
        self.bias.len()
    }

    fn inputs(&self) -> usize {
        self.weight.len() / self.outputs().max(1)
    }

    /// Maps each row of `x` (rows, inputs) to a row of `y` (rows, outputs).
    ///
    /// `partials` holds the block sums: [`ROWS`] rows of outputs, or as many as there are.
    pub(super) fn map(&self, x: &[f32], prepare: &impl Prepare, y: &mut [f32], partials: &mut [f32], kernel: &Kernel) {
        let (inputs, outputs) = (self.inputs().max(1), self.outputs().max(1));
        // A block's weights stay in the second-level cache while every row passes over them.
        for block in (0..inputs).step_by(BLOCK) {
            for (xs, ys) in x.chunks((inputs * ROWS).max(1)).zip(y.chunks_mut((outputs * ROWS).max(1))) {
                if xs.len() == inputs * ROWS {
                    self.map_block(block, xs, prepare, ys, partials, kernel.rows);
                } else {
                    for (x, y) in xs.chunks_exact(inputs).zip(ys.chunks_exact_mut(outputs)) {
                        self.map_block(block, x, prepare, y, partials, kernel.one);
                    }
                }
            }
        }
    }

    /// Adds the products of the block of inputs that starts at `block`, for `N` rows.
    fn map_block<const N: usize>(
        &self,
        block: usize,
        x: &[f32],
        prepare: &impl Prepare,
        y: &mut [f32],
        partials: &mut [f32],
        accumulate: Accumulate<N>,
    ) {
        let inputs = self.inputs().max(1);
        for first in (block..inputs.min(block + BLOCK)).step_by(STEP) {
            let mut step = [[0.0; N]; STEP];
            for (row, x) in x.chunks_exact(inputs).enumerate() {
                for (slot, value) in step.iter_mut().zip(x.get(first..).unwrap_or_default()) {
                    if let Some(slot) = slot.get_mut(row) {
                        *slot = *value;
                    }
                }
            }
            let count = STEP.min(inputs - first);
            if let Some(step) = step.get_mut(..count) {
                prepare.prepare(first, step);
                self.add(first, step, y, partials, accumulate);
            }
        }
    }

    /// Feeds the inputs `first..` of one row whose earlier inputs were fed before; at most up to the next block's edge.
    ///
    /// `y` is complete once the last input is in. Nothing else may touch `y` and `partials` in between.
    pub(super) fn feed(&self, first: usize, inputs: &[[f32; 1]], y: &mut [f32], partials: &mut [f32], kernel: &Kernel) {
        self.add(first, inputs, y, partials, kernel.one);
    }

    /// Adds the products of inputs `first..` of `N` rows, which lie in one block, and closes the block at its end.
    fn add<const N: usize>(
        &self,
        first: usize,
        inputs: &[[f32; N]],
        y: &mut [f32],
        partials: &mut [f32],
        accumulate: Accumulate<N>,
    ) {
        let outputs = self.outputs().max(1);
        let Some(partials) = partials.get_mut(..N * outputs) else {
            return;
        };
        if first == 0 {
            y.fill(0.0);
            partials.fill(0.0);
        }
        let weights = self.weight.get(first * outputs..).unwrap_or_default();
        accumulate(inputs, weights.as_chunks().0, outputs / LANES, partials.as_chunks_mut().0);

        let end = first + inputs.len();
        let complete = end == self.inputs();
        if end.is_multiple_of(BLOCK) || complete {
            for (total, partial) in y.iter_mut().zip(partials.iter_mut()) {
                *total += *partial;
                *partial = 0.0;
            }
        }
        if complete {
            for row in y.chunks_exact_mut(outputs) {
                for (total, bias) in row.iter_mut().zip(self.bias) {
                    *total += bias;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    /// The canonical order, written out for one output.
    fn canonical(x: &[f32], column: impl Fn(usize) -> f32, bias: f32) -> f32 {
        let mut total = 0.0;
        for (block, values) in x.chunks(BLOCK).enumerate() {
            let mut sum = 0.0;
            for (k, value) in values.iter().enumerate() {
                sum += value * column(block * BLOCK + k);
            }
            total += sum;
        }
        total + bias
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_output_is_the_canonical_sum(
            rows in 1usize..10, inputs in 1usize..600, columns in 1usize..13, seed in any::<u32>(),
        ) {
            let outputs = columns * LANES;
            let mut state = seed;
            let mut random = |count: usize| -> Vec<f32> {
                (0..count).map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 8) as f32 / (1 << 23) as f32 - 1.0
                }).collect()
            };
            let (x, weight, bias) = (random(rows * inputs), random(inputs * outputs), random(outputs));
            let linear = Linear { weight: &weight, bias: &bias };
            let mut y = vec![f32::NAN; rows * outputs];
            linear.map(&x, &Unchanged, &mut y, &mut vec![f32::NAN; ROWS * outputs], &Kernel::PORTABLE);
            for (x, y) in x.chunks(inputs).zip(y.chunks(outputs)) {
                for (n, value) in y.iter().enumerate() {
                    let expected = canonical(x, |k| weight[k * outputs + n], bias[n]);
                    prop_assert_eq!(value.to_bits(), expected.to_bits());
                }
            }
        }
    }
}
