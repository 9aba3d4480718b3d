//! Linear discriminant analysis with shrinkage, for more features than frames.

use faer::{Mat, MatRef, Side};

/// Leading principal axes kept at most.
const AXES: usize = 400;
/// Rows that the principal axes are taken from at most.
const SAMPLE: usize = 1000;
/// Weight of the identity in the within-class covariance (Friedman 1989; Ledoit and Wolf 2004).
const SHRINKAGE: f64 = 0.3;
/// Eigenvalues below this share of the largest are rounding.
const SMALLEST: f64 = 1e-10;

/// The discriminant axes, features x (classes - 1).
pub(super) struct Lda(Mat<f32>);

impl Lda {
    /// Fits to standardised frames (rows x features) and their labels.
    ///
    /// Principal axes first (through the Gram matrix when there are more features than frames), then the within-class
    /// covariance in them is shrunk and whitened, and the whitened class means span the discriminants.
    pub(super) fn fit(frames: &[f32], features: usize, labels: &[u32]) -> Self {
        let rows = labels.len();
        let a = MatRef::from_row_major_slice(frames, rows, features);
        let a = Mat::from_fn(rows, features, |i, j| f64::from(a[(i, j)]));
        let v = principal_axes(&a);
        let z = &a * &v;
        let k = z.ncols();

        let mut classes: Vec<u32> = labels.to_vec();
        classes.sort_unstable();
        classes.dedup();
        let mut means = Mat::<f64>::zeros(classes.len(), k);
        for (c, class) in classes.iter().enumerate() {
            let members: Vec<usize> = (0..rows).filter(|&i| labels[i] == *class).collect();
            for j in 0..k {
                means[(c, j)] = members.iter().map(|&i| z[(i, j)]).sum::<f64>() / members.len() as f64;
            }
        }
        let class_of = |i: usize| classes.partition_point(|&class| class < labels[i]);
        let within = Mat::from_fn(rows, k, |i, j| z[(i, j)] - means[(class_of(i), j)]);
        let mut covariance = within.transpose() * &within;
        let mean_variance = (0..k).map(|j| covariance[(j, j)]).sum::<f64>() / (k * rows) as f64;
        for i in 0..k {
            for j in 0..k {
                covariance[(i, j)] *= (1.0 - SHRINKAGE) / rows as f64;
            }
            covariance[(i, i)] += SHRINKAGE * mean_variance;
        }
        let whitening = scaled_eigenvectors(&covariance, k, |e| e.sqrt().recip());
        let grand =
            Mat::from_fn(1, k, |_, j| (0..classes.len()).map(|c| means[(c, j)]).sum::<f64>() / classes.len() as f64);
        let centred = Mat::from_fn(classes.len(), k, |c, j| means[(c, j)] - grand[(0, j)]);
        let whitened_means = &centred * &whitening;
        // Right singular vectors of the class means, through their small Gram matrix.
        let gram = &whitened_means * whitened_means.transpose();
        let left = scaled_eigenvectors(&gram, classes.len() - 1, |e| e.sqrt().recip());
        let directions = whitened_means.transpose() * &left;
        let axes = &v * &(&whitening * &directions);
        Self(Mat::from_fn(axes.nrows(), axes.ncols(), |i, j| axes[(i, j)] as f32))
    }

    /// Features x (classes - 1).
    pub(super) fn axes(&self) -> &Mat<f32> {
        &self.0
    }
}

/// Leading principal axes of the rows of `a`, as columns; of [`SAMPLE`] evenly spaced rows where there are more, so that
/// the decomposition's cost does not grow with the cube of the recording.
fn principal_axes(a: &Mat<f64>) -> Mat<f64> {
    let step = a.nrows().div_ceil(SAMPLE).max(1);
    let a = &Mat::from_fn(a.nrows().div_ceil(step), a.ncols(), |i, j| a[(i * step, j)]);
    let (rows, features) = (a.nrows(), a.ncols());
    let wanted = AXES.min(rows.saturating_sub(1)).min(features).max(1);
    if features > rows {
        let left = scaled_eigenvectors(&(a * a.transpose()), wanted, |e| e.sqrt().recip());
        a.transpose() * &left
    } else {
        scaled_eigenvectors(&(a.transpose() * a), wanted, |_| 1.0)
    }
}

/// The eigenvectors of the `wanted` largest eigenvalues of a symmetric matrix, each times `scale` of its eigenvalue.
///
/// Fewer come back where the rest of the eigenvalues are rounding. An undecided decomposition leaves the axes as they are.
fn scaled_eigenvectors(matrix: &Mat<f64>, wanted: usize, scale: impl Fn(f64) -> f64) -> Mat<f64> {
    let n = matrix.nrows();
    let Ok(eigen) = matrix.self_adjoint_eigen(Side::Lower) else {
        return Mat::identity(n, wanted);
    };
    let (vectors, values) = (eigen.U(), eigen.S().column_vector());
    // Eigenvalues ascend.
    let largest = values[n - 1];
    let kept = (0..wanted).take_while(|&j| values[n - 1 - j] > largest * SMALLEST).count().max(1);
    Mat::from_fn(n, kept, |i, j| vectors[(i, n - 1 - j)] * scale(values[n - 1 - j].max(f64::MIN_POSITIVE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_classes_apart_along_one_noisy_feature_are_told_apart_by_its_sign() {
        // Feature 0 tells the class; feature 1 is large and tells nothing; feature 2 is constant.
        let frames: Vec<f32> = (0..20)
            .flat_map(|i| {
                let class = if i < 10 { 1.0 } else { -1.0 };
                [class + 0.1 * (i % 3) as f32, 3.0 * ((i * 7 % 5) as f32 - 2.0), 0.0]
            })
            .collect();
        let labels: Vec<u32> = (0..20).map(|i| u32::from(i >= 10)).collect();
        for features_first in [3, 30] {
            // Also with more features than frames: copies of noise-free zeros.
            let wide: Vec<f32> = frames
                .chunks_exact(3)
                .flat_map(|row| row.iter().copied().chain(std::iter::repeat_n(0.0, features_first - 3)))
                .collect();
            let lda = Lda::fit(&wide, features_first, &labels);
            assert_eq!(lda.axes().ncols(), 1);
            let axis: Vec<f32> = (0..3).map(|i| lda.axes()[(i, 0)]).collect();
            assert!(axis[0].abs() > 10.0 * axis[1].abs(), "{axis:?}");
        }
    }
}
