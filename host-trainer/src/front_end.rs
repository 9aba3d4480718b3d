//! The whitened front end: a closed-form projection that separates classes.
//!
//! It finds the principal axes of the standardised frames, whitens them by the shrunk within-class covariance, so that
//! frames of a class vary equally along each, and chooses a basis: first the discriminants (the span of the whitened
//! class means), then the axes of largest within-class variance. Its first columns are linear discriminant analysis.

use faer::{Mat, MatRef, Side};

/// Most principal axes that are kept.
const AXES: usize = 400;
/// Most rows that the principal axes are computed from: a decomposition takes time cubic in their number.
const SAMPLE: usize = 1000;
/// Weight of the identity in the within-class covariance (Friedman 1989; Ledoit and Wolf 2004).
const SHRINKAGE: f64 = 0.3;
/// Eigenvalues below this share of the largest are rounding errors.
const SMALLEST: f64 = 1e-10;
/// Scale of the axes other than the discriminants, when the training classes are the ones to be recognised later.
pub const CLOSED_SET_REST: f64 = 0.5;

/// Why no front end can be fitted to the frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrontEndError {
    /// There are fewer than two frames, or all are equal.
    #[error("all frames are equal: nothing distinguishes the classes; check the recordings")]
    NoVariation,
    /// No class has two frames that differ.
    #[error(
        "the frames of every class are copies of each other: whitening learns from how the scans of a class differ; give \
         each class recordings made apart"
    )]
    NoVariationWithin,
    /// The classes have the same mean.
    #[error("the classes have the same mean frame: no projection separates them; check the labels")]
    NoVariationBetween,
    /// A decomposition did not converge.
    #[error("the frames' covariance cannot be decomposed; look for extreme values in the recordings")]
    NoConvergence,
}

/// The front end fitted to training frames.
#[derive(Debug)]
pub struct FrontEnd {
    /// Maps principal axes back to features: features x any.
    base: Mat<f64>,
    /// Whitened principal axes in the base: any x rank.
    whitening: Mat<f64>,
    /// Orthonormal, rank x (classes - 1).
    discriminants: Mat<f64>,
    /// The training frames on the whitened axes, rows x rank.
    whitened: Mat<f64>,
}

/// A projection, with the projected training frames.
#[derive(Debug)]
pub struct Projection {
    /// `[outputs, features]`, row-major like the weight of a linear layer in PyTorch; rows beyond the rank are zero.
    pub weight: Vec<f32>,
    /// The training frames projected, rows x outputs.
    pub frames: Vec<f32>,
    /// Outputs that are not zero.
    pub rank: usize,
}

impl FrontEnd {
    /// Fits to standardised frames (rows x features) and their labels.
    ///
    /// # Errors
    /// [`FrontEndError`]: all frames are equal, the frames of each class are equal, or the class means are equal.
    pub fn fit(frames: &[f32], features: usize, labels: &[u32]) -> Result<Self, FrontEndError> {
        let rows = labels.len();
        let all = MatRef::from_row_major_slice(frames, rows, features);
        let all = Mat::from_fn(rows, features, |i, j| f64::from(all[(i, j)]));
        let step = rows.div_ceil(SAMPLE).max(1);
        let sample = Mat::from_fn(rows.div_ceil(step), features, |i, j| all[(i * step, j)]);
        let wanted = AXES.min(sample.nrows().saturating_sub(1)).min(features);
        // The smaller of Gram and covariance matrix has the same non-zero eigenvalues.
        let wide = features > sample.nrows();
        let base = if wide { sample.transpose().to_owned() } else { Mat::identity(features, features) };
        let inner = if wide { &all * &base } else { all };
        let moments = if wide { &sample * &base } else { sample.transpose() * &sample };
        // A standardised feature that varies has a variance of 1.
        if sample.squared_norm_l2() < SMALLEST * sample.nrows() as f64 {
            return Err(FrontEndError::NoVariation);
        }
        let axes = eigenvectors(&moments, wanted, |e| if wide { e.sqrt().recip() } else { 1.0 })?;
        let axes = axes.ok_or(FrontEndError::NoVariation)?;
        let principal = &inner * &axes;

        let means = ClassMeans::new(&principal, labels);
        let within = means.within(&principal, labels);
        if within.squared_norm_l2() < SMALLEST * principal.squared_norm_l2() {
            return Err(FrontEndError::NoVariationWithin);
        }
        let whitening = whitening(&within)?;
        let centred = means.centred() * &whitening;
        // Whitened frames of a class have variance 1: means that differ this little differ by rounding only.
        if centred.squared_norm_l2() < SMALLEST {
            return Err(FrontEndError::NoVariationBetween);
        }
        let gram = &centred * centred.transpose();
        let found = eigenvectors(&gram, means.classes().saturating_sub(1), |e| e.sqrt().recip())?;
        let discriminants = centred.transpose() * &found.ok_or(FrontEndError::NoVariationBetween)?;
        let whitened = &principal * &whitening;
        Ok(Self { base, whitening: &axes * &whitening, discriminants, whitened })
    }

