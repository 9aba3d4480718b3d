//! The product W C W, in place.

use super::Connectome;
use crate::encoder::dims::MAX_REGIONS;
use crate::kernel::{LANES, ROWS, STEP};

/// Columns of the widest row of regions.
const COLUMNS: usize = MAX_REGIONS.div_ceil(LANES);

impl Connectome<'_> {
    /// Replaces the symmetric matrix C (regions, columns) by W C W above its diagonal; what is below has no meaning.
    ///
    /// First each row by W, then each column: W is symmetric, so its rows are its columns. `rows` is space for [`ROWS`] rows.
    pub(super) fn whiten(&self, square: &mut [[f32; LANES]], rows: &mut [[f32; LANES]]) {
        let columns = self.columns();
        for outputs in square.chunks_mut(ROWS * columns) {
            let inputs = &mut rows[..outputs.len()];
            inputs.copy_from_slice(outputs);
            outputs.as_flattened_mut().fill(0.0);
            self.add_products(inputs, columns, outputs);
        }
        let stride = self.stride();
        let square = square.as_flattened_mut();
        let mut sums = [[[0.0; LANES]; COLUMNS]; ROWS];
        for first in (0..self.regions).step_by(ROWS) {
            let together = ROWS.min(self.regions - first);
            let inputs = &mut rows[..together * columns];
            for (column, input) in (first..).zip(inputs.chunks_exact_mut(columns)) {
                let column = square[column..].iter().step_by(stride);
                input.as_flattened_mut().iter_mut().zip(column).for_each(|(input, value)| *input = *value);
            }
            let width = (first + together).div_ceil(LANES);
            let outputs = &mut sums.as_flattened_mut()[..together * width];
            outputs.as_flattened_mut().fill(0.0);
            self.add_products(inputs, width, outputs);
            for (column, output) in (first..).zip(outputs.chunks_exact(width)) {
                let above = square[column..].iter_mut().step_by(stride).take(column + 1);
                above.zip(output.as_flattened()).for_each(|(value, output)| *value = *output);
            }
        }
    }

    /// Adds to each row of `outputs` (rows, width) the products of a row of `inputs` (rows, columns) and W.
    fn add_products(&self, inputs: &[[f32; LANES]], width: usize, outputs: &mut [[f32; LANES]]) {
        let columns = self.columns();
        for start in (0..self.regions).step_by(STEP) {
            let end = self.regions.min(start + STEP);
            let mut step = [[0.0; STEP]; ROWS];
            let mut count = 0;
            for (step, row) in step.iter_mut().zip(inputs.chunks_exact(columns)) {
                step[..end - start].copy_from_slice(&row.as_flattened()[start..end]);
                count += 1;
            }
            (self.kernel.add_f32)(&step[..count], self.whitening.part(start..end, width), outputs);
        }
    }

    /// Floats from the start of a row of regions to the start of the next.
    pub(super) fn stride(&self) -> usize {
        self.columns() * LANES
    }
}
