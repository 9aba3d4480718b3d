//! Matrix products of int8 weights with integer codes.
//!
//! Their sums are exact, so the same in any order.
//!
//! The inputs of a row become codes: times a factor, rounded to the nearest integer, ties to even. The projection's
//! factor is fixed when the model is exported, as a frame arrives in pieces and its largest value is not known when the
//! first must be multiplied; what lies beyond the range saturates. Every other product maps the row's largest magnitude
//! to the largest code, and no calibration would be more precise. Sums run in 32 bits over as many inputs as cannot wrap, and in
//! 64 bits between those. A sum is rounded to float32 once, times the output's scale times the row's, plus the bias.

use crate::encoder::format::QUAD;
use crate::encoder::kernel::{AccumulateCodes, Kernel, LANES, ROWS, SIMD, STEP, columns_mut};
use crate::encoder::matrix::groups;
use crate::encoder::standardise::Statistics;

/// Row magnitudes below this count as it, so that a row of zeros has a factor.
const MIN_MAGNITUDE: f32 = 1e-20;

/// Largest magnitude of an int8 weight, and of an int8 code.
const MAX_INT8: i16 = 127;

/// Inputs whose products of a weight and a code up to `max_code` fit a sum of 32 bits, in whole steps.
const fn block(max_code: i16) -> usize {
    let inputs = i32::MAX / (MAX_INT8 as i32 * max_code as i32);
    inputs as usize / STEP * STEP
}

/// An affine map with int8 weights.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IntegerLinear<'a> {
    pub(crate) inputs: usize,
    /// `[inputs / 4][outputs / 16][16][4]`, zeros past the last input.
    pub(crate) weight: &'a [[[i8; QUAD]; LANES]],
    /// Columns of weights from a quad's first to the next quad's first.
    pub(crate) stride: usize,
    /// The real value of a weight of 1, for each output.
    pub(crate) scale: &'a [f32],
    pub(crate) bias: &'a [f32],
    /// Largest magnitude of a code, 127 or 32767.
    pub(crate) max_code: i16,
    /// The statistics that standardise raw inputs.
    pub(super) standardiser: Option<Statistics<'a, u16>>,
    /// The real value of a code of 1; `None` where each row has its own.
    pub(crate) input_scale: Option<f32>,
}

/// The real value of a row's code of 1, and the factor that turns its inputs into codes.
#[derive(Clone, Copy)]
struct RowScale {
    scale: f32,
    factor: f32,
}