    /// The discriminant axes, features x (classes - 1) at most.
    #[must_use]
    pub(crate) fn discriminants(&self) -> Mat<f32> {
        let axes = &self.base * (&self.whitening * &self.discriminants);
        Mat::from_fn(axes.nrows(), axes.ncols(), |i, j| axes[(i, j)] as f32)
    }

    /// The projection to `outputs`: discriminants first, the other axes scaled by `rest`, all divided by the root mean
    /// square of the projected training frames.
    #[must_use]
    pub fn projection(&self, outputs: usize, rest: f64) -> Projection {
        let basis = self.basis(outputs, rest);
        let projected = &self.whitened * &basis;
        let (rows, rank) = (projected.nrows(), projected.ncols());
        let scale = ((rows * rank) as f64).sqrt() / projected.norm_l2();
        let axes = &self.base * (&self.whitening * &basis);
        let mut weight = Vec::with_capacity(outputs * axes.nrows());
        for output in 0..rank {
            weight.extend((0..axes.nrows()).map(|feature| (axes[(feature, output)] * scale) as f32));
        }
        weight.resize(outputs * axes.nrows(), 0.0);
        let component = |row, output| if output < rank { (projected[(row, output)] * scale) as f32 } else { 0.0 };
        let frames = (0..rows).flat_map(|row| (0..outputs).map(move |output| component(row, output))).collect();
        Projection { weight, frames, rank }
    }

    /// Orthogonal columns in the whitened space: the discriminants, then its axes in order of within-class variance.
    fn basis(&self, outputs: usize, rest: f64) -> Mat<f64> {
        let rank = self.whitening.ncols();
        let mut columns: Vec<Vec<f64>> = Vec::with_capacity(outputs.min(rank));
        let discriminants = self.discriminants.ncols();
        for candidate in 0..discriminants + rank {
            if columns.len() == outputs.min(rank) {
                break;
            }
            let mut column: Vec<f64> = match candidate.checked_sub(discriminants) {
                None => (0..rank).map(|i| self.discriminants[(i, candidate)]).collect(),
                Some(axis) => (0..rank).map(|i| f64::from(u8::from(i == axis))).collect(),
            };
            // Gram-Schmidt twice: one pass leaves rounding errors after large cancellations.
            for _ in 0..2 {
                for other in &columns {
                    let along: f64 = column.iter().zip(other).map(|(a, b)| a * b).sum();
                    column.iter_mut().zip(other).for_each(|(value, other)| *value -= along * other);
                }
            }
            let norm = column.iter().map(|value| value * value).sum::<f64>().sqrt();
            if norm > SMALLEST.sqrt() {
                column.iter_mut().for_each(|value| *value /= norm);
                columns.push(column);
            }
        }
        let scale = |column: usize| if column < discriminants { 1.0 } else { rest };
        Mat::from_fn(rank, columns.len(), |i, j| columns[j][i] * scale(j))
    }
}

