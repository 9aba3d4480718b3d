//! The whitening of a background, in float64.

use faer::{Mat, Side};

use super::fit_error::FitError;

/// Added to the eigenvalues of the mean correlations, which are then divided by 1 more than it.
const RIDGE: f64 = 0.03;

/// The inverse square root of the mean of persons' correlations, symmetric to the bit.
pub(super) fn whitening_of(correlations: &[&Mat<f64>]) -> Result<Mat<f64>, FitError> {
    let regions = correlations.first().map_or(0, |first| first.nrows());
    let sum = correlations.iter().fold(Mat::<f64>::zeros(regions, regions), |sum, one| sum + *one);
    let mean = sum * faer::Scale(1.0 / correlations.len() as f64);
    let eigen = mean.self_adjoint_eigen(Side::Lower).map_err(|_| FitError::NoConvergence)?;
    let gain = |k: usize| ((eigen.S().column_vector()[k].max(0.0) + RIDGE) / (1.0 + RIDGE)).sqrt().recip();
    let scaled = Mat::from_fn(mean.nrows(), mean.ncols(), |i, k| eigen.U()[(i, k)] * gain(k));
    let whitening = scaled * eigen.U().transpose();
    Ok(Mat::from_fn(mean.nrows(), mean.ncols(), |i, j| whitening[(i.max(j), i.min(j))]))
}