impl IntegerLinear<'_> {
    /// Leaves out all but the last `count` outputs, a multiple of [`LANES`].
    pub(super) fn keep_last(&mut self, count: usize) {
        let first = self.outputs() - count;
        self.weight = &self.weight[first / LANES..];
        self.scale = &self.scale[first..];
        self.bias = &self.bias[first..];
    }

    /// Maps each row of `x` (rows, inputs) to a row of `y` (rows, outputs); frames are standardised first.
    ///
    /// Sums are made in place in `y`; `partials` holds their totals where those may need 64 bits: two words an output of
    /// [`ROWS`] rows, or of as many as there are.
    pub(super) fn map(&self, x: &[f32], y: &mut [f32], partials: &mut [f32], kernel: &Kernel) {
        self.feed(0, self.inputs, x, y, partials, kernel);
    }

    /// [`IntegerLinear::map`] of rows whose inputs before `first` were fed before: `x` holds the next `width` of each.
    ///
    /// `y` is complete once the last inputs are in. Nothing else may touch `y` and `partials` in between, and rows that
    /// come in pieces have an input scale.
    pub(super) fn feed(
        &self,
        first: usize,
        width: usize,
        x: &[f32],
        y: &mut [f32],
        partials: &mut [f32],
        kernel: &Kernel,
    ) {
        let rows = x.len() / width;
        assert!(x.len() == rows * width && y.len() == rows * self.outputs(), "rows of inputs and outputs");
        // Without SIMD there is nothing to gain.
        if SIMD && x.len() == width && self.feed_raw(first, x, y, partials, kernel) {
            return;
        }
        // For one row, space for several would only be cleared.
        if x.len() == width || ROWS == 1 {
            self.feed_rows(first, width, x, y, partials, &mut [[0; STEP]], kernel);
        } else {
            self.feed_rows(first, width, x, y, partials, &mut [[0; STEP]; ROWS], kernel);
        }
    }

    /// [`IntegerLinear::feed`] of one row of raw values in a single pass; false, and nothing done, without a loop for it.
    fn feed_raw(&self, first: usize, row: &[f32], y: &mut [f32], partials: &mut [f32], kernel: &Kernel) -> bool {
        let (Some(project), Some(statistics)) = (kernel.i8_raw, &self.standardiser) else {
            return false;
        };
        if self.max_code > MAX_INT8 || !first.is_multiple_of(QUAD) {
            return false;
        }
        let (scale, block, totals) = (self.row_scale(row, kernel), self.block(), self.totals(partials, y.len()));
        let mut done = 0;
        while done < row.len() {
            let place = first + done;
            let count = (block - place % block).min(row.len() - done);
            let values = &row[done..done + count];
            let (mean, inv_std) = statistics.starting_at(place);
            self.add(place, count, y, totals, |weights, stride, sums| {
                project(values, mean, inv_std, scale.factor, weights, stride, sums);
            });
            done += count;
        }
        if first + row.len() == self.inputs {
            self.finish(&[scale], y, totals, kernel);
        }
        true
    }

    /// [`IntegerLinear::feed`], at most [`ROWS`] rows at once and as many as `codes` has room for.
    #[allow(clippy::too_many_arguments)]
    fn feed_rows(
        &self,
        first: usize,
        width: usize,
        x: &[f32],
        y: &mut [f32],
        partials: &mut [f32],
        codes: &mut [[i16; STEP]],
        kernel: &Kernel,
    ) {
        let (block, outputs) = (self.block(), self.outputs());
        let accumulate: AccumulateCodes = if self.max_code > MAX_INT8 { kernel.i8i16 } else { kernel.i8 };
        for (x, y) in groups(x, width * ROWS, y, outputs * ROWS) {
            let (codes, totals) = (&mut codes[..x.len() / width], self.totals(partials, y.len()));
            let mut scales = [RowScale { scale: 0.0, factor: 0.0 }; ROWS];
            for (row, scale) in x.chunks_exact(width).zip(&mut scales) {
                *scale = self.row_scale(row, kernel);
            }
            let mut done = 0;
            while done < width {
                let place = first + done;
                let count = (STEP - place % QUAD).min(block - place % block).min(width - done);
                for ((row, codes), scale) in x.chunks_exact(width).zip(codes.iter_mut()).zip(scales) {
                    self.encode(place, &row[done..done + count], scale, codes, kernel);
                }
                self.add(place, count, y, totals, |weights, stride, sums| accumulate(codes, weights, stride, sums));
                done += count;
            }
            if first + width == self.inputs {
                self.finish(&scales, y, totals, kernel);
            }
        }
    }

    fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// Inputs whose products fit a sum of 32 bits, in whole steps.
    fn block(&self) -> usize {
        if self.max_code > MAX_INT8 { const { block(i16::MAX) } } else { const { block(MAX_INT8) } }
    }

    /// The scale of a row's codes; NaN for a row that is not finite, and so are its outputs.
    fn row_scale(&self, row: &[f32], kernel: &Kernel) -> RowScale {
        if let Some(scale) = self.input_scale {
            return RowScale { scale, factor: 1.0 / scale };
        }
        let magnitude = (kernel.magnitude)(row);
        if !magnitude.is_finite() {
            return RowScale { scale: f32::NAN, factor: 0.0 };
        }
        let magnitude = if magnitude > MIN_MAGNITUDE { magnitude } else { MIN_MAGNITUDE };
        let max_code = f32::from(self.max_code);
        RowScale { scale: magnitude / max_code, factor: max_code / magnitude }
    }

    /// The codes of the values `first..` of a row: from their place in their quad on, and zeros around them.
    fn encode(&self, first: usize, values: &[f32], scale: RowScale, codes: &mut [i16; STEP], kernel: &Kernel) {
        if values.len() < codes.len() {
            codes.fill(0);
        }
        let place = first % QUAD;
        let codes = &mut codes[place..place + values.len()];
        match &self.standardiser {
            Some(statistics) => {
                let (mean, inv_std) = statistics.starting_at(first);
                (kernel.quantise_raw)(values, mean, inv_std, scale.factor, self.max_code, codes);
            }
            None => (kernel.quantise)(values, scale.factor, self.max_code, codes),
        }
    }

    /// Lets `accumulate` add the products of the `count` inputs from `first` on, in quads.
    #[inline(always)]
    fn add(
        &self,
        first: usize,
        count: usize,
        y: &mut [f32],
        totals: &mut [[u32; 2]],
        accumulate: impl FnOnce(&[[[i8; QUAD]; LANES]], usize, &mut [[i32; LANES]]),
    ) {
        let end = first + count;
        let sums = bytemuck::cast_slice_mut::<f32, i32>(y);
        if first == 0 {
            sums.fill(0);
            totals.fill([0; 2]);
        }
        let last = (end - 1) / QUAD * self.stride;
        let weights = &self.weight[first / QUAD * self.stride..last + self.outputs() / LANES];
        accumulate(weights, self.stride, columns_mut(sums));
        if !totals.is_empty() && (end.is_multiple_of(self.block()) || end == self.inputs) {
            for (total, sum) in totals.iter_mut().zip(sums) {
                *total = words(whole(*total) + i64::from(*sum));
                *sum = 0;
            }
        }
    }

    /// Turns sums into outputs.
    fn finish(&self, scales: &[RowScale], y: &mut [f32], totals: &[[u32; 2]], kernel: &Kernel) {
        let outputs = self.outputs();
        assert!(self.scale.len() == outputs, "a scale for each output");
        if totals.is_empty() {
            for (row, input) in y.chunks_exact_mut(outputs).zip(scales) {
                (kernel.rescale)(row, input.scale, self.scale, self.bias);
            }
            return;
        }
        for ((row, totals), input) in y.chunks_exact_mut(outputs).zip(totals.chunks_exact(outputs)).zip(scales) {
            for (((y, total), scale), bias) in row.iter_mut().zip(totals).zip(self.scale).zip(self.bias) {
                *y = nearest(whole(*total)) * (scale * input.scale) + bias;
            }
        }
    }

    /// Totals of 64 bits, low word and high word, for `count` sums; none where sums over all inputs fit 32 bits.
    fn totals<'t>(&self, partials: &'t mut [f32], count: usize) -> &'t mut [[u32; 2]] {
        let words = if self.inputs > self.block() { 2 * count } else { 0 };
        bytemuck::cast_slice_mut::<f32, [u32; 2]>(partials.split_at_mut(words).0)
    }
}

