//! Matrix products with float inputs in the canonical order, SIMD across outputs.
//!
//! Every output has one accumulator that runs along the inputs inside blocks of 256; block sums are added in order to a
//! total that starts at zero; then comes the output's scale, where the format has one, and the bias last. Weights enter
//! as floats, exactly. They lie input by input (`[k][n]`), so that neighbouring outputs are neighbouring in memory. A
//! [`Kernel`] chooses how many outputs and rows share a pass over the weights, which changes no bit: an accumulator
//! between passes is stored and loaded whole.

use core::ops::Range;

use crate::encoder::format::WeightFormat;
use crate::kernel::{BLOCK, Kernel, LANES, ROWS, STEP, Statistics, WeightRows, columns_mut};

/// An affine map with float inputs.
#[derive(Clone, Copy, Debug)]
pub(super) struct FloatLinear<'a> {
    pub(super) inputs: usize,
    pub(super) weights: FloatWeights<'a>,
    /// The real value of a weight of 1, for each output; 1 when there is none.
    pub(super) scale: Option<&'a [f32]>,
    pub(super) bias: &'a [f32],
    /// The statistics that standardise raw inputs.
    pub(super) standardiser: Option<Statistics<'a, f32>>,
}

/// Weights `[inputs][outputs / 16][16]` that enter a product as floats.
#[derive(Clone, Copy, Debug)]
pub(super) enum FloatWeights<'a> {
    F32(WeightRows<'a, f32>),
    /// Half precision, given by its bits.
    #[cfg(feature = "weights-16bit")]
    F16(WeightRows<'a, u16>),
    #[cfg(feature = "weights-16bit")]
    I16(WeightRows<'a, i16>),
}

impl<'a> FloatWeights<'a> {
    /// The weights in these bytes, `stride` columns an input; `None` when they are misaligned or of another format.
    pub(super) fn new(format: WeightFormat, bytes: &'a [u8], stride: usize) -> Option<Self> {
        Some(match format {
            WeightFormat::F32 => Self::F32(WeightRows { columns: bytemuck::try_cast_slice(bytes).ok()?, stride }),
            #[cfg(feature = "weights-16bit")]
            WeightFormat::F16 => Self::F16(WeightRows { columns: bytemuck::try_cast_slice(bytes).ok()?, stride }),
            #[cfg(feature = "weights-16bit")]
            WeightFormat::I16 => Self::I16(WeightRows { columns: bytemuck::try_cast_slice(bytes).ok()?, stride }),
            _ => return None,
        })
    }

    fn without_first(&self, columns: usize) -> Self {
        match self {
            Self::F32(weights) => Self::F32(weights.without_first(columns)),
            #[cfg(feature = "weights-16bit")]
            Self::F16(weights) => Self::F16(weights.without_first(columns)),
            #[cfg(feature = "weights-16bit")]
            Self::I16(weights) => Self::I16(weights.without_first(columns)),
        }
    }

    /// Adds the products of these inputs, rows of `step`, to rows of `width` columns of sums.
    fn add(
        &self,
        inputs: Range<usize>,
        step: &[[f32; STEP]],
        width: usize,
        sums: &mut [[f32; LANES]],
        kernel: &Kernel,
    ) {
        match self {
            Self::F32(weights) => (kernel.add_f32)(step, weights.part(inputs, width), sums),
            #[cfg(feature = "weights-16bit")]
            Self::F16(weights) => (kernel.add_f16)(step, weights.part(inputs, width), sums),
            #[cfg(feature = "weights-16bit")]
            Self::I16(weights) => (kernel.add_i16)(step, weights.part(inputs, width), sums),
        }
    }
}

impl FloatLinear<'_> {
    /// Leaves out all but the last `count` outputs, a multiple of [`LANES`].
    pub(super) fn keep_last(&mut self, count: usize) {
        let first = self.outputs() - count;
        self.weights = self.weights.without_first(first / LANES);
        self.scale = self.scale.map(|scale| &scale[first..]);
        self.bias = &self.bias[first..];
    }

    /// Maps rows whose inputs before these were fed before: `x` holds the values of these for each row.
    ///
    /// `y` (rows, outputs) is complete once the last inputs are in. `partials` holds the sums of a block where there
    /// are several: [`ROWS`] rows of outputs, or as many as there are. Nothing else may touch `y` and `partials` in
    /// between.
    pub(super) fn feed(&self, inputs: Range<usize>, x: &[f32], y: &mut [f32], partials: &mut [f32], kernel: &Kernel) {
        // For one row, space for several would only be cleared.
        if x.len() == inputs.len() {
            self.feed_rows(inputs, x, y, partials, &mut [[0.0; STEP]], kernel);
        } else {
            self.feed_rows(inputs, x, y, partials, &mut [[0.0; STEP]; ROWS], kernel);
        }
    }

    /// [`FloatLinear::feed`], as many rows at once as `step` has room for.
    fn feed_rows(
        &self,
        inputs: Range<usize>,
        x: &[f32],
        y: &mut [f32],
        partials: &mut [f32],
        step: &mut [[f32; STEP]],
        kernel: &Kernel,
    ) {
        let (first, width, outputs) = (inputs.start, inputs.len(), self.outputs());
        let rows = x.len() / width;
        assert!(x.len() == rows * width && y.len() == rows * outputs, "rows of inputs and outputs");
        let mut done = 0;
        // A block's weights stay in the second-level cache while every row passes over them.
        while done < width {
            let end = width.min(done + BLOCK - (first + done) % BLOCK);
            for (x, y) in x.chunks(width * ROWS).zip(y.chunks_mut(outputs * ROWS)) {
                let step = &mut step[..x.len() / width];
                for place in (done..end).step_by(STEP) {
                    let count = STEP.min(end - place);
                    for (row, step) in x.chunks_exact(width).zip(step.iter_mut()) {
                        self.prepare(first + place, &row[place..place + count], step, kernel);
                    }
                    self.add(first + place..first + place + count, step, y, partials, kernel);
                }
            }
            done = end;
        }
    }

    fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// Adds the products of these inputs, which lie in one block, and closes the block at its end.
    fn add(&self, inputs: Range<usize>, step: &[[f32; STEP]], y: &mut [f32], partials: &mut [f32], kernel: &Kernel) {
        let end = inputs.end;
        // A single block's sums are the totals: zero plus a sum is that sum, as no sum that began at zero is a negative
        // zero.
        let partials = &mut partials[..if self.inputs > BLOCK { y.len() } else { 0 }];
        if inputs.start == 0 {
            y.fill(0.0);
            partials.fill(0.0);
        }
        let sums = if partials.is_empty() { &mut *y } else { &mut *partials };
        self.weights.add(inputs, step, self.outputs() / LANES, columns_mut(sums), kernel);

        let complete = end == self.inputs;
        if !partials.is_empty() && (end.is_multiple_of(BLOCK) || complete) {
            (kernel.close_block)(y, partials);
        }
        if complete {
            y.chunks_exact_mut(self.outputs()).for_each(|row| self.finish(row));
        }
    }

    fn finish(&self, row: &mut [f32]) {
        if let Some(scale) = self.scale {
            assert!(scale.len() == row.len(), "a scale for each output");
            for (total, scale) in row.iter_mut().zip(scale) {
                *total *= scale;
            }
        }
        for (total, bias) in row.iter_mut().zip(self.bias) {
            *total += bias;
        }
    }

    /// Writes the values `first..` of a row into `step`, standardised if the map has statistics.
    fn prepare(&self, first: usize, values: &[f32], step: &mut [f32; STEP], kernel: &Kernel) {
        let step = &mut step[..values.len()];
        match &self.standardiser {
            Some(statistics) => (kernel.standardise)(values, statistics.starting_at(first), step),
            None => step.copy_from_slice(values),
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
    fn canonical(x: &[f32], column: impl Fn(usize) -> f32) -> f32 {
        let mut total = 0.0;
        for (block, values) in x.chunks(BLOCK).enumerate() {
            let mut sum = 0.0;
            for (k, value) in values.iter().enumerate() {
                sum += value * column(block * BLOCK + k);
            }
            total += sum;
        }
        total
    }

    fn floats(seed: &mut u32, count: usize) -> Vec<f32> {
        let mut random = || {
            *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (*seed >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(|_| random()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_output_is_the_canonical_sum(
            rows in 1usize..20, inputs in 1usize..600, columns in 1usize..13, mut seed in any::<u32>(),
        ) {
            let outputs = columns * LANES;
            let seed = &mut seed;
            let (x, weight, bias) = (floats(seed, rows * inputs), floats(seed, inputs * outputs), floats(seed, outputs));
            let scale = floats(seed, outputs);
            let halves: Vec<u16> = weight.iter().map(|weight| half::f16::from_f32(*weight).to_bits()).collect();
            let integers: Vec<i16> = weight.iter().map(|weight| (weight * 32767.0) as i16).collect();

            let mut y = vec![f32::NAN; rows * outputs];
            let mut partials = vec![f32::NAN; ROWS * outputs];
            let stride = columns;
            let mut map = |weights, scale| {
                let linear = FloatLinear { inputs, weights, scale, bias: &bias, standardiser: None };
                linear.feed(0..inputs, &x, &mut y, &mut partials, &Kernel::PORTABLE);
                y.clone()
            };
            let y = map(FloatWeights::F32(WeightRows { columns: weight.as_chunks().0, stride }), None);
            check(&x, inputs, &y, outputs, |x, n| canonical(x, |k| weight[k * outputs + n]) + bias[n])?;

            let y = map(FloatWeights::F16(WeightRows { columns: halves.as_chunks().0, stride }), None);
            let half = |k, n| half::f16::from_bits(halves[k * outputs + n]).to_f32();
            check(&x, inputs, &y, outputs, |x, n| canonical(x, |k| half(k, n)) + bias[n])?;

            let y = map(FloatWeights::I16(WeightRows { columns: integers.as_chunks().0, stride }), Some(&scale));
            let integer = |k, n| f32::from(integers[k * outputs + n]);
            check(&x, inputs, &y, outputs, |x, n| canonical(x, |k| integer(k, n)) * scale[n] + bias[n])?;
        }
    }

    fn check(
        x: &[f32],
        inputs: usize,
        y: &[f32],
        outputs: usize,
        expected: impl Fn(&[f32], usize) -> f32,
    ) -> Result<(), TestCaseError> {
        for (x, y) in x.chunks(inputs).zip(y.chunks(outputs)) {
            for (n, value) in y.iter().enumerate() {
                prop_assert_eq!(value.to_bits(), expected(x, n).to_bits());
            }
        }
        Ok(())
    }
}
