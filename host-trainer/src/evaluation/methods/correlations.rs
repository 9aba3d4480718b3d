//! Correlations of the features of a scan.

use faer::Mat;

/// The correlations of all features over the frames of a scan (frames x features); 0 with a constant feature.
pub(super) fn correlations(scan: &[f32], features: usize) -> Mat<f64> {
    let frames = scan.len() / features;
    let mut deviations = Mat::from_fn(frames, features, |frame, feature| f64::from(scan[frame * features + feature]));
    (0..features).for_each(|feature| standardise(deviations.col_as_slice_mut(feature)));
    deviations.transpose() * &deviations
}

/// Subtracts the mean and scales to unit length; a constant series becomes zero.
fn standardise(series: &mut [f64]) {
    let mean = series.iter().sum::<f64>() / series.len() as f64;
    series.iter_mut().for_each(|value| *value -= mean);
    let length = series.iter().map(|value| value * value).sum::<f64>().sqrt();
    series.iter_mut().for_each(|value| *value = if length > 0.0 { *value / length } else { 0.0 });
}

/// The values above the diagonal, row by row.
pub(super) fn upper(matrix: &Mat<f64>) -> impl Iterator<Item = f64> + '_ {
    (0..matrix.nrows()).flat_map(move |row| (row + 1..matrix.ncols()).map(move |column| matrix[(row, column)]))
}