/// The mean of each class, classes x axes.
struct ClassMeans {
    /// The labels that occur, ascending.
    labels: Vec<u32>,
    means: Mat<f64>,
}

impl ClassMeans {
    fn new(rows: &Mat<f64>, labels: &[u32]) -> Self {
        let mut classes = labels.to_vec();
        classes.sort_unstable();
        classes.dedup();
        let mut means = Mat::<f64>::zeros(classes.len(), rows.ncols());
        for (class, label) in classes.iter().enumerate() {
            let members: Vec<usize> = (0..labels.len()).filter(|&row| labels[row] == *label).collect();
            for axis in 0..rows.ncols() {
                means[(class, axis)] = members.iter().map(|&row| rows[(row, axis)]).sum::<f64>() / members.len() as f64;
            }
        }
        Self { labels: classes, means }
    }

    fn classes(&self) -> usize {
        self.labels.len()
    }

    /// Each row minus the mean of its class.
    fn within(&self, rows: &Mat<f64>, labels: &[u32]) -> Mat<f64> {
        let class = |row: usize| self.labels.partition_point(|&label| label < labels[row]);
        Mat::from_fn(rows.nrows(), rows.ncols(), |i, j| rows[(i, j)] - self.means[(class(i), j)])
    }

    /// Each class mean minus the mean of all class means.
    fn centred(&self) -> Mat<f64> {
        let classes = self.classes();
        let grand: Vec<f64> = (0..self.means.ncols())
            .map(|axis| (0..classes).map(|class| self.means[(class, axis)]).sum::<f64>() / classes as f64)
            .collect();
        Mat::from_fn(classes, self.means.ncols(), |i, j| self.means[(i, j)] - grand[j])
    }
}

/// The axes in which the shrunk covariance of `within` is the identity, in order of descending variance.
fn whitening(within: &Mat<f64>) -> Result<Mat<f64>, FrontEndError> {
    let (rows, axes) = (within.nrows(), within.ncols());
    let mut covariance = within.transpose() * within;
    let mean_variance = (0..axes).map(|j| covariance[(j, j)]).sum::<f64>() / (axes * rows) as f64;
    for i in 0..axes {
        for j in 0..axes {
            covariance[(i, j)] *= (1.0 - SHRINKAGE) / rows as f64;
        }
        covariance[(i, i)] += SHRINKAGE * mean_variance;
    }
    eigenvectors(&covariance, axes, |e| e.sqrt().recip())?.ok_or(FrontEndError::NoVariationWithin)
}

/// The eigenvectors of the `wanted` largest eigenvalues of a positive semidefinite matrix, each times `scale` of its
/// eigenvalue, in descending order.
///
/// Eigenvectors whose eigenvalues are rounding errors are left out; `None` when all are.
fn eigenvectors(
    matrix: &Mat<f64>,
    wanted: usize,
    scale: impl Fn(f64) -> f64,
) -> Result<Option<Mat<f64>>, FrontEndError> {
    let n = matrix.nrows();
    let eigen = matrix.self_adjoint_eigen(Side::Lower).map_err(|_| FrontEndError::NoConvergence)?;
    // faer sorts eigenvalues in ascending order.
    let values: Vec<f64> = (0..wanted).map(|j| eigen.S().column_vector()[n - 1 - j]).collect();
    let Some(&largest) = values.first() else {
        return Ok(None);
    };
    if largest.is_nan() || largest <= f64::MIN_POSITIVE {
        return Ok(None);
    }
    let kept = values.iter().take_while(|&&value| value > largest * SMALLEST).count();
    Ok(Some(Mat::from_fn(n, kept, |i, j| eigen.U()[(i, n - 1 - j)] * scale(values[j]))))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
