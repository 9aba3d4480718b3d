//! The inverse of a symmetric matrix, in place, by the sweep operator.
//!
//! A sweep by region k, of the matrix B with the pivot p = B(k, k), replaces every B(i, j) of other regions by
//! B(i, j) - B(i, k) B(k, j) / p, row and column k by themselves over p, and the pivot by -1 / p. After a sweep by every
//! region the matrix is minus its inverse (Goodnight 1979, The American Statistician 33(3)).

use super::Connectome;
use crate::encoder::error::EncodeError;
use crate::kernel::{LANES, RowPairs};
use crate::similarity::SimilarityError;

/// No pivot is smaller, but by a mistake: for a matrix without eigenvalues below 1 they are 1 or more.
const SMALLEST_PIVOT: f32 = 0.5;

impl Connectome<'_> {
    /// Replaces the matrix, which has no eigenvalue below 1, by minus its inverse; both above and on the diagonal.
    ///
    /// `rows` is space for two rows.
    pub(super) fn invert(&self, square: &mut [f32], rows: &mut [[f32; LANES]]) -> Result<(), EncodeError> {
        let (regions, stride, columns) = (self.regions, self.stride(), self.columns());
        let (row, rest) = rows.split_at_mut(columns);
        let scaled = &mut rest[..columns];
        for k in 0..regions {
            let pivot = square[k * stride + k];
            if pivot.is_nan() || pivot < SMALLEST_PIVOT {
                return Err(EncodeError::Degenerate(SimilarityError::NotFinite));
            }
            // Row k of the whole matrix, which above its diagonal is column k; the pivot's place stays as it is.
            let values = row.as_flattened_mut();
            for (i, value) in values[..k].iter_mut().enumerate() {
                *value = square[i * stride + k];
            }
            values[k] = 0.0;
            values[k + 1..regions].copy_from_slice(&square[k * stride..][k + 1..regions]);
            let scaled_values = scaled.as_flattened_mut();
            for (scaled, value) in scaled_values.iter_mut().zip(&*values) {
                *scaled = -(value / pivot);
            }
            (self.kernel.add_outer)(RowPairs { left: scaled, right: row, columns }, square.as_chunks_mut().0);
            let scaled = scaled.as_flattened();
            for (i, scaled) in scaled[..k].iter().enumerate() {
                square[i * stride + k] = -scaled;
            }
            for (value, scaled) in square[k * stride..][k + 1..regions].iter_mut().zip(&scaled[k + 1..]) {
                *value = -scaled;
            }
            square[k * stride + k] = -1.0 / pivot;
        }
        Ok(())
    }
}
