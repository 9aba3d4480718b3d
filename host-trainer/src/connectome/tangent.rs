//! The features of a scan, in float64: correlations, whitened, and the inverse of what is left.

use faer::linalg::solvers::DenseSolveCore;
use faer::{Mat, MatRef, Side};

use super::fit_error::FitError;
use super::person::Person;

/// Correlations of the regions over a scan (frames x regions, row-major), regions x regions.
///
/// A region that is constant in the scan correlates with nothing, itself included.
pub(super) fn correlations(frames: &[f32], regions: usize) -> Mat<f64> {
    let normalised = normalised(frames, regions);
    normalised.transpose() * &normalised
}

/// A scan's features under a whitening: the part above the diagonal of `-(A + I)^-1`, row by row, where `A` is the
/// whitened correlations scaled to a mean of 1 on the diagonal.
pub(super) fn features(frames: &[f32], whitening: &Mat<f64>) -> Result<Vec<f64>, FitError> {
    let regions = whitening.nrows();
    let whitened = normalised(frames, regions) * whitening;
    let scale = regions as f64 / whitened.squared_norm_l2();
    let few = whitened.nrows() < regions;
    // (Z'Z + I)^-1 = I - Z' (Z Z' + I)^-1 Z: of a short scan, the matrix of its frames is the smaller one to invert.
    let inverse = if few {
        let inner = inverse(&whitened * whitened.transpose(), scale)?;
        whitened.transpose() * (inner * &whitened)
    } else {
        inverse(whitened.transpose() * &whitened, scale)?
    };
    let sign = if few { scale } else { -1.0 };
    Ok((0..regions).flat_map(|i| (i + 1..regions).map(move |j| (i, j))).map(|at| sign * inverse[at]).collect())
}

/// The mean of vectors of one length.
pub(super) fn mean_of(vectors: &[Vec<f64>]) -> Vec<f64> {
    let mut mean = vec![0.0; vectors.first().map_or(0, Vec::len)];
    for vector in vectors {
        mean.iter_mut().zip(vector).for_each(|(sum, value)| *sum += value / vectors.len() as f64);
    }
    mean
}

/// The mean over a person's runs of their features.
pub(super) fn mean_features(person: &Person<'_>, whitening: &Mat<f64>) -> Result<Vec<f64>, FitError> {
    let runs = person.runs.iter().map(|run| features(run.frames, whitening)).collect::<Result<Vec<_>, _>>()?;
    Ok(mean_of(&runs))
}

/// The inverse of `scale` times a positive semidefinite matrix, plus the identity.
fn inverse(mut matrix: Mat<f64>, scale: f64) -> Result<Mat<f64>, FitError> {
    for j in 0..matrix.ncols() {
        for i in 0..matrix.nrows() {
            matrix[(i, j)] *= scale;
        }
        matrix[(j, j)] += 1.0;
    }
    Ok(matrix.llt(Side::Lower).map_err(|_| FitError::NoConvergence)?.inverse())
}

/// The frames minus their mean, each region divided by its deviation, and all by the root of the number of frames.
fn normalised(frames: &[f32], regions: usize) -> Mat<f64> {
    let rows = MatRef::from_row_major_slice(frames, frames.len() / regions, regions);
    let count = rows.nrows() as f64;
    let mut normalised = Mat::from_fn(rows.nrows(), regions, |i, j| f64::from(rows[(i, j)]));
    for column in normalised.col_iter_mut() {
        let Some(values) = column.try_as_col_major_mut() else { continue };
        let values = values.as_slice_mut();
        let mean = values.iter().sum::<f64>() / count;
        values.iter_mut().for_each(|value| *value -= mean);
        let norm = values.iter().map(|value| value * value).sum::<f64>().sqrt();
        let constant = values.iter().all(|value| *value == values[0]);
        let factor = if constant { 0.0 } else { norm.recip() };
        values.iter_mut().for_each(|value| *value *= factor);
    }
    normalised
}
