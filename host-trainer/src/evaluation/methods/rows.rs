//! Vectors of one width, row by row.

use std::sync::Arc;

use faer::{Mat, MatRef};

/// Vectors of one width, row by row; clones share them.
#[derive(Clone, Debug)]
pub struct Rows {
    values: Arc<Vec<f32>>,
    width: usize,
}

impl Rows {
    /// Rows of `width` (1 or more) values each.
    #[must_use]
    pub fn new(values: Vec<f32>, width: usize) -> Self {
        Self { values: Arc::new(values), width }
    }

    /// Values per row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// All values, row by row.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Every row in turn.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.width)
    }

    /// Row number `place`.
    #[must_use]
    pub fn row(&self, place: usize) -> &[f32] {
        &self.values[place * self.width..][..self.width]
    }

    /// The mean of the rows at `places`; `None` without rows.
    #[must_use]
    pub fn mean(&self, places: &[usize]) -> Option<Vec<f32>> {
        mean_vector(places.iter().map(|&place| self.row(place)))
    }

    /// The product with `axes`, a matrix with [`Rows::width`] rows.
    #[must_use]
    pub fn times(&self, axes: &Mat<f32>) -> Self {
        let matrix = MatRef::from_row_major_slice(&self.values, self.values.len() / self.width, self.width);
        let product = matrix * axes;
        let rows = (0..product.nrows()).flat_map(|row| product.row(row).iter().copied().collect::<Vec<_>>());
        Self::new(rows.collect(), axes.ncols())
    }

    /// The rows, each changed by `change`.
    #[must_use]
    pub fn map(mut self, change: impl FnMut(&mut [f32])) -> Self {
        Arc::make_mut(&mut self.values).chunks_exact_mut(self.width).for_each(change);
        self
    }
}

/// The mean of vectors of equal length; `None` without vectors.
pub fn mean_vector<'v>(mut vectors: impl Iterator<Item = &'v [f32]>) -> Option<Vec<f32>> {
    let mut sum = vectors.next()?.to_vec();
    let mut count = 1.0f32;
    for vector in vectors {
        sum.iter_mut().zip(vector).for_each(|(total, v)| *total += v);
        count += 1.0;
    }
    sum.iter_mut().for_each(|total| *total /= count);
    Some(sum)
}