fn whole([low, high]: [u32; 2]) -> i64 {
    (u64::from(low) | u64::from(high) << 32) as i64
}

/// The float nearest to a sum of at most 2^20 products, each below 2^22.
///
/// Both halves are exact, so only their sum rounds; converting 64 bits would take a routine of its own on a token.
fn nearest(total: i64) -> f32 {
    const LOW: u32 = 20;
    (total >> LOW) as i32 as f32 * (1 << LOW) as f32 + (total as u32 % (1 << LOW)) as f32
}

fn words(total: i64) -> [u32; 2] {
    [total as u32, (total as u64 >> 32) as u32]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::encoder::codes::quantise;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    /// The product written out for one output: the sum in 64 bits, in PyTorch's order.
    fn exact(linear: &IntegerLinear<'_>, codes: &[i16], n: usize, input_scale: f32) -> f32 {
        let weight = |k: usize| i64::from(linear.weight.as_flattened()[k / QUAD * linear.outputs() + n][k % QUAD]);
        let sum: i64 = codes.iter().enumerate().map(|(k, code)| i64::from(*code) * weight(k)).sum();
        sum as f32 * (linear.scale[n] * input_scale) + linear.bias[n]
    }

    /// Weights, scales and biases; the weights all of the largest magnitude when `extreme`.
    fn parameters(
        inputs: usize,
        outputs: usize,
        extreme: bool,
        mut random: impl FnMut() -> f32,
    ) -> (Vec<i8>, Vec<f32>, Vec<f32>) {
        let mut weight = vec![0; inputs.next_multiple_of(QUAD) * outputs];
        for k in 0..inputs {
            for n in 0..outputs {
                let value = if extreme { 127.0 } else { random() * 127.0 };
                weight[(k / QUAD * outputs + n) * QUAD + k % QUAD] = value as i8;
            }
        }
        let scale = (0..outputs).map(|_| random().abs() + 0.01).collect();
        (weight, scale, (0..outputs).map(|_| random()).collect())
    }

    fn columns(weight: &[i8]) -> &[[[i8; QUAD]; LANES]] {
        weight.as_chunks().0.as_chunks().0
    }

    /// A map of int8 codes with these weights, scales and biases.
    fn int8(inputs: usize, (weight, scale, bias): &(Vec<i8>, Vec<f32>, Vec<f32>)) -> IntegerLinear<'_> {
        IntegerLinear {
            inputs,
            weight: columns(weight),
            stride: bias.len() / LANES,
            scale,
            bias,
            max_code: MAX_INT8,
            standardiser: None,
            input_scale: None,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn every_output_is_the_exact_sum(
            rows in 1usize..10, inputs in 1usize..1500, columns in 1usize..10, seed in any::<u32>(),
            wide in any::<bool>(), extreme in any::<bool>(), fixed in any::<bool>(),
        ) {
            let mut state = seed;
            let mut random = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 23) as f32 - 1.0
            };
            let outputs = columns * LANES;
            let (weight, scale, bias) = parameters(inputs, outputs, extreme, &mut random);
            let max_code = if wide { i16::MAX } else { MAX_INT8 };
            let input_scale = fixed.then(|| 0.9 / f32::from(max_code));
            let linear = IntegerLinear { inputs, weight: self::columns(&weight), stride: columns, scale: &scale, bias: &bias, max_code, standardiser: None, input_scale };
            let x: Vec<f32> = (0..rows * inputs).map(|_| if extreme { 1.0 } else { random() }).collect();
            let mut y = vec![f32::NAN; rows * outputs];
            let mut partials = vec![f32::NAN; 2 * ROWS * outputs];
            linear.map(&x, &mut y, &mut partials, &Kernel::PORTABLE);
            for (x, y) in x.chunks(inputs).zip(y.chunks(outputs)) {
                let row = linear.row_scale(x, &Kernel::PORTABLE);
                let mut codes = vec![0; inputs];
                quantise(x, row.factor, max_code, &mut codes);
                prop_assert!(codes.iter().all(|code| code.abs() <= max_code));
                for (n, value) in y.iter().enumerate() {
                    prop_assert_eq!(value.to_bits(), exact(&linear, &codes, n, row.scale).to_bits());
                }
            }
        }
    }

    proptest! {
        #[test]
        fn sums_are_rounded_once(total in -(1i64 << 42)..=1 << 42, shift in 0..42) {
            prop_assert_eq!(nearest(total >> shift).to_bits(), ((total >> shift) as f32).to_bits());
        }
    }

    #[test]
    fn sums_of_int8_codes_beyond_32_bits_are_exact() {
        let inputs = 140_000;
        let parameters = parameters(inputs, 16, true, || 0.5);
        let linear = int8(inputs, &parameters);
        let mut y = [0.0; 16];
        linear.map(&vec![1.0; inputs], &mut y, &mut [0.0; 32], &Kernel::PORTABLE);
        assert!(140_000 * 127 * 127 > i64::from(i32::MAX));
        let codes = vec![127; inputs];
        assert!(y.iter().enumerate().all(|(n, y)| *y == exact(&linear, &codes, n, 1.0 / 127.0)));
    }

    #[test]
    fn a_value_that_is_not_finite_spoils_its_row_and_no_other() {
        let parameters = parameters(8, 16, true, || 0.5);
        let linear = int8(8, &parameters);
        for unsound in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut x = [1.0; 16];
            x[3] = unsound;
            let mut y = [0.0; 32];
            linear.map(&x, &mut y, &mut [], &Kernel::PORTABLE);
            assert!(y[..16].iter().all(|value| value.is_nan()));
            assert!(y[16..].iter().all(|value| value.is_finite()));
        }
    }

    #[test]
    fn a_row_of_zeros_gives_the_bias() {
        let parameters = parameters(8, 16, true, || 0.5);
        let linear = int8(8, &parameters);
        let mut y = [0.0; 16];
        linear.map(&[0.0; 8], &mut y, &mut [0.0; 32], &Kernel::PORTABLE);
        assert_eq!(y, *parameters.2);
    }
}
