//! Matrix products of int8 weights with integer codes.
//!
//! Their sums are exact, so the same in any order.
//!
//! The inputs of a row become codes: times a factor, rounded to the nearest integer, ties to even. The projection's
//! factor is fixed when the model is exported, as a frame arrives in pieces and its largest value is not known when the
//! first must be multiplied; what lies beyond the range saturates. Every other product maps the row's largest magnitude
//! to the largest code, and no calibration would be more precise. Sums run in 32 bits over as many inputs as cannot
//! wrap, and in 64 bits between those. A sum is rounded to float32 once, times the output's scale times the row's, plus
//! the bias.

use core::ops::Range;

use crate::encoder::totals::{nearest, whole, words};
use crate::kernel::{
    Kernel, LANES, OutputScale, QUAD, Quantiser, ROWS, RawRow, SIMD, STEP, Statistics, WeightRows, columns_mut, groups,
};

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
pub(super) struct IntegerLinear<'a> {
    pub(super) inputs: usize,
    /// `[inputs / 4][outputs / 16][16][4]`, zeros past the last input.
    pub(super) weights: WeightRows<'a, [i8; QUAD]>,
    /// The real value of a weight of 1, for each output.
    pub(super) scale: &'a [f32],
    pub(super) bias: &'a [f32],
    /// Largest magnitude of a code, 127 or 32767.
    pub(super) max_code: i16,
    /// The statistics that standardise raw inputs.
    pub(super) standardiser: Option<Statistics<'a, u16>>,
    /// The real value of a code of 1; `None` where each row has its own.
    pub(super) input_scale: Option<f32>,
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
        self.weights = self.weights.without_first(first / LANES);
        self.scale = &self.scale[first..];
        self.bias = &self.bias[first..];
    }

    /// Maps rows whose inputs before these were fed before: `x` holds the values of these for each row.
    ///
    /// `y` (rows, outputs) is complete once the last inputs are in. Sums are made in place in it; `partials` holds
    /// their totals where those may need 64 bits: two words an output of [`ROWS`] rows, or of as many as there are.
    /// Nothing else may touch `y` and `partials` in between, and rows that come in pieces have an input scale.
    pub(super) fn feed(&self, inputs: Range<usize>, x: &[f32], y: &mut [f32], partials: &mut [f32], kernel: &Kernel) {
        let rows = x.len() / inputs.len();
        assert!(x.len() == rows * inputs.len() && y.len() == rows * self.outputs(), "rows of inputs and outputs");
        // For one row, space for several would only be cleared.
        if x.len() == inputs.len() || ROWS == 1 {
            self.feed_rows(inputs, x, y, partials, &mut [[0; STEP]], kernel);
        } else {
            self.feed_rows(inputs, x, y, partials, &mut [[0; STEP]; ROWS], kernel);
        }
    }

    /// [`IntegerLinear::feed`], at most [`ROWS`] rows at once and as many as `codes` has room for.
    fn feed_rows(
        &self,
        inputs: Range<usize>,
        x: &[f32],
        y: &mut [f32],
        partials: &mut [f32],
        codes: &mut [[i16; STEP]],
        kernel: &Kernel,
    ) {
        let (width, block, outputs) = (inputs.len(), self.block(), self.outputs());
        for (x, y) in groups(x, width * ROWS, y, outputs * ROWS) {
            let (codes, totals) = (&mut codes[..x.len() / width], self.totals(partials, y.len()));
            let mut scales = [RowScale { scale: 0.0, factor: 0.0 }; ROWS];
            for (row, scale) in x.chunks_exact(width).zip(&mut scales) {
                *scale = self.row_scale(row, kernel);
            }
            let mut place = inputs.start;
            while place < inputs.end {
                let done = place - inputs.start;
                let left = (block - place % block).min(width - done);
                if place == 0 {
                    y.fill(0.0);
                    totals.fill([0; 2]);
                }
                let mut count = 0;
                // Without SIMD there is nothing to gain.
                if SIMD && x.len() == width {
                    count = self.add_raw(place, &x[done..done + left], scales[0], y, kernel);
                }
                if count == 0 {
                    count = (STEP - place % QUAD).min(left);
                    for ((row, codes), scale) in x.chunks_exact(width).zip(codes.iter_mut()).zip(scales) {
                        self.encode(place, &row[done..done + count], scale, codes, kernel);
                    }
                    self.add(place..place + count, codes, y, kernel);
                }
                place += count;
                self.close_block(place, y, totals);
            }
            if place == self.inputs {
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
        let quantiser = Quantiser { factor: scale.factor, max_code: self.max_code };
        match &self.standardiser {
            Some(statistics) => (kernel.quantise_raw)(values, statistics.starting_at(first), quantiser, codes),
            None => (kernel.quantise)(values, quantiser, codes),
        }
    }

    /// Adds the products of the first of a row's raw values `first..` in a single pass; returns how many are done.
    fn add_raw(&self, first: usize, raw: &[f32], scale: RowScale, y: &mut [f32], kernel: &Kernel) -> usize {
        let Some(statistics) = &self.standardiser else { return 0 };
        if self.max_code > MAX_INT8 || !first.is_multiple_of(QUAD) {
            return 0;
        }
        let row = RawRow { raw, statistics: statistics.starting_at(first), factor: scale.factor };
        let weights = self.weights_of(first..first + raw.len());
        (kernel.add_raw_i8)(row, weights, columns_mut(bytemuck::cast_slice_mut(y)))
    }

    /// Adds the products of the codes of these inputs, in quads.
    fn add(&self, inputs: Range<usize>, codes: &[[i16; STEP]], y: &mut [f32], kernel: &Kernel) {
        let (weights, sums) = (self.weights_of(inputs), columns_mut(bytemuck::cast_slice_mut(y)));
        if self.max_code > MAX_INT8 {
            (kernel.add_i8i16)(codes, weights, sums);
        } else {
            (kernel.add_i8)(codes, weights, sums);
        }
    }

    /// The weights of the quads that hold these inputs.
    fn weights_of(&self, inputs: Range<usize>) -> WeightRows<'_, [i8; QUAD]> {
        self.weights.part(inputs.start / QUAD..(inputs.end - 1) / QUAD + 1, self.outputs() / LANES)
    }

    /// Adds sums to their totals, where there are any, before 32 bits could wrap and after the last input.
    fn close_block(&self, end: usize, y: &mut [f32], totals: &mut [[u32; 2]]) {
        if !totals.is_empty() && (end.is_multiple_of(self.block()) || end == self.inputs) {
            for (total, sum) in totals.iter_mut().zip(bytemuck::cast_slice_mut::<f32, i32>(y)) {
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
                (kernel.rescale)(row, OutputScale { input: input.scale, weights: self.scale, bias: self.bias });
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
