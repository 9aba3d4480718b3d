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
use crate::encoder::totals::{nearest, whole, words};

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

#[cfg(test)]
mod tests;
